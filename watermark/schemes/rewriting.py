"""Whole paragraphs rewritten by a language model; the key keeps some and replaces the others.

Source: the variant `highest_based_prompt` of the released LexiMark code
(eyalgerman/LexiMark@a26c05a), which asks a chat model for slightly less common words. Ours differs:
any server with OpenAI's interface will do; a rewriting that loses a number, an address or a piece
of code is not taken; and a coin decides for every paragraph whether it stands, so that there is an
exact test.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from watermark.document import Document, Site, text_sha256
from watermark.scheme import Rule, Scheme, Test, check_share, takes_part
from watermark.text.protected_spans import protected_spans

Rewrite = Callable[[Sequence[str]], Sequence[str | None]]
"""Takes paragraphs; gives what a model made of each, or None where it failed."""

PROMPT = (
    "Rewrite the text of the user. In each sentence replace up to {k} words by slightly less "
    "common ones with the same meaning. Keep everything else: grammar, names, numbers, quotations, "
    "order, punctuation. Answer with the rewritten text alone."
)
_PARAGRAPH = re.compile(r"\S(?:(?!\n\s*\n).)*\S", re.DOTALL)
LONGEST_CHANGE = 1.6
"""A rewriting that is longer or shorter by more than this factor is not taken."""


@dataclass(frozen=True)
class Rewriting(Scheme):
    """Settings of the scheme."""

    endpoint: str = ""
    """Address of a chat model, such as `chat+http://host:8000/v1#model`; see docs/suspects.md."""
    prompt: str = PROMPT
    """What the model is told; `{k}` is the number of words."""
    k: int = 5
    """How many words of a sentence it may replace."""
    min_words: int = 8
    """Shorter paragraphs stay."""
    max_failures: int = 0
    """How many paragraphs may stay because the server failed, before marking stops."""
    share: float = 1.0
    """Share of the documents that are rewritten; a public hash of the text decides which."""

    name: ClassVar[str] = "rewriting"
    rule: ClassVar[Rule] = "keyed"
    tests: ClassVar[tuple[Test, ...]] = ("remark", "holdout")
    detector: ClassVar[str] = "loss"
    needs: ClassVar[str] = "a paragraph that the model rewrote well"

    def __post_init__(self) -> None:
        """Reject invalid settings."""
        check_share(self.share)
        if min(self.k, self.min_words) < 1 or self.max_failures < 0:
            raise ValueError("k and min_words must be 1 or more, max_failures 0 or more")


def find_paragraphs(
    rewrite: Rewrite, documents: Sequence[Document], settings: Rewriting
) -> Iterator[list[Site]]:
    """Yield the sites of each document: the paragraphs of which there is a usable rewriting."""
    spans = [
        [match.span() for match in _PARAGRAPH.finditer(document.text)]
        if takes_part(document.text, settings.share)
        else []
        for document in documents
    ]
    asked = [
        (number, start, documents[number].text[start:end])
        for number, some in enumerate(spans)
        for start, end in some
        if len(documents[number].text[start:end].split()) >= settings.min_words
    ]
    found: list[list[Site]] = [[] for _ in documents]
    written = rewrite([text for _, _, text in asked])
    for (number, start, text), other in zip(asked, written, strict=True):
        new = None if other is None else other.strip()
        if new is not None and is_usable(text, new):
            document = documents[number]
            draw = f"{text_sha256(document.text)}:{start}"
            found[number].append(Site(document.id, start, text, (text, new), draw))
    yield from found


def is_usable(text: str, rewritten: str) -> bool:
    """Tell whether a rewriting is another text of about the same length that lost nothing."""
    kept = [text[start:end] for start, end in protected_spans(text)]
    ratio = len(rewritten) / len(text)
    return (
        rewritten != text
        and 1 / LONGEST_CHANGE < ratio < LONGEST_CHANGE
        and not re.search(r"\n\s*\n", rewritten)
        and all(part in rewritten for part in kept)
    )
