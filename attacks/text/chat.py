"""Rewrite passages with a chat model, by named prompts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

import numpy as np

from attacks.attack import TextAttack, check_fraction
from watermark.document import Document

KEEP = " Answer with the new text only, in the language of the input, without comments."
PROMPTS: dict[str, tuple[str, ...]] = {
    "edit": (
        "Edit the text lightly: correct grammar and style, choose plain words, change as little as "
        "needed." + KEEP,
    ),
    "rephrase": (
        "Rephrase the text in clear, high-quality English in the style of an encyclopedia. Keep "
        "all facts, names and numbers." + KEEP,
    ),
    "expand": (
        "Summarise the text in short notes that hold every fact. Answer with the notes only.",
        "Write a full text of the same facts from these notes." + KEEP,
    ),
    "round_trip": (
        "Translate the text into German. Answer with the translation only.",
        "Translate the text into English. Answer with the translation only.",
    ),
}
"""The requests of each way to rewrite, one after the other. `rephrase` is what corpora of rephrased
web text do at scale (Maini et al., "Rephrasing the Web", ACL 2024, style "Wikipedia")."""

GROWTHS: dict[str, tuple[float, ...]] = {
    "edit": (1.5,), "rephrase": (1.5,), "expand": (1.5, 6.0), "round_trip": (4.0, 1.5)
}  # fmt: skip
"""Tokens that an answer may have for each token of what was asked: notes are short, and a tokenizer
for English cuts German into many pieces."""


class ChatModel(Protocol):
    """A chat model with one prompt."""

    @property
    def n_failures(self) -> int:
        """Texts without an answer so far."""

    @property
    def n_retryable(self) -> int:
        """Those of them that may get an answer in another run, such as one on a faulty server."""

    def ask(self, texts: Sequence[str]) -> list[str | None]:
        """Return one answer per text, in the same order; None for a text without an answer."""


@dataclass(frozen=True)
class ChatRewriting(TextAttack):
    """Has a chat model rewrite a share of the paragraphs.

    A paragraph to which the model gives no answer, or an empty one, stays as it was.

    Source: the prompts are ours; see `PROMPTS`.
    """

    name: ClassVar[str] = "chat"
    together: ClassVar[int] = 64
    requests: tuple[ChatModel, ...] = field(repr=False)
    """One for each request of the prompt, made one after the other."""
    share: float = 1.0
    """Share of the paragraphs that are rewritten, in [0, 1]."""

    def __post_init__(self) -> None:
        """Reject an invalid share."""
        check_fraction("share", self.share)

    @property
    def n_failures(self) -> int:
        """Requests so far without an answer, whose paragraphs stayed as they were."""
        return sum(request.n_failures for request in self.requests)

    @property
    def n_retryable(self) -> int:
        """Those of them that may get an answer in another run."""
        return sum(request.n_retryable for request in self.requests)

    def apply(self, document: Document, rng: np.random.Generator) -> Document | None:
        """Return the document with some paragraphs rewritten."""
        return self.apply_many([document], [rng])[0]

    def apply_many(
        self, documents: Sequence[Document], rngs: Sequence[np.random.Generator]
    ) -> list[Document | None]:
        """Return the documents with some paragraphs of each rewritten, all asked at once."""
        texts = [document.text.split("\n\n") for document in documents]
        chosen = [
            (paragraphs, number)
            for paragraphs, rng in zip(texts, rngs, strict=True)
            for number, paragraph in enumerate(paragraphs)
            if paragraph.strip() and rng.random() < self.share
        ]
        answers = self._answers([paragraphs[number] for paragraphs, number in chosen])
        for (paragraphs, number), answer in zip(chosen, answers, strict=True):
            if answer and answer.strip():
                paragraphs[number] = answer.strip()
        return [
            Document(document.id, "\n\n".join(paragraphs))
            for document, paragraphs in zip(documents, texts, strict=True)
        ]

    def _answers(self, paragraphs: Sequence[str]) -> list[str | None]:
        answers: list[str | None] = [*paragraphs]
        for request in self.requests:
            asked = [place for place, answer in enumerate(answers) if answer]
            found = request.ask([answer for answer in answers if answer]) if asked else []
            for place, answer in zip(asked, found, strict=True):
                answers[place] = answer
        return answers
