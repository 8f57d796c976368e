"""What an interrupted `leximark attack` has done, so that the same command goes on from there."""

import json
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from hashlib import sha256
from io import SEEK_END
from itertools import chain
from pathlib import Path
from typing import IO, Any

from watermark.document import Document
from watermark.errors import ToolkitError

if sys.platform != "win32":
    import fcntl

Attack = Callable[[Iterable[Document]], Iterator[Document | None]]


def attack_with_journal(
    path: Path,
    settings: Mapping[str, Any],
    documents: Iterable[Document],
    attack: Attack,
    failed: Callable[[], bool] = lambda: False,
) -> Generator[Document | None]:
    """Yield the attacked documents; those that an interrupted run finished are not attacked again.

    The first line of the journal holds the settings; then there is a line for each document, in
    order. Lines are taken as long as the documents are the same; the end may be damaged. The caller
    runs the generator to its end or closes it, and removes the file when all is done.

    Args:
        path: File of the journal.
        settings: Everything that determines the result besides the documents.
        documents: The documents in the order of the corpus.
        attack: Attacks documents one by one, in order, None for those that it drops.
        failed: Whether the attack could not treat a document. From then on nothing is recorded, so
            that the next run tries again.

    Raises:
        ToolkitError: The journal belongs to other settings, or another run writes it.
        OSError: The journal cannot be written.
    """
    head = json.dumps(settings, sort_keys=True).encode() + b"\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as journal:
        _lock(journal, path)
        _begin(journal, path, head)
        rest = iter(documents)
        try:
            for document in rest:
                end = journal.tell()
                line = _parse(journal.readline())
                if line is None or line[:2] != _identify(document):
                    journal.truncate(end)
                    rest = chain([document], rest)
                    break
                yield None if line[2] is None else Document(document.id, line[2])
            yield from _attack_rest(journal, rest, attack, failed)
        finally:
            if journal.seek(0, SEEK_END) <= len(head):  # nothing is recorded
                path.unlink(missing_ok=True)


def _attack_rest(
    journal: IO[bytes], rest: Iterator[Document], attack: Attack, failed: Callable[[], bool]
) -> Iterator[Document | None]:
    before: deque[Document] = deque()

    def pending() -> Iterator[Document]:
        for document in rest:
            before.append(document)
            yield document

    for after in attack(pending()):
        line = (*_identify(before.popleft()), None if after is None else after.text)
        if not failed():
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
