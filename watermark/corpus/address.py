"""Data sets at addresses such as `s3://bucket/news`, by fsspec.

A file is fetched whole into a temporary folder each time it is read, and read there as a file of
this machine is; so its bytes are kept as those of other files are.
"""

import filecmp
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from watermark.corpus.rows import Columns, Edit, FullRow, Part, Row
from watermark.errors import CorpusError, PrerequisiteError, ToolkitError

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


@dataclass(frozen=True)
class Address:
    """The address of a file or folder that is not reached by a path."""

    text: str

    def __str__(self) -> str:
        return self.text

    def below(self, name: str) -> "Address":
        """Return the address of a file in this folder."""
        return Address(f"{self.text.rstrip('/')}/{name}")

    def names(self) -> list[str]:
        """Return the files below this folder as paths with `/`, sorted; nothing that is hidden.

        Raises:
            ToolkitError: The address cannot be reached.
        """
        with _explained(self):
            files, root = self._open()
            root = root.rstrip("/")
            found = files.find(root) if files.exists(root) else []
        names = (name.removeprefix(root).lstrip("/") for name in found if name.rstrip("/") != root)
        return sorted(name for name in names if not any(p.startswith(".") for p in name.split("/")))

    def is_file(self) -> bool:
        """Tell whether there is a file at this address.

        Raises:
            ToolkitError: The address cannot be reached.
        """
        with _explained(self):
            files, path = self._open()
            return bool(files.isfile(path))

    def fetch(self, target: Path) -> None:
        """Copy the file at this address to a path.

        Raises:
            ToolkitError: It cannot be reached.
        """
        with _explained(self):
            files, path = self._open()
            files.get_file(path, str(target))

    def put(self, source: Path) -> None:
        """Copy a file to this address.

        Raises:
            ToolkitError: It cannot be written.
        """
        with _explained(self):
            files, path = self._open()
            if parent := path.rpartition("/")[0]:
                files.makedirs(parent, exist_ok=True)
            files.put_file(str(source), path)

    def _open(self) -> tuple[Any, str]:
        from fsspec.core import url_to_fs

        found: tuple[Any, str] = url_to_fs(self.text)
        return found


def parse_address(text: object) -> Address | None:
    """Return the address that a text is; None for a path, a hub id or a data set in memory."""
    return Address(text) if isinstance(text, str) and _ADDRESS.match(text) else None


@contextmanager
def _explained(address: Address) -> Iterator[None]:
    """Name the address in any refusal raised inside."""
    try:
        yield
    except ImportError as error:  # fsspec names the package
        raise PrerequisiteError(f"{address}: {error}") from error
    except ToolkitError:
        raise
    except Exception as error:  # every kind of storage has errors of its own
        raise CorpusError(f"{address}: could not be reached ({error!s:.300})") from error


@dataclass(frozen=True)
class RemotePart:
    """A file at an address, as a part of a corpus."""

    address: Address
    name: str
    """Its name in the output folder."""
    columns: Columns
    make: Callable[[Path, str, Columns], Part]
    """Makes the part of a file of this machine."""

    def rows(self) -> Iterator[Row]:
        """Yield the rows in order."""
        with self._fetched() as (part, told):
            for row in part.rows():
                yield told(row)

    def full_rows(self) -> Iterator[FullRow]:
        """Yield the same rows with all their columns."""
        with self._fetched() as (part, told):
            for full in part.full_rows():
                yield full._replace(row=told(full.row))

    def rewrite(self, folder: Path, edit: Edit) -> None:
        """Write the part into a folder of this machine."""
        with self._fetched() as (part, told):
            part.rewrite(folder, lambda row: edit(told(row)))

    @contextmanager
    def _fetched(self) -> Iterator[tuple[Part, Callable[[Row], Row]]]:
        """Yield the part in a temporary folder, and what puts the address into its rows."""
        with tempfile.TemporaryDirectory(prefix="leximark-") as folder:
            path = Path(folder) / self.name.rpartition("/")[2]
            self.address.fetch(path)

            def told(row: Row) -> Row:
                return row._replace(place=row.place.replace(str(path), str(self.address)))

            try:
                yield self.make(path, self.name, self.columns), told
            except CorpusError as error:
                message = str(error).replace(str(path), str(self.address))
                error.args = (message, *error.args[1:])
                raise


def upload(folder: Path, target: Address) -> None:
    """Copy the files of a folder to an address; those that a cut run copied are compared.

    Raises:
        ToolkitError: The address has other files, or cannot be written.
    """
    names = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    there = set(target.names())
    if others := sorted(there.difference(names)):
        raise ToolkitError(
            f"{target.below(others[0])}: is not of this data set: name another place"
        )
    with tempfile.TemporaryDirectory(prefix="leximark-") as temporary:
        for name in names:
            copy = Path(temporary) / "copy"
            if name in there:
                target.below(name).fetch(copy)
                if filecmp.cmp(copy, folder / name, shallow=False):
                    continue
            target.below(name).put(folder / name)


def refuse_used(target: Address) -> None:
    """Raise unless there is nothing at an address.

    Raises:
        ToolkitError: There is; nothing is ever replaced.
    """
    if target.is_file() or target.names():
        raise ToolkitError(f"{target}: exists already: name another place or remove it")
