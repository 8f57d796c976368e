"""Pairs of words that were read one by one, and in what surroundings one may stand for the other.

`lists/exchangeable.tsv` is ours. Each line has a lemma, its part of speech, the lemma that may
stand for it, and the conditions under which it may: all of them must hold. A condition compares
the word before (`prev`), the word after (`next`), any word of the sentence (`near`), the Penn tag
of the word itself (`tag`) or what a verb takes (`takes`) with words or classes of words:
`next=NOUN`, `prev!=the|a`, `tag=VBD|VBN`, `takes=object`. Words are lower case and match a form or
a lemma; classes are upper case. Where a pair has several lines, one of them is enough.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from watermark.substitution.target import Target
from watermark.text.sentences import Word

FILE = Path(__file__).parent / "lists" / "exchangeable.tsv"

_CLASS_OF_TAG = {
    **dict.fromkeys(("NN", "NNS", "NNP", "NNPS"), "NOUN"),
    **dict.fromkeys(("JJ", "JJR", "JJS"), "ADJ"),
    **dict.fromkeys(("RB", "RBR", "RBS"), "ADV"),
    **dict.fromkeys(("VB", "VBD", "VBG", "VBN", "VBP", "VBZ", "MD"), "VERB"),
    **dict.fromkeys(("DT", "PDT", "PRP$", "WP$", "WDT"), "DET"),
    **dict.fromkeys(("PRP", "WP", "EX"), "PRON"),
    **dict.fromkeys(("IN", "RP"), "PREP"),
    **dict.fromkeys((".", ",", ":", "``", "''", "-LRB-", "-RRB-", "HYPH", "NFP", "SYM"), "PUNCT"),
    "TO": "TO",
    "CD": "NUM",
    "CC": "CONJ",
}
_MORE_CLASSES = {
    **dict.fromkeys(("WDT", "WP", "WP$", "WRB"), "WH"),
    "MD": "MODAL",
}
CLASSES = frozenset({*_CLASS_OF_TAG.values(), *_MORE_CLASSES.values(), "START", "END"})
"""Classes of words that a condition may name."""
TAKES = frozenset({"object", "clause", "infinitive", "none"})


@dataclass(frozen=True, slots=True)
class Condition:
    """What must be so, or not be so, for a word to give way to another."""

    what: str
    """`prev`, `next`, `near`, `tag` or `takes`."""
    wanted: bool
    """Whether one of `values` must be found, or none."""
    values: frozenset[str]

    def holds(self, target: Target) -> bool:
        """Tell whether it is so around a word."""
        return bool(self.values & _FOUND[self.what](target)) == self.wanted

    def __str__(self) -> str:
        """Return the condition as the list has it."""
        return f"{self.what}{'=' if self.wanted else '!='}{'|'.join(sorted(self.values))}"


def exchangeable(target: Target) -> dict[str, str]:
    """Return the lemmas that the list has for a word, in its order.

    Returns:
        For each lemma a condition that does not hold here, or nothing if the lemma may stand here.
    """
    word = target.word
    found: dict[str, str] = {}
    for lemma, conditions in _pairs().get((word.lemma, word.pos), ()):
        failed = next((c for c in conditions if not c.holds(target)), None)
        if failed is None or lemma not in found:
            found[lemma] = str(failed or "")
    return found


def read_condition(written: str) -> Condition:
    """Read a condition as the list has it.

    Raises:
        ValueError: It is not a condition.
    """
    what, sign, values = written.partition("=")
    wanted = not what.endswith("!")
    what = what.removesuffix("!")
    some = frozenset(values.split("|"))
    if not sign or what not in _FOUND or not all(some):
        raise ValueError(f"{written!r}: want prev, next, near, tag or takes, = or !=, and values")
    known = {"tag": frozenset(_CLASS_OF_TAG), "takes": TAKES}.get(what)
    unknown = some - known if known else {v for v in some if v != v.lower()} - CLASSES
    if unknown:
        raise ValueError(f"{written!r}: there is no {min(unknown)!r}")
    return Condition(what, wanted, some)


@cache
def _pairs() -> Mapping[tuple[str, str], list[tuple[str, tuple[Condition, ...]]]]:
    """Return for a lemma and part of speech what may stand for it, and when."""
    pairs: dict[tuple[str, str], list[tuple[str, tuple[Condition, ...]]]] = {}
    for line in FILE.read_text(encoding="ascii").splitlines():
        if line.startswith("#"):
            continue
        lemma, pos, other, conditions = line.split("\t")
        read = tuple(read_condition(written) for written in conditions.split())
        pairs.setdefault((lemma, pos), []).append((other, read))
    return pairs


def _kinds(word: Word) -> frozenset[str]:
    """Return what a condition may call a neighbour."""
    classes = (_CLASS_OF_TAG.get(word.tag, ""), _MORE_CLASSES.get(word.tag, ""))
    return frozenset({word.text.lower(), word.lemma, *classes} - {""})


def _previous(target: Target) -> frozenset[str]:
    return _kinds(target.sentence[target.index - 1]) if target.index else frozenset({"START"})


def _next(target: Target) -> frozenset[str]:
    after = target.sentence[target.index + 1 : target.index + 2]
    return _kinds(after[0]) if after else frozenset({"END"})


def _near(target: Target) -> frozenset[str]:
    others = (w for i, w in enumerate(target.sentence) if i != target.index)
    return frozenset(name for word in others for name in _kinds(word))


def _tag(target: Target) -> frozenset[str]:
    return frozenset({target.word.tag})


def _takes(target: Target) -> frozenset[str]:
    return frozenset({target.word.complement})


_FOUND: Mapping[str, Callable[[Target], frozenset[str]]] = {
    "prev": _previous,
    "next": _next,
    "near": _near,
    "tag": _tag,
    "takes": _takes,
}
