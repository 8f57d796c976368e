"""Blocks of lines that are no prose: fences, front matter, headings, mail headers, tables."""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate

Span = tuple[int, int]
Lines = Sequence[str]
Block = tuple[int, int]
"""First line of a block, and the line after its last."""

_FRONT_MATTER = re.compile(
    r"""\A\s?(?:
        ---[ \t]*\n
        (?:[ \t]*(?:[\w"'-][^\n:]*:(?:[ \t]|$)|-[ \t]|\#)[^\n]*\n|[ \t]+[^\n]*\n|[ \t]*\n)*?
        (?:---|\.\.\.)[ \t]*$
      | \+\+\+[ \t]*\n .*? \n\+\+\+[ \t]*$
    )""",
    re.VERBOSE | re.MULTILINE | re.DOTALL,
)
_FENCE = re.compile(
    r"(?P<quote>(?:[ \t]*>)*)(?P<indent>[ \t]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*)"
    r"(?P<mark>`{3,}(?=[^`]*$)|~{3,})"
)
_MARKED_HEADING = re.compile(
    r"[ \t>]*(?:#{1,6}(?:[ \t]|$)|={1,6}[ \t]*\w[^=]*=*[ \t]*$|\*{2,6}[ \t]+\S|[.'][A-Za-z]{1,3}\b)"
)
"""Markdown, MediaWiki and AsciiDoc, Org, and the requests of roff."""
_UNDERLINE = re.compile(r"[ \t]*(?:=+|--+|(?P<sign>[~^\"'`*+#.:_])(?P=sign){2,})[ \t]*")
_LONGEST_SETEXT = 3
"""Lines of a heading that is underlined; of a longer paragraph the last line alone is one."""
_PLAIN_HEADING = re.compile(r"[ \t]*(?:[A-Z]|\d)[^\n]{0,70}[^\s.!?:;,\"')\]}\u201d\u2019]")
_FIELD = re.compile(r"(?P<name>[A-Za-z][\w-]*):(?:[ \t]+(?P<value>.*)|$)")
_QUOTED = re.compile(r"(?:(?:[ \t]*>)+[ \t]?)?")
_MAIL_FIELDS = frozenset(
    """
    bcc cc content-disposition content-length content-transfer-encoding content-type date
    delivered-to errors-to from in-reply-to list-archive list-help list-id list-post list-subscribe
    list-unsubscribe mailing-list message-id mime-version newsgroups organization precedence
    received references reply-to return-path sender sent subject to user-agent accept host
    set-cookie cookie
    """.split()  # noqa: SIM905 - a list of words reads better as one
)
_SENTENCE_END = re.compile(r"[.!?\u2026][\"')\]\u201d\u2019]*\s*$")
_GAP = re.compile(r"(?<=\S) {3,}(?=\S)")
_CELL = re.compile(r'"(?:[^"\n]|"")*"')
_DIRECTIVE = re.compile(
    r"[ \t]*(?:\.\.[ \t]+(?:code|sourcecode|literalinclude|math|parsed|raw)\b.*)"
)
_SQL = re.compile(
    r"[ \t]*(?:SELECT\s|WITH\s+\w+\s+AS\b|INSERT\s+INTO\s|DELETE\s+FROM\s|UPDATE\s+\S+\s+SET\b"
    r"|(?:CREATE|ALTER|DROP|TRUNCATE)\s+(?:OR\s+REPLACE\s+)?(?:TABLE|VIEW|INDEX|FUNCTION|TRIGGER)\b)"
)
"""The beginning of a statement whose words may all be English ones."""
_LONGEST_SQL = 40


def block_spans(text: str) -> Iterator[Span]:
    """Yield the spans of blocks, in any order; lines end in LF."""
    if front_matter := _FRONT_MATTER.match(text):
        yield front_matter.span()
    whole = text.split("\n")
    starts = [0, *accumulate(len(line) + 1 for line in whole)]
    lines = [line.rstrip() for line in whole]
    for find in (_fences, _headings, _headers, _literal_blocks, _columns, _records, _statements):
        for first, last in find(lines):
            yield starts[first], starts[last] - 1


def _fences(lines: Lines) -> Iterator[Block]:
    """Yield fenced code, also in lists and quotations."""
    number = 0
    unclosed: dict[str, int] = {}
    while number < len(lines):
        opening = _FENCE.match(lines[number])
        if opening and number and lines[number] == len(lines[number - 1]) * "~":
            opening = None  # the title of a section, underlined
        end = _fence_end(lines, number, opening, unclosed) if opening else number + 1
        if opening:
            yield number, end
        number = end


def _fence_end(lines: Lines, first: int, opening: re.Match[str], unclosed: dict[str, int]) -> int:
    """Return the line after a fence; without an end it reaches as far as what it stands in."""
    sign, n = opening["mark"][0], len(opening["mark"])
    closing = re.compile(rf"[ \t>]*{sign}{{{n},}}[ \t]*")
    behind, width = len(lines), len(opening["indent"])
    if opening["quote"]:
        behind = _first(lines, first, lambda line: not line.lstrip().startswith(">"))
    elif width > 1:
        behind = _first(lines, first, lambda line: bool(line.strip()) and _indent(line) < width)
    if unclosed.get(sign, n + 1) <= n:  # an earlier one had no end further down
        return behind
    end = _first(lines, first, lambda line: bool(closing.fullmatch(line)))
    if end == len(lines):
        unclosed[sign] = n
    same = end < len(lines) and _indent(lines[end]) == _indent(lines[first])
    return end + 1 if end < behind or (same and not opening["quote"]) else behind


def _first(lines: Lines, behind: int, test: Callable[[str], bool]) -> int:
    """Return the first line after another one that passes the test, or the number of lines."""
    numbers = (number for number in range(behind + 1, len(lines)) if test(lines[number]))
    return next(numbers, len(lines))


def _headings(lines: Lines) -> Iterator[Block]:
    for number, line in enumerate(lines):
        if _MARKED_HEADING.match(line):
            yield number, number + 1
        elif number and lines[number - 1].strip() and _underlines(lines[number - 1], line):
            yield _heading_start(lines, number), number + 1
        elif _is_plain_heading(lines, number):
            yield number, number + 1


def _underlines(title: str, line: str) -> bool:
    match = _UNDERLINE.fullmatch(line)
    if not match or not any(map(str.isalnum, title)):
        return False
    return match["sign"] is None or len(line.strip()) >= len(title.strip())


def _heading_start(lines: Lines, underline: int) -> int:
    first = underline - 1
    while first and lines[first - 1].strip() and underline - first <= _LONGEST_SETEXT:
        first -= 1
    return first if underline - first <= _LONGEST_SETEXT else underline - 1


def _is_plain_heading(lines: Lines, number: int) -> bool:
    """Tell whether a short line without a full stop stands alone before more text."""
    if number + 2 >= len(lines) or lines[number + 1].strip():
        return False
    if number and lines[number - 1].strip():
        return False
    line = lines[number].rstrip()
    return bool(_PLAIN_HEADING.fullmatch(line)) and any(
        map(str.strip, lines[number + 2 : number + 4])
    )


def _headers(lines: Lines) -> Iterator[Block]:
    """Yield headers of mails and of HTTP with their folded lines, and settings one a line."""
    number = 0
    while number < len(lines):
        end, fields = _header_end(lines, number)
        if fields and _are_headers(fields):
            yield number, end
        number = max(end, number + 1)


def _header_end(lines: Lines, first: int) -> tuple[int, list[re.Match[str]]]:
    """Return the line after the fields that begin here, and the fields."""
    fields: list[re.Match[str]] = []
    for number in range(first, len(lines)):
        line = lines[number]
        bare = line[_QUOTED.match(line).end() :]  # type: ignore[union-attr]
        field = _FIELD.match(bare)
        if field:
            fields.append(field)
        elif not (fields and bare.strip() and bare[:1] in " \t"):
            return number, fields
    return len(lines), fields


def _are_headers(fields: Sequence[re.Match[str]]) -> bool:
    names = {field["name"].lower() for field in fields}
    if names & _MAIL_FIELDS or any(name.startswith("x-") for name in names):
        return True
    said = sum(bool(_SENTENCE_END.search(field["value"] or "")) for field in fields)
    capital = all(field["name"][0].isupper() for field in fields)
    return len(fields) > 1 and capital and said * 2 < len(fields)


def _literal_blocks(lines: Lines) -> Iterator[Block]:
    """Yield the indented lines after a double colon or a directive of reStructuredText."""
    for number, line in enumerate(lines):
        if not (line.rstrip().endswith("::") or _DIRECTIVE.fullmatch(line)):
            continue
        width = len(line) - len(line.lstrip())
        end = number + 1
        while end < len(lines) and (not lines[end].strip() or _indent(lines[end]) > width):
            end += 1
        if end > number + 1:
            yield number + 1, end


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _columns(lines: Lines) -> Iterator[Block]:
    """Yield rows whose cells stand in columns: two wide gaps, or one below another's."""
    before: set[int] = set()
    for number, line in enumerate(lines):
        gaps = {gap.end() for gap in _GAP.finditer(line)} if "   " in line else set[int]()
        if len(gaps) > 1:
            yield number, number + 1
        elif gaps & before:
            yield number - 1, number + 1
        before = gaps


def _records(lines: Lines) -> Iterator[Block]:
    """Yield consecutive lines with the same number of cells between commas or semicolons."""
    before = 0
    for number, line in enumerate(lines):
        n = _n_cells(line)
        if n > 2 and n == before:
            yield number - 1, number + 1
        before = n


def _n_cells(line: str) -> int:
    if line.count(",") < 2 and line.count(";") < 2:
        return 0
    bare = _CELL.sub("", line)
    for sign in ",;":
        if bare.count(sign) > 1 and not re.search(rf"{sign}\s+\w", bare):
            return bare.count(sign) + 1
    return 0


def _statements(lines: Lines) -> Iterator[Block]:
    """Yield statements of SQL whose keywords are capitals: to a semicolon or an empty line."""
    done = 0
    for number, line in enumerate(lines):
        if number >= done and _SQL.match(line):
            behind = min(len(lines), number + _LONGEST_SQL)
            done = number
            while done < behind and lines[done]:
                done += 1
                if lines[done - 1].endswith(";"):
                    break
            yield number, done
