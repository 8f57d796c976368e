"""The owner's standing decisions on words, kept in a file from one corpus to the next.

A file of rules has one JSON object per line:

    {"decision": "never", "pair": ["golfer", "hacker"]}
    {"decision": "never", "word": "perchance", "note": "archaic"}
    {"decision": "never", "pair": ["buy", "purchase"], "column": "title"}
    {"decision": "never", "column": "caption"}
    {"decision": "accept", "pair": ["film", "movie"]}

Rules are about words and columns alone, so they cannot depend on what a key draws. A pair counts
in both directions. A lemma stands for all its forms; any other form stands for itself.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field
from itertools import chain, product
from pathlib import Path
from typing import Any, Literal, get_args

from watermark.document import Site
from watermark.errors import CorpusError
from watermark.limits import DECISION, DECISION_LINES
from watermark.text.inflection import lemmas_of

Decision = Literal["never", "accept"]
Pair = tuple[str, str]
"""Two words in lower case, in alphabetical order."""
_KEYS = {"decision", "pair", "word", "column", "note"}
_ARTICLES = frozenset({"a", "an"})


@dataclass(frozen=True)
class Rule:
    """A line of a file of rules."""

    decision: Decision
    pair: Pair | None = None
    word: str = ""
    column: str = ""
    """The only text column that the rule is for; empty for all of them."""
    note: str = field(default="", compare=False)
    """A remark for whoever reads the file."""
    place: str = field(default="", compare=False)
    """File and line, for messages."""

    @property
    def subject(self) -> str:
        """The words or the column that the rule is about, for messages."""
        if self.pair is not None:
            return f"the pair {self.pair[0]!r}, {self.pair[1]!r}"
        return f"the word {self.word!r}" if self.word else f"the column {self.column!r}"

    def to_json(self) -> str:
        """Return the line, without its line end."""
        parts: dict[str, Any] = {"decision": self.decision}
        parts |= {"pair": list(self.pair)} if self.pair is not None else {}
        parts |= {name: getattr(self, name) for name in ("word", "column", "note")}
        return json.dumps({k: v for k, v in parts.items() if v}, ensure_ascii=False)


@dataclass(frozen=True)
class WordRules:
    """The rules that decide whether candidates may stand in a text column."""

    never_pairs: frozenset[Pair] = frozenset()
    never_words: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        """Tell whether there is any rule."""
        return bool(self.never_pairs or self.never_words)

    def forbids_word(self, word: str) -> bool:
        """Tell whether a word may neither be replaced nor put in."""
        return not self.never_words.isdisjoint(_forms(word)) if self.never_words else False

    def forbids(self, original: str, candidate: str) -> bool:
        """Tell whether a candidate may not stand where the original stood."""
        if not self or original == candidate:
            return False
        words = without_article(original, candidate)
        if any(map(self.forbids_word, {*words, *_words_that_differ(*words)})):
            return True
        return names_pair(self.never_pairs, original, candidate)

    def allows(self, site: Site) -> bool:
        """Tell whether a site may be marked. Insertions put no word in the place of another."""
        if not self or not site.original:
            return True
        return not any(self.forbids(site.original, candidate) for candidate in site.candidates)


def make_pair(one: str, other: str) -> Pair:
    """Return two words as a rule names them, whatever their order."""
    first, second = sorted((one.casefold().strip(), other.casefold().strip()))
    return first, second


def without_article(original: str, candidate: str) -> tuple[str, str]:
    """Return two candidates of a site without the article that some sites begin with."""
    one, other = original.split(maxsplit=1), candidate.split(maxsplit=1)
    if len(one) == len(other) == 2 and {one[0].lower(), other[0].lower()} <= _ARTICLES:
        return one[1], other[1]
    return original, candidate


def base_pair(original: str, candidate: str) -> Pair:
    """Return two words as lemmas of one part of speech, so that their forms are one pair.

    They stay as they are, in lower case, if that is not clear: "leaves" and "departs" are *leave*
    and *depart*, but "saw" could be two verbs. So do two spellings of one lemma.
    """
    words = make_pair(*without_article(original, candidate))
    one, other = map(lemmas_of, words)
    shared = [(one[pos], other[pos]) for pos in one.keys() & other.keys()]
    found = {(a[0], b[0]) for a, b in shared if len(a) == len(b) == 1 and a != b}
    reduced = {pair for pair in found if pair[0] != words[0] and pair[1] != words[1]}
    for some in (reduced, found):
        if len(some) == 1:
            return make_pair(*some.pop())
    return words


def names_pair(pairs: Set[Pair], original: str, candidate: str) -> bool:
    """Tell whether two words, or their lemmas, are among some pairs."""
    words = without_article(original, candidate)
    return any(make_pair(*pair) in pairs for pair in product(*map(_forms, words)))


def _forms(word: str) -> frozenset[str]:
    lower = word.casefold().strip()
    return frozenset(chain([lower], *lemmas_of(lower).values()))


def _words_that_differ(one: str, other: str) -> set[str]:
    return set(one.split()) ^ set(other.split())


def word_rules(rules: Iterable[Rule], text_column: str) -> WordRules:
    """Return the rules that hold in a text column.

    Raises:
        CorpusError: A rule says that the column is never marked.
    """
    held = [rule for rule in rules if rule.decision == "never" and _holds(rule, text_column)]
    for rule in held:
        if rule.pair is None and not rule.word:
            raise CorpusError(
                f"{rule.place}: the column {text_column!r} is never marked: name another one with "
                "--text-column, or remove the rule"
            )
    return WordRules(
        frozenset(rule.pair for rule in held if rule.pair is not None),
        frozenset(rule.word for rule in held if rule.word),
    )


def rules_sha256(rules: WordRules) -> str:
    """Return a hash of rules, which does not depend on their order in a file."""
    parts = [sorted(rules.never_pairs), sorted(rules.never_words)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _holds(rule: Rule, text_column: str) -> bool:
    return rule.column in {"", text_column}


def accepted_pairs(rules: Iterable[Rule]) -> frozenset[Pair]:
    """Return the pairs that were read before and found acceptable."""
    return frozenset(rule.pair for rule in rules if rule.decision == "accept" and rule.pair)


def read_rules(path: Path) -> tuple[Rule, ...]:
    """Read a file of rules.

    Raises:
        CorpusError: A line is malformed, or two rules contradict each other; names file and line.
    """
    rules = tuple(make_rule(place, row) for place, row in read_lines(path))
    check_conflicts(rules)
    return rules


def read_lines(path: Path) -> list[tuple[str, dict[str, Any]]]:
    """Return the JSON objects of a file with their places; blank lines are skipped.

    Raises:
        CorpusError: It cannot be read, or a line is not a JSON object.
    """
    from watermark.safe_json import BoundsError  # imports numpy, which `--help` must not

    found: list[tuple[str, dict[str, Any]]] = []
    try:
        with path.open("rb") as file:
            for number, line in enumerate(iter(lambda: file.readline(DECISION.bytes + 2), b""), 1):
                if number > DECISION_LINES:
                    raise BoundsError(f"has more than {DECISION_LINES:,} lines")
                if line.strip(b"\xef\xbb\xbf \t\r\n"):
                    found.append((f"{path}:{number}", _object(f"{path}:{number}", line)))
    except (OSError, BoundsError) as error:
        raise CorpusError(f"{path}: wanted a file of JSON Lines ({error})") from error
    return found


def _object(place: str, line: bytes) -> dict[str, Any]:
    from watermark.safe_json import BoundsError, parse_json

    try:
        row = parse_json(line, DECISION)
    except BoundsError as error:
        raise CorpusError(
            f"{place}: wanted a JSON object on a line of its own; it {error}"
        ) from None
    if not isinstance(row, dict):
        raise CorpusError(f"{place}: wanted a JSON object, got {line.strip()[:60]!r}")
    return row


def make_rule(place: str, row: dict[str, Any]) -> Rule:
    """Return the rule that a line holds.

    Raises:
        CorpusError: The line is not a rule; says what is wrong.
    """

    def refuse(fault: str) -> CorpusError:
        return CorpusError(
            f'{place}: {fault}; a rule has a "decision", "never" or "accept", and a "pair" of two '
            'words, a "word" or a "column"'
        )

    if unknown := sorted(row.keys() - _KEYS):
        raise refuse(f"unknown key {unknown[0]!r}")
    if row.get("decision") not in get_args(Decision):
        raise refuse(f"the decision is {row.get('decision')!r:.40}")
    for name in ("word", "column", "note"):
        if name in row and not (isinstance(row[name], str) and row[name].strip()):
            raise refuse(f"{name!r} is {row[name]!r:.40}, wanted a text")
    if ("pair" in row) + ("word" in row) > 1 or not row.keys() & {"pair", "word", "column"}:
        raise refuse("it names both a pair and a word, or nothing")
    if row["decision"] == "accept" and row.keys() & {"word", "column"}:
        raise refuse("only a pair can be accepted, for all columns")
    pair = None if "pair" not in row else _read_pair(row["pair"], refuse)
    word = row.get("word", "").casefold().strip()
    return Rule(row["decision"], pair, word, row.get("column", ""), row.get("note", ""), place)


def _read_pair(words: Any, refuse: Any) -> Pair:
    if not isinstance(words, list) or [type(word) for word in words] != [str, str]:
        raise refuse(f"'pair' is {words!r:.60}, wanted two words")
    pair = make_pair(*words)
    if pair[0] == pair[1]:
        raise refuse(f"'pair' has {pair[0]!r} twice")
    return pair


def check_conflicts(rules: Sequence[Rule]) -> None:
    """Refuse rules that both accept a pair and exclude it.

    Raises:
        CorpusError: Two rules contradict each other; names both lines.
    """
    never = {
        rule.pair or rule.word: rule
        for rule in rules
        if rule.decision == "never" and not rule.column
    }
    for rule in rules:
        if rule.decision == "accept" and rule.pair:
            against = (never.get(subject) for subject in (rule.pair, *rule.pair))
            if (other := next(filter(None, against), None)) is not None:
                raise CorpusError(
                    f"{rule.place}: accepts {rule.subject}, and {other.place} never allows "
                    f"{other.subject}: remove one of the two"
                )


def add_rules(path: Path, before: Sequence[Rule], new: Sequence[Rule]) -> int:
    """Add rules at the end of a file, those that it does not have yet; return how many.

    Raises:
        CorpusError: The file cannot be written.
    """
    added = [rule for rule in dict.fromkeys(new) if rule not in set(before)]
    if not added:
        return 0
    try:
        old = path.read_bytes() if path.exists() else b""
        gap = "" if old.endswith(b"\n") or not old else "\n"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8", newline="") as file:
            file.write(gap + "".join(rule.to_json() + "\n" for rule in added))
    except OSError as error:
        raise CorpusError(f"{path}: the rules could not be written ({error})") from error
    return len(added)
