"""Files and folders that are there whole or not at all.

Both functions yield a *draft*: a path in a hidden folder beside the target, on the same disk and
open to nobody else. When the block ends, the draft is flushed to the disk and takes the target's
name in one step; when it raises, the draft is removed and the target was never there. A process
that is killed can do neither: what it left is removed by the next one that writes this target.
"""

import errno
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from watermark.errors import ToolkitError

if sys.platform != "win32":
    import fcntl


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yield the path at which to write the file that will be `path`.

    Missing parent folders are made, and removed again on an error.

    Raises:
        FileExistsError: Something has this name already; nothing is ever replaced.
    """
    with _workshop(path) as draft:
        yield draft


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield the empty folder that will be `path`.

    Missing parent folders are made, and removed again on an error.

    Raises:
        FileExistsError: Something has this name already; nothing is ever replaced.
    """
    with _workshop(path) as draft:
        draft.mkdir()
        yield draft


@contextmanager
def _workshop(path: Path) -> Iterator[Path]:
    _refuse_replacing(path)
    parent = path.parent
    made = [folder for folder in (parent, *parent.parents) if not folder.exists()]
    parent.mkdir(parents=True, exist_ok=True)
    _sweep(path)
    shop = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".partial", dir=parent))
    lock = _lock(shop)
    try:
        draft = shop / path.name
        yield draft
        _flush(draft)
        _refuse_replacing(path)
        draft.rename(path)
        _sync(parent)
    finally:
        shutil.rmtree(shop, ignore_errors=True)
        if lock is not None:
            os.close(lock)
        for folder in made:
            with suppress(OSError):  # another process may have put files there
                folder.rmdir()


def _refuse_replacing(path: Path) -> None:
    if os.path.lexists(path):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))


def refuse_existing(path: Path) -> None:
    """Raise unless a name is free.

    Raises:
        ToolkitError: Something has it already; nothing is ever replaced.
    """
    if os.path.lexists(path):
        raise ToolkitError(f"{path}: exists already: name another place or remove it")


def _sweep(path: Path) -> None:
    """Remove what killed runs left for this target; what a living one holds is locked."""
    for name in os.listdir(path.parent):  # no glob: it keeps the patterns of 32,768 names
        if not (name.startswith(f".{path.name}.") and name.endswith(".partial")):
            continue
        left = path.parent / name
        lock = _lock(left)
        if lock is not None:
            shutil.rmtree(left, ignore_errors=True)
            os.close(lock)


@contextmanager
def alone_in(folder: Path) -> Iterator[bool]:
    """Hold a folder for this process; yield whether no other one has it.

    On a file system without locks other runs are not detected.
    """
    if sys.platform == "win32":
        yield True
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        except OSError:
            yield True
        else:
            yield True
    finally:
        os.close(descriptor)


def _lock(folder: Path) -> int | None:
    """Return a descriptor whose lock ends with the process; None when another one has it."""
    if sys.platform == "win32":  # folders cannot be locked there: leftovers stay
        return None
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # held, or a disk without locks
        os.close(descriptor)
        return None
    return descriptor


def _flush(draft: Path) -> None:
    """Bring a file, or a folder with all that is in it, to the disk."""
    for folder, _, names in os.walk(draft):
        for name in names:
            _sync(Path(folder, name))
        _sync(Path(folder))
    if draft.is_file():
        _sync(draft)


def _sync(path: Path) -> None:
    if sys.platform == "win32" and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDWR if path.is_file() else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
