"""Rewrite passages with a chat model, by named prompts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

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


@dataclass(frozen=True)
class ChatRewriting(TextAttack):
    """Has a chat model rewrite a share of the paragraphs; the prompts are ours.

    A paragraph to which the server gives no answer, or an empty one, stays as it was; `Chat` counts
    those without an answer.
    """

    name: ClassVar[str] = "chat"
    threads: ClassVar[int] = 8
    ask: tuple[Callable[[Sequence[str]], list[str | None]], ...] = field(repr=False)
    """One function for each request of the prompt: texts in, answers out."""
    share: float = 1.0
    """Share of the paragraphs that are rewritten, in [0, 1]."""

    def __post_init__(self) -> None:
        """Reject an invalid share."""
        check_fraction("share", self.share)

    def apply(self, document: Document, rng: np.random.Generator) -> Document:
        """Return the document with some paragraphs rewritten."""
        paragraphs = document.text.split("\n\n")
        chosen = [
            number
            for number, paragraph in enumerate(paragraphs)
            if paragraph.strip() and rng.random() < self.share
        ]
        answers: list[str | None] = [paragraphs[number] for number in chosen]
        for ask in self.ask:
            asked = [place for place, answer in enumerate(answers) if answer]
            found = ask([answer for answer in answers if answer]) if asked else []
            for place, answer in zip(asked, found, strict=True):
                answers[place] = answer
        for number, answer in zip(chosen, answers, strict=True):
            if answer and answer.strip():
                paragraphs[number] = answer.strip()
        return Document(document.id, "\n\n".join(paragraphs))
