"""A folder of text files: a file is a document and its path is the id."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from watermark.corpus.rows import Edit, FullRow, Row, make_place
from watermark.corpus.streams import BYTE_ORDER_MARK, decode
from watermark.errors import CorpusError

SUFFIXES = (".txt", ".text", ".md")


@dataclass(frozen=True)
class TextFolder:
    """All text files below a folder, in the order of their paths.

    Line ends are part of the text; a byte order mark is not, but is written back.
    """

    path: Path

    def rows(self) -> Iterator[Row]:
        """Yield a row for each file."""
        for name in file_names(self.path):
            if is_text(name):
                yield self._read(name)[1]

    def full_rows(self) -> Iterator[FullRow]:
        """Yield the same rows; a text file has no other columns."""
        for row in self.rows():
            yield FullRow(row, {})

    def rewrite(self, folder: Path, edit: Edit) -> None:
        """Write the files again under the same names."""
        for name in file_names(self.path):
            if not is_text(name):
                continue
            mark, row = self._read(name)
            text = edit(row)
            if text is not None:
                make_place(folder, name).write_bytes((mark + text).encode())

    def _read(self, name: str) -> tuple[str, Row]:
        path = self.path / name
        try:
            content = path.read_bytes()
        except OSError as error:
            raise CorpusError(f"{path}: could not be read ({error.strerror})") from error
        text = decode(content, path)
        bare = text.removeprefix(BYTE_ORDER_MARK)
        return text[: len(text) - len(bare)], Row(bare, name, str(path))


def is_text(name: str) -> bool:
    """Whether a file of this name is a document of a folder of texts."""
    return name.lower().endswith(SUFFIXES)


def _name(entry: os.DirEntry[str]) -> str:
    """Return the name, with a slash for a folder: that is how it sorts among paths."""
    return entry.name + "/" * entry.is_dir(follow_symlinks=False)  # a link could lead upwards


def file_names(folder: Path) -> Iterator[str]:
    """Yield the files below a folder as paths with `/`, sorted; nothing that is hidden.

    One folder's names at a time are in memory.
    """

    def below(prefix: str) -> Iterator[str]:
        with os.scandir(folder / prefix) as entries:
            names = [_name(entry) for entry in entries if not entry.name.startswith(".")]
        for name in sorted(names):
            if name.endswith("/"):
                yield from below(prefix + name)
            else:
                yield prefix + name

    return below("")
