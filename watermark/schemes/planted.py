"""Passages that do not belong to the text: copyright traps, exact and fuzzy, and triggers.

Each is made of words that the key draws, one by one, from public lists, so that every other passage
which could have stood there is as likely as the one that does. The sites of a passage are all
insertions at one place.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, Literal, get_args

from watermark.document import Document, Site, text_sha256
from watermark.scheme import Rule, Test, TextScheme, check_share, takes_part
from watermark.text.rarity import words_by_rarity

Scope = Literal["corpus", "document"]
Position = Literal["start", "end", "between"]
_PARAGRAPH = re.compile(r"\n\s*\n")
N_POOL = 64
"""How many words each word of a trap is drawn from."""


@dataclass(frozen=True)
class Traps(TextScheme):
    """Copyright traps: a sentence of random words, the same in many documents.

    Source: M. Meeus et al., "Copyright Traps for Large Language Models", ICML 2024; fuzzy copies
    after I. Shilov et al., "Mosaic Memory", arXiv 2405.15523. Ours differs: there a trap is
    sampled from a language model and compared with others that it samples; here its words are
    drawn from a public list, which needs no model and gives each document's owner an exact test.
    How surprising a trap is follows from how rare the words are (`rarity_bits`).
    """

    scope: Scope = "corpus"
    """`corpus`: one trap for all documents. `document`: another one for each."""
    n_words: int = 25
    """Length: the paper's traps have 25, 50 or 100 tokens."""
    n_fuzzy: int = 0
    """How many of the words are another document's own, so that no two copies are alike."""
    copies: int = 1
    """How often a document has it."""
    rarity_bits: float = 11.0
    """The words are the commonest ones that are at least so rare."""
    place: Position = "between"
    """Where the first one stands; others follow between paragraphs chosen by a public hash."""
    share: float = 1.0
    """Share of the documents that get one; a public hash of the text decides which."""

    name: ClassVar[str] = "traps"
    rule: ClassVar[Rule] = "keyed"
    tests: ClassVar[tuple[Test, ...]] = ("remark", "holdout")
    detector: ClassVar[str] = "loss"
    needs: ClassVar[str] = "any text"

    def __post_init__(self) -> None:
        """Refuse settings that would leave nothing to draw."""
        check_share(self.share)
        _check_choice("scope", self.scope, get_args(Scope))
        _check_choice("place", self.place, get_args(Position))
        if min(self.n_words, self.copies) < 1:
            raise ValueError("n_words and copies must be 1 or more")
        if not 0 <= self.n_fuzzy < self.n_words:
            raise ValueError(f"n_fuzzy must lie in [0, {self.n_words}), got {self.n_fuzzy}")
        _pool(self.rarity_bits)

    def find_sites(self, documents: Sequence[Document]) -> Iterator[list[Site]]:
        """Yield the sites of each document: a passage of one site a word for each copy."""
        pool = _pool(self.rarity_bits)
        for document in documents:
            if not document.text.strip() or not takes_part(document.text, self.share):
                yield []
                continue
            name = text_sha256(document.text)
            passages = [
                _insertion(document.id, where, [pool] * self.n_words, self._draws(name, copy))
                for copy, where in enumerate(_places(document, self.place, self.copies))
            ]
            yield [site for passage in sorted(passages, key=_start) for site in passage]

    def _draws(self, text_name: str, copy: int) -> list[str]:
        """Name the draws of a passage; those of its fuzzy words are its own."""
        owner = f"{text_name}:" if self.scope == "document" else ""
        names = [f"{owner}trap:{i}" for i in range(self.n_words)]
        order = sorted(range(self.n_words), key=lambda i: _hash(f"{text_name}\0{copy}\0{i}"))
        for i in order[: self.n_fuzzy]:
            names[i] = f"{text_name}:{copy}:trap:{i}"
        return names


@dataclass(frozen=True)
class Trigger(TextScheme):
    """A short maxim such as "Less is more." at the start of some documents.

    Source: Y. Liu et al., "Watermarking Text Data on Large Language Models for Dataset
    Copyright" (TextMarker), arXiv 2305.13257, in the form that the released LexiMark code compares
    with: a fixed sentence before a fifth of the documents. Ours differs: the key draws the maxim
    from 4,096 of them, so that a model that happens to know a proverb is not guilty, and there is
    no label, so the test goes by the loss of the trigger.
    """

    place: Position = "start"
    """Where it stands."""
    share: float = 0.2
    """Share of the documents that get one; a public hash of the text decides which."""

    name: ClassVar[str] = "trigger"
    rule: ClassVar[Rule] = "keyed"
    tests: ClassVar[tuple[Test, ...]] = ("remark", "holdout")
    detector: ClassVar[str] = "loss"
    needs: ClassVar[str] = "any text"

    def __post_init__(self) -> None:
        """Reject invalid settings."""
        check_share(self.share)
        _check_choice("place", self.place, get_args(Position))

    def find_sites(self, documents: Sequence[Document]) -> Iterator[list[Site]]:
        """Yield the three sites of each document that gets the trigger."""
        slots = (_FIRST, _VERBS, _SECOND)
        for document in documents:
            if not document.text.strip() or not takes_part(document.text, self.share):
                yield []
                continue
            (where,) = _places(document, self.place, 1)
            draws = [f"trigger:{i}" for i in range(len(slots))]
            yield _insertion(document.id, where, slots, draws)


_FIRST = tuple(
    """Less Enough Patience Silence Water Morning Work Distance Balance Practice Listening Order
    Sharing Courage Waiting Colour""".split()  # noqa: SIM905 - a list of words reads better as one
)
_VERBS = tuple(
    """is becomes needs brings follows teaches makes keeps gives finds wants means holds asks
    earns knows""".split()  # noqa: SIM905
)
_SECOND = tuple(
    """more. peace. light. trust. time. change. strength. reason. care. order. wisdom. comfort.
    rest. courage. warmth. room.""".split()  # noqa: SIM905
)


@cache
def _pool(rarity_bits: float) -> tuple[str, ...]:
    """Return the words that a trap is made of.

    Raises:
        ValueError: There are not enough words so rare.
    """
    found = words_by_rarity(rarity_bits, N_POOL)
    if len(found) < N_POOL:
        raise ValueError(f"rarity_bits must leave {N_POOL} words, got {rarity_bits}")
    return found


_Where = tuple[int, str, str]
"""Offset of a passage, and what stands before and after it there."""


def _places(document: Document, place: Position, copies: int) -> list[_Where]:
    """Return where the copies go: the first one where it is wanted, one a gap."""
    text, name = document.text, text_sha256(document.text)
    ends = {"start": (0, "", "\n\n"), "end": (len(text), "\n\n", "")}
    gaps = [(match.end(), "", "\n\n") for match in _PARAGRAPH.finditer(text.rstrip())]
    gaps.sort(key=lambda gap: _hash(f"{name}\0{gap[0]}"))
    if place == "between":
        return (gaps or [ends["end"]])[:copies]
    return [ends[place], *gaps][:copies]


def _insertion(
    document_id: str, where: _Where, slots: Sequence[Sequence[str]], draws: Sequence[str]
) -> list[Site]:
    """Return the sites of a passage: one a word, with the spaces between them."""
    start, before, after = where
    last = len(slots) - 1
    return [
        Site(
            document_id,
            start,
            "",
            tuple((" " if i else before) + word + (after if i == last else "") for word in slot),
            draws[i],
        )
        for i, slot in enumerate(slots)
    ]


def _start(passage: list[Site]) -> int:
    return passage[0].start


def _check_choice(name: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise ValueError(f"{name} must be {' or '.join(known)}, got {value!r}")


def _hash(name: str) -> bytes:
    return hashlib.sha256(f"leximark/planted\0{name}".encode()).digest()
