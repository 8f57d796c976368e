"""Which lines of a text are code: a linear score of each line, smoothed over its neighbours.

The weights are in `code_lines.json` beside this file. They were fitted by
`pipelines/experiments/standalone/code_lines.py`, which also says how good they are.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from math import log2
from pathlib import Path

FILE = Path(__file__).with_name("code_lines.json")

FUNCTION_WORDS = frozenset(
    """
    a about after all also although always an and any are as at be because been before being both
    but by can could did do does each either every few from had has have he her him his how i if in
    into is it its just like many may me might more most much must my never no nor not of often on
    once one only or other our out over rather same shall she should since so some such than that
    the their them then there these they this those though through to too under until up upon us
    very was we were what when where whether which while who whom whose why will with without would
    yet you your
    """.split()  # noqa: SIM905 - a list of words reads better as one
)
_KEYWORDS = frozenset(
    """
    abstract alter async await begin break case catch cd chmod class commit const continue create
    curl declare def default define defun del delete do docker done drop echo elif else elsif end
    endif enum esac except exec exit export extends extern fi final finally fn for foreach from func
    function git goto grant grep if impl import include inline insert int interface kill let local
    ls make mkdir mod module mut my namespace new npm package pass pip print private proc protected
    pub public puts python raise require return rm select self set source static struct sub sudo
    switch table template then throw throws try type typedef undef unless unset until update use
    using val var virtual void where while with yield apt cat find sed awk grep tar wget xargs
    """.split()  # noqa: SIM905
)
_SIGNS = str.maketrans("", "", "{}[]()<>;=|\\_$#@&*+^~/%:")
_WORD = re.compile(r"[A-Za-z]+(?:['\u2019][a-z]+)?")
_NAME = re.compile(r"\w+(?:_\w+|[.:]{1,2}\w+|->\w+|\()|\b[a-z]+[A-Z]\w*|[$@%&]\w+")
_OPERATOR = re.compile(
    r"\w['\"\])]?\s*(?:[-+*/|&^%.:]?=(?!=)|:=)\s*\S|[=!<>]=|=>|->|::|&&|\|\||\+\+|<<|>>|=~"
)
_ENDS = re.compile(
    r"(?P<stop>[.!?\u2026][\"')\]\u201d\u2019]*)$|(?P<brace>[;{}\[(\\])$|(?P<comma>,)$|(?P<colon>:)$"
)
_LITERAL = re.compile(r"(?<![\w\s])\s*(\"[^\"]*\"|'[^']*'|`[^`]*`)|^\s*\"[\w -]*\"\s*:")
_STATEMENT = re.compile(r"(?:(?:await|return|print|throw|raise)\s+)?[\w.$:>-]+\(.*\)[;,{:]?$")
_COMMENT = re.compile(r"\s*(?:#|//|/\*|\*/|;;|\"\"\"|''')")
_BRACKETS = frozenset("([{)]}")
_CODE_SIGNS = frozenset("$@&.<\\;:|=,!?`_")
_ITEM = re.compile(r"(?:[-*+>\u2022]|\d{1,3}[.)])\s")
_OPTION = re.compile(r"(?:^|\s)--?[A-Za-z]")
_LEADER = re.compile(r"\s*(?:(--+|//+|\"+|'+|!+|\.\.)(?=\s|$)|([#%;]+))")
"""What a line of a comment begins with in many languages; not the marks of lists and quotations."""
_PAIRS = (
    ("/*", "*/"), ("(*", "*)"), ("{-", "-}"), ("#|", "|#"), ("--[[", "]]"), ("%{", "%}"),
    ('"""', '"""'), ("'''", "'''"), ("=begin", "=end"), ("=pod", "=cut"), ("=head", "=cut"),
)  # fmt: skip
"""How comments and documentation over several lines begin and end."""
LONGEST_BLOCK = 400
"""Lines of a comment at most: a sign at the start of a line of prose must not swallow a book."""
_ADDRESS = re.compile(r"\b[a-z]+://\S+|[\w.+-]+@[\w.-]+|</?[a-zA-Z!?][^<>]*>")
"""Addresses and tags stand in prose as well: what is around them decides."""

Span = tuple[int, int]


@dataclass(frozen=True)
class LineModel:
    """A fitted regression, and how loath a line is to be unlike the one before."""

    weights: Mapping[str, float]
    intercept: float
    switch: float
    """What it costs to go from prose to code or back between two lines, in nats."""
    switch_at_gap: float
    """The same across an empty line."""

    def scores(self, lines: Sequence[str]) -> list[tuple[int, float]]:
        """Return the number of each line that is not empty, and its log-odds of being code."""
        weights = self.weights
        return [
            (n, self.intercept + sum(weights[name] * value for name, value in features.items()))
            for n, features in text_features(lines)
        ]


@cache
def load_line_model() -> LineModel:
    """Return the regression that was fitted."""
    return LineModel(**json.loads(FILE.read_text(encoding="utf-8"))["model"])


def text_features(lines: Sequence[str]) -> Iterator[tuple[int, dict[str, float]]]:
    """Yield what is counted in each line that is not empty, with its number."""
    leaders = [_leader(line) for line in lines]
    blocks = _lines_in_blocks(lines)
    for number, line in enumerate(lines):
        if line.strip():
            leader = leaders[number]
            beside = [*leaders[max(0, number - 1) : number], *leaders[number + 1 : number + 2]]
            yield (
                number,
                line_features(line)
                | {
                    "leader": float(bool(leader) and leader in beside),
                    "comment_block": float(number in blocks),
                },
            )


def _leader(line: str) -> str:
    found = _LEADER.match(line)
    return (found[1] or found[2]) if found else ""


def _lines_in_blocks(lines: Sequence[str]) -> frozenset[int]:
    """Return the numbers of the lines of comments that begin on one line and end on another."""
    inside: set[int] = set()
    ends: dict[str, list[int]] = {}
    behind = 0
    for number, line in enumerate(lines):
        body = line.lstrip()
        begun = next((pair for pair in _PAIRS if body.startswith(pair[0])), None)
        if number < behind or begun is None or begun[1] in body[len(begun[0]) :]:
            continue
        if begun[1] not in ends:
            ends[begun[1]] = [n for n, other in enumerate(lines) if begun[1] in other]
        place = bisect_right(ends[begun[1]], number)
        if place < len(ends[begun[1]]) and ends[begun[1]][place] - number <= LONGEST_BLOCK:
            behind = ends[begun[1]][place] + 1
            inside.update(range(number, behind))
    return frozenset(inside)


def line_features(line: str) -> dict[str, float]:
    """Return what is counted in a line that is not empty, by itself alone."""
    bare = _ADDRESS.sub(" ", line).rstrip()
    body = bare.lstrip()
    n = max(1, len(body))
    words = [word.lower() for word in _WORD.findall(body)]
    n_words = max(1, len(words))
    ends = _ENDS.search(body)
    end = ends.lastgroup if ends else ""
    keyword = bool(words) and body.startswith(words[0]) and words[0] in _KEYWORDS
    n_function = sum(word in FUNCTION_WORDS for word in words)
    return {
        "signs": min(0.5, (len(body) - len(body.translate(_SIGNS))) / n),
        "function_words": n_function / n_words,
        "no_function_word": float(not n_function),
        "many_function_words": min(4, n_function),
        "length": log2(1 + min(n_words, 32)),
        "letters": sum(map(len, words)) / n,
        "names": min(1.0, len(_NAME.findall(body)) / n_words),
        "has_name": float(_NAME.search(body) is not None),
        "operators": float(min(2, len(_OPERATOR.findall(body)))),
        "literal": float(_LITERAL.search(bare) is not None),
        "keyword": float(keyword),
        "keyword_and_end": float(keyword and end in {"brace", "colon"}),
        "statement": float(_STATEMENT.match(body) is not None),
        "lower_start": float(body[:1].islower()),
        "capital_start": float(body[:1].isupper()),
        "bracket_start": float(body[:1] in _BRACKETS),
        "sign_start": float(body[:1] in _CODE_SIGNS),
        "item": float(_ITEM.match(body) is not None),
        "comment": float(_COMMENT.match(bare) is not None),
        "option": float(_OPTION.search(body) is not None),
        "stop": float(end == "stop"),
        "brace": float(end == "brace"),
        "comma": float(end == "comma"),
        "colon": float(end == "colon"),
        "indent": log2(1 + min(16, len(bare) - len(body))),
    }


def is_code(lines: Sequence[str], model: LineModel) -> list[bool]:
    """Tell for each line whether it is code, so that the whole is most likely; empty ones are not.

    A code line among prose costs two switches, so a doubtful line goes with its neighbours.
    """
    scores = model.scores(lines)
    found = [False] * len(lines)
    for (number, _), code in zip(scores, likeliest_path(scores, model), strict=True):
        found[number] = code
    return found


def likeliest_path(scores: Sequence[tuple[int, float]], model: LineModel) -> list[bool]:
    """Return the best states of lines, given their numbers and scores (Viterbi with two states)."""
    before, total = -1, 0.0  # how much better the best path is that ends in code
    origins: list[tuple[bool, bool]] = []  # was the line before code, if this one is; if it is not
    for number, score in scores:
        cost = model.switch if number == before + 1 else model.switch_at_gap
        origins.append((total > -cost, total > cost))
        total = min(cost, max(-cost, total)) + score
        before = number
    path: list[bool] = []
    state = total > 0
    for if_code, if_prose in reversed(origins):
        path.append(state)
        state = if_code if state else if_prose
    return path[::-1]


def code_spans(text: str) -> Iterator[Span]:
    """Yield the spans of lines that are code; lines end in LF."""
    lines = text.split("\n")
    starts = accumulate((len(line) + 1 for line in lines), initial=0)
    for line, start, code in zip(lines, starts, is_code(lines, load_line_model()), strict=False):
        if code:
            yield start, start + len(line)
