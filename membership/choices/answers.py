"""What came back when a model was asked to choose among words, and the protocol of who is asked."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from membership.choices.question import Question

_QUOTES = "\"'`*_.,;:!?()[]{}<>\u2018\u2019\u201c\u201d "
_LABEL = re.compile(r"^(?:the\s+)?(?:answer|word|option|choice)\s*(?:is|:)\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Answers:
    """The answers to one question. Every call is counted in exactly one field."""

    counts: tuple[float, ...]
    """How often each option of the question was chosen, in the order of its options; a fraction
    where the server gives the probability of the next word."""
    other: float = 0
    """Answers that are not one option: another word, several options, nothing."""
    refused: int = 0
    """Calls that gave no answer: the model refused, or the server failed for good."""

    @property
    def n_asked(self) -> float:
        """How many answers were asked for."""
        return sum(self.counts) + self.other + self.refused


class Chooser(Protocol):
    """A model that chooses among given words."""

    @property
    def name(self) -> str:
        """What to call the model in a report."""

    @property
    def fingerprint(self) -> str:
        """Hash of what the model is, as far as that can be known."""

    @property
    def way(self) -> str:
        """How it is made to choose, for the plan and the report, such as `json schema`."""

    def choose(
        self, questions: Sequence[Question], n: int, seed: int
    ) -> Iterator[tuple[int, Answers]]:
        """Yield the index of a question and its answers, each question once, in any order.

        Args:
            questions: What to ask.
            n: Calls for each question, at least 1.
            seed: Seed for sampling; a server may ignore it.

        Raises:
            ModelError: The server has become another model, or answers nothing any more.
        """


def which_option(answer: str, options: Sequence[str]) -> int | None:
    """Return the option that an answer names; None if it names none, or several.

    Case, surrounding quotation marks and punctuation, and a label such as "Answer:" do not count.
    An answer that holds exactly one option as a whole word is that option.
    """
    plain = _plain(_LABEL.sub("", answer.strip()))
    wanted = [_plain(option) for option in options]
    if plain in wanted:
        return wanted.index(plain) if wanted.count(plain) == 1 else None
    inside = [i for i, w in enumerate(wanted) if re.search(rf"(?<!\w){re.escape(w)}(?!\w)", plain)]
    return inside[0] if len(inside) == 1 else None


def first_option(continuation: str, options: Sequence[str]) -> int | None:
    """Return the option that a continuation begins with; None if it begins with another word."""
    plain = _plain(continuation, strip=False).lstrip(_QUOTES)
    found = [
        i
        for i, option in enumerate(options)
        if re.match(rf"{re.escape(_plain(option))}(?!\w)", plain)
    ]
    return max(found, key=lambda i: len(options[i])) if found else None


def answer_counts(answers: Sequence[Answers]) -> dict[str, float]:
    """Return how many answers were asked for and what became of them."""
    return {
        "n_asked": sum(a.n_asked for a in answers),
        "n_candidates": sum(sum(a.counts) for a in answers),
        "n_other": sum(a.other for a in answers),
        "n_refused": sum(a.refused for a in answers),
    }


def answers_sentence(answers: Sequence[Answers], way: str) -> str:
    """Return what became of the answers, for a reader."""
    counts = answer_counts(answers)
    return (
        f"Answers: {counts['n_asked']:,.0f} asked for by {way}; {counts['n_candidates']:,.0f} were "
        f"a candidate, {counts['n_other']:,.0f} something else, {counts['n_refused']:,.0f} refused"
    )


def _plain(text: str, *, strip: bool = True) -> str:
    folded = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    return folded.strip(_QUOTES) if strip else folded
