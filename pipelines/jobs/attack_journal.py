"""What an interrupted `leximark attack` has done, so that the same command goes on from there."""

import json
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing
from hashlib import sha256
from io import SEEK_END
from itertools import groupby
from pathlib import Path
from sqlite3 import Connection
from typing import IO, Any

from watermark.document import Document
from watermark.errors import ToolkitError
from watermark.temporary_database import temporary_database

if sys.platform != "win32":
    import fcntl

Attack = Callable[[Iterable[Document]], Iterator[Document | None]]


def attack_with_journal(
    path: Path,
    settings: Mapping[str, Any],
    documents: Iterable[Document],
    attack: Attack,
    n_retryable: Callable[[], int] = lambda: 0,
) -> Generator[Document | None]:
    """Yield the attacked documents; those that an interrupted run finished are not attacked again.

    The first line of the journal holds the settings; each further line holds a finished document,
    in any order. The end may be damaged. The caller runs the generator to its end or closes it, and
    removes the file when all is done.

    Args:
        path: File of the journal.
        settings: Everything that determines the result besides the documents.
        documents: The documents in the order of the corpus.
        attack: Attacks documents one by one, in order, None for those that it drops.
        n_retryable: Number of failures so far that another run may not have. The documents that
            were attacked together when it grew are not recorded, so that the next run tries again.

    Raises:
        ToolkitError: The journal belongs to other settings, or another run writes it.
        OSError: The journal cannot be written.
    """
    head = json.dumps(settings, sort_keys=True).encode() + b"\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as journal, closing(temporary_database()) as index:
        _lock(journal, path)
        _begin(journal, path, head)
        try:
            _index_lines(journal, index)
            located = ((document, _place_of(document, index)) for document in documents)
            for finished, some in groupby(located, key=lambda pair: pair[1] is not None):
                if finished:
                    for document, place in some:
                        journal.seek(place or 0)
                        text = json.loads(journal.readline())[2]
                        yield None if text is None else Document(document.id, text)
                else:
                    rest = (document for document, _ in some)
                    yield from _attack_rest(journal, rest, attack, n_retryable)
        finally:
            if journal.seek(0, SEEK_END) <= len(head):  # nothing is recorded
                path.unlink(missing_ok=True)


def _index_lines(journal: IO[bytes], index: Connection) -> None:
    """Note where the line of each finished document begins; cut a damaged end off."""
    index.execute("CREATE TABLE lines (document BLOB PRIMARY KEY, place INT) WITHOUT ROWID")
    index.execute("BEGIN")
    place = journal.tell()
    while line := journal.readline():
        parsed = _parse(line)
        if parsed is None:
            journal.truncate(place)
            return
        index.execute("INSERT OR REPLACE INTO lines VALUES (?, ?)", (_digest(parsed[:2]), place))
        place = journal.tell()


def _place_of(document: Document, index: Connection) -> int | None:
    key = _digest(_identify(document))
    found = index.execute("SELECT place FROM lines WHERE document = ?", (key,)).fetchone()
    return None if found is None else int(found[0])


def _digest(identity: tuple[str, str]) -> bytes:
    return sha256(json.dumps(identity).encode()).digest()


def _attack_rest(
    journal: IO[bytes],
    rest: Iterator[Document],
    attack: Attack,
    n_retryable: Callable[[], int],
) -> Iterator[Document | None]:
    before: deque[Document] = deque()

    def pending() -> Iterator[Document]:
        for document in rest:
            before.append(document)
            yield document

    n_failed, n_left_out = n_retryable(), 0
    for after in attack(pending()):
        if n_retryable() > n_failed:
            n_failed, n_left_out = n_retryable(), len(before)
        line = (*_identify(before.popleft()), None if after is None else after.text)
        if n_left_out:
            n_left_out -= 1
        else:
            journal.write(json.dumps(line).encode() + b"\n")
            journal.flush()
        yield after


def _lock(journal: IO[bytes], path: Path) -> None:
    if sys.platform == "win32":
        return
    try:
        fcntl.flock(journal, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise ToolkitError(
            f"{path}: another `leximark attack` writes this journal: wait for it, or name another "
            "--out"
        ) from error


def _begin(journal: IO[bytes], path: Path, head: bytes) -> None:
    """Write the settings to a new journal, or check that an old one has the same."""
    journal.seek(0)
    found = journal.readline()
    if not found.endswith(b"\n"):
        journal.truncate(0)
        journal.write(head)
        journal.flush()
    elif found != head:
        raise ToolkitError(
            f"{path}: an interrupted run with other settings left this journal. Repeat that run's "
            "command to continue it, or delete the file to start again"
        )


def _identify(document: Document) -> tuple[str, str]:
    return document.id, sha256(document.text.encode("utf-8", "surrogatepass")).hexdigest()


def _parse(line: bytes) -> tuple[str, str, str | None] | None:
    """Return id, digest and new text of a line; None for a damaged one."""
    if not line.endswith(b"\n"):
        return None
    try:
        name, digest, text = json.loads(line)
    except (ValueError, TypeError):
        return None
    return name, digest, text
