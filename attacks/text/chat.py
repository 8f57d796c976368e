"""Rewrite passages with a chat model, by named prompts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from attacks.attack import CorpusAttack, TextAttack, check_fraction
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


Ask = Callable[[Sequence[str]], list[str | None]]
"""One request to a chat model: texts in, answers out, None for a text without an answer."""


@dataclass(frozen=True)
class ChatRewriting(TextAttack):
    """Has a chat model rewrite a share of the paragraphs; the prompts are ours.

    A paragraph to which the server gives no answer, or an empty one, stays as it was; `Chat` counts
    those without an answer.
    """

    name: ClassVar[str] = "chat"
    threads: ClassVar[int] = 8
    ask: tuple[Ask, ...] = field(repr=False)
    """The requests of the prompt, one after the other."""
    share: float = 1.0
    """Share of the paragraphs that are rewritten, in [0, 1]."""

    def __post_init__(self) -> None:
        """Reject an invalid share."""
        check_fraction("share", self.share)

    def apply(self, document: Document, rng: np.random.Generator) -> Document:
        """Return the document with some paragraphs rewritten."""
        return _rewrite([document], self.ask, self.share, rng)[0]


@dataclass(frozen=True)
class LocalChatRewriting(CorpusAttack):
    """The same with a model in memory, which answers about many documents at once."""

    name: ClassVar[str] = "chat"
    ask: tuple[Ask, ...] = field(repr=False)
    """The requests of the prompt, one after the other."""
    share: float = 1.0
    """Share of the paragraphs that are rewritten, in [0, 1]."""

    def __post_init__(self) -> None:
        """Reject an invalid share."""
        check_fraction("share", self.share)

    def apply_all(
        self, documents: Sequence[Document], rng: np.random.Generator
    ) -> list[Document | None]:
        """Return the documents with some paragraphs rewritten."""
        return [*_rewrite(documents, self.ask, self.share, rng)]


def _rewrite(
    documents: Sequence[Document], ask: Sequence[Ask], share: float, rng: np.random.Generator
) -> list[Document]:
    texts = [document.text.split("\n\n") for document in documents]
    chosen = [
        (paragraphs, number)
        for paragraphs in texts
        for number, paragraph in enumerate(paragraphs)
        if paragraph.strip() and rng.random() < share
    ]
    answers: list[str | None] = [paragraphs[number] for paragraphs, number in chosen]
    for request in ask:
        asked = [place for place, answer in enumerate(answers) if answer]
        found = request([answer for answer in answers if answer]) if asked else []
        for place, answer in zip(asked, found, strict=True):
            answers[place] = answer
    for (paragraphs, number), answer in zip(chosen, answers, strict=True):
        if answer and answer.strip():
            paragraphs[number] = answer.strip()
    return [
        Document(document.id, "\n\n".join(paragraphs))
        for document, paragraphs in zip(documents, texts, strict=True)
    ]
