"""JSON Lines: an object a line.

Only the characters of the text are replaced in a line. All others stay as they are: numbers keep
their digits, keys their order, lines their terminator, and what JSON does not quite allow (NaN)
its spelling. Parsing and dumping the line would keep none of these for certain.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from watermark.corpus.rows import (
    Columns,
    Edit,
    FullRow,
    Row,
    find_column,
    make_full_row,
    make_row,
    output_path,
)
from watermark.corpus.streams import BYTE_ORDER_MARK, line_writer, numbered_lines
from watermark.errors import CorpusError
from watermark.limits import RECORD, SHORT_RECORD
from watermark.safe_json import check_size

_decode = json.JSONDecoder().raw_decode
_SPACE = re.compile(r"[ \t\r\n]*")


class _Member(NamedTuple):
    """A key of an object, its value, and where the value stands in the line."""

    key: str
    value: Any
    start: int
    end: int


class _Line(NamedTuple):
    row: Row
    members: list[_Member]
    before: str
    """The raw line up to the value of the text."""
    value: str
    """That value as it is written, with its quotation marks."""
    after: str


@dataclass(frozen=True)
class JsonLines:
    """A file of JSON Lines, plain, .gz or .zst."""

    path: Path
    name: str
    """Its name in the output folder."""
    columns: Columns

    def rows(self) -> Iterator[Row]:
        """Yield a row for each line that is not blank."""
        for line in self._lines():
            yield line.row

    def full_rows(self) -> Iterator[FullRow]:
        """Yield the same rows with all their keys."""
        for line in self._lines():
            cells = ((member.key, member.value) for member in line.members)
            yield make_full_row(line.row, self.columns, cells)

    def rewrite(self, folder: Path, edit: Edit) -> None:
        """Write the lines again, with the text replaced where it changed."""
        with line_writer(output_path(folder, self.name)) as out:
            for number, raw in numbered_lines(self.path):
                if _is_blank(raw):
                    out.write(raw.encode())
                    continue
                line = self._parse(raw, number)
                text = edit(line.row)
                if text is not None:
                    out.write(_replace_text(line, text).encode())

    def _lines(self) -> Iterator[_Line]:
        for number, raw in numbered_lines(self.path):
            if not _is_blank(raw):
                yield self._parse(raw, number)

    def _parse(self, raw: str, number: int) -> _Line:
        place = f"{self.path}:{number}"
        try:
            members = _members(raw)
        except (ValueError, RecursionError) as error:
            raise CorpusError(
                f"{place}: wanted a JSON object on a line of its own, but {error}; "
                f"the line begins {raw[:40]!r}{_remedy(raw, number, self.path)}"
            ) from error
        keys = [member.key for member in members]
        text = members[find_column(keys, self.columns.text, place)]
        name = None
        if self.columns.id is not None:
            name = members[find_column(keys, self.columns.id, place)].value
        row = make_row(self.columns, text.value, name, place)
        return _Line(row, members, raw[: text.start], raw[text.start : text.end], raw[text.end :])


def _is_blank(raw: str) -> bool:
    return not raw.strip("\ufeff \t\r\n")


def _remedy(raw: str, number: int, path: Path) -> str:
    """Return how to make lines of a file that is one JSON value."""
    start = raw.strip("\ufeff \t\r\n")
    if number > 1 or not (start.startswith("[") or start == "{"):
        return ""
    part, what = (".[]", "array") if start.startswith("[") else (".", "object over several lines")
    return (
        f". The file is one JSON {what}; write it an object a line: "
        f"jq -c '{part}' {path.name} > {path.name.split('.')[0]}.jsonl"
    )


def _replace_text(line: _Line, text: str) -> str:
    """Return the raw line with another text, escaped as the line escapes."""
    if text == line.row.text:
        return line.before + line.value + line.after
    escaped = all(part.isascii() for part in (line.before, line.value, line.after))
    return line.before + json.dumps(text, ensure_ascii=escaped) + line.after


def _members(raw: str) -> list[_Member]:
    """Return the members of the one object in a line, in their order.

    Raises:
        ValueError: The line is not one JSON object, or exceeds a limit.
    """
    if len(raw) > SHORT_RECORD:
        check_size(raw.encode(), RECORD)
    members: list[_Member] = []
    position = _after("{", raw, len(raw) - len(raw.removeprefix(BYTE_ORDER_MARK)))
    while not raw.startswith("}", position):
        if members:
            position = _after(",", raw, position)
        key, end = _decode(raw, position)
        if not isinstance(key, str):
            raise ValueError(f"character {position + 1} begins no key")
        start = _after(":", raw, end)
        value, end = _decode(raw, start)
        members.append(_Member(key, value, start, end))
        position = _skip_space(raw, end)
    if _skip_space(raw, position + 1) != len(raw):
        raise ValueError(f"the object ends at character {position + 1} and more follows")
    return members


def _after(sign: str, raw: str, position: int) -> int:
    """Return where the next token begins after a character that must come now."""
    position = _skip_space(raw, position)
    if not raw.startswith(sign, position):
        raise ValueError(f"character {position + 1} is not {sign!r}")
    return _skip_space(raw, position + 1)


def _skip_space(raw: str, position: int) -> int:
    space = _SPACE.match(raw, position)
    return space.end() if space else position
