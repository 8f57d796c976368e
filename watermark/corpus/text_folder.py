"""A folder of text files: a file is a document and its path is the id."""

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from watermark.corpus.rows import Edit, FullRow, Row, output_path
from watermark.corpus.streams import BYTE_ORDER_MARK, decode
from watermark.errors import CorpusError

SUFFIXES = (".txt", ".text", ".md")

_NOTE = re.compile(
    r"(?:LICEN[CS]ES?|NOTICE|COPYING|CHANGELOG)(?![a-z]).*"
    r"|(?i:[\d_-]*read[-_.]?me(?![a-z]).*)"
    r"|(?i:(?:un)?licen[cs]es?|copyright|notice|copying|changelog)(?i:\.[a-z]+)*"
    r"|(?i:.*third[-_ ]?party[-_ ]?(?:notice|licen[cs]e)s?(?:\.[a-z]+)*)"
)
"""Names of notes, and of folders of them."""
_KNOWN = r"(?:apache|bsd|cc0?|[al]?gpl|isc|mit|mpl|ofl)(?:[-_.v]?\d[\d.]*)?"
_LICENCE = re.compile(
    rf"(?i)(?:{_KNOWN}[-_])?licen[cs]e(?:[-_](?:\d[\d._-]*|{_KNOWN}(?:[-_.].*)?))?(?:\.[a-z]+)?"
    rf"|(?:apache|bsd|cc0|[al]?gpl|mit|mpl|ofl)(?:[-_.v]?\d[\d.]*)?\.txt"
    r"|(?-i:.+[-_.]LICEN[CS]E)(?:\.[a-z]+)?"
)
"""Names of licences that say which one, such as `mit-license.txt` and `gpl-3.0.txt`."""
_CAPITALS = re.compile(
    r"(?:ACKNOWLEDGE?MENTS?|AUTHORS|CHANGES|CITATION|CODE[-_]OF[-_]CONDUCT|CONTRIBUTING|CONTRIBUTORS"
    r"|COPYRIGHT|CREDITS|DISCLAIMER|EULA|HISTORY|INSTALL|LEGAL|MAINTAINERS|MANIFEST|NEWS|PATENTS"
    r"|SECURITY|TERMS|THANKS|TODO|VERSION|\w+SUMS)(?:\.\w+)?"
    r"|CMakeLists\.txt|(?:requirements|robots)\.txt"
)
"""Names that have capitals by custom; `history.md` is a document. The last three are read by
programs."""


@dataclass(frozen=True)
class TextFolder:
    """All text files below a folder, in the order of their paths.

    Notes such as a licence are no documents; they are written again as they are.
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
            if is_note(name):
                shutil.copyfile(self.path / name, output_path(folder, name))
            if not is_text(name):
                continue
            mark, row = self._read(name)
            text = edit(row)
            if text is not None:
                output_path(folder, name).write_bytes((mark + text).encode())

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
    return name.lower().endswith(SUFFIXES) and not is_note(name)


def is_note(name: str) -> bool:
    """Whether a file of this path belongs to no data set: a licence, a read-me, a notice."""
    parts = name.split("/")
    if any(_NOTE.fullmatch(part) for part in parts):
        return True
    return any(names.fullmatch(parts[-1]) for names in (_LICENCE, _CAPITALS))


def _name(entry: os.DirEntry[str]) -> str:
    """Return the name, with a slash for a folder: that is how it sorts among paths."""
    return entry.name + "/" * entry.is_dir(follow_symlinks=False)  # a link could lead upwards


def _refuse_outside(link: Path, root: Path) -> None:
    """Refuse a link by which a file would be published that nobody put into the folder."""
    target = link.resolve()
    if target.is_relative_to(root):
        inside = target.relative_to(root)
        if not any(part.startswith(".") for part in inside.parts):
            return
    repository = next((p.parent for p in root.parents if p.name == "snapshots"), None)
    if repository is not None and target.parent == repository / "blobs":  # the hub's cache
        return
    raise CorpusError(
        f"{link}: is a link to {target}, which is hidden or lies outside {root}, and would be "
        "published: remove the link, or copy the file into the folder"
    )


def file_names(folder: Path) -> Iterator[str]:
    """Yield the files below a folder as paths with `/`, sorted; nothing that is hidden.

    One folder's names at a time are in memory.

    Raises:
        CorpusError: A file is a link to one that is hidden or lies outside the folder.
    """
    root = folder.resolve()

    def below(prefix: str) -> Iterator[str]:
        with os.scandir(folder / prefix) as entries:
            seen = [entry for entry in entries if not entry.name.startswith(".")]
        for entry in seen:
            if entry.is_symlink() and entry.is_file():
                _refuse_outside(Path(entry.path), root)
        for name in sorted(map(_name, seen)):
            if name.endswith("/"):
                yield from below(prefix + name)
            else:
                yield prefix + name

    return below("")
