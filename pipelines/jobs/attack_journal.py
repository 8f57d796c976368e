"""What an interrupted `leximark attack` has done, so that the same command goes on from there."""

import json
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Any

from watermark.document import Document

Attack = Callable[[Iterable[Document]], Iterator[Document | None]]


def attack_with_journal(
    path: Path, settings: Mapping[str, Any], documents: Iterable[Document], attack: Attack
) -> Generator[Document | None]:
    """Yield the attacked documents; those that an interrupted run finished are not attacked again.

    The journal has the settings in its first line, then a line for each document in order. It is
    taken as far as the settings and the documents are the same, and its end may be damaged.

    Args:
        path: File of the journal, which the caller removes when all is done.
        settings: Everything that determines the result besides the documents.
        documents: The documents in the order of the corpus.
        attack: Attacks documents one by one, in order, None for those that it drops.
    """
    rest = iter(documents)
    head = json.dumps(settings, sort_keys=True).encode() + b"\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as journal:
        journal.seek(0)
        if journal.readline() != head:
            journal.truncate(0)
            journal.write(head)
        else:
            for document in rest:
                end = journal.tell()
                line = _parse(journal.readline())
                if line is None or line[:2] != _identify(document):
                    journal.truncate(end)
                    rest = chain([document], rest)
                    break
                yield None if line[2] is None else Document(document.id, line[2])
        before: deque[Document] = deque()

        def pending() -> Iterator[Document]:
            for document in rest:
                before.append(document)
                yield document

        for after in attack(pending()):
            text = None if after is None else after.text
            done = (*_identify(before.popleft()), text)
            journal.write(json.dumps(done).encode() + b"\n")
            journal.flush()
            yield after


def _identify(document: Document) -> tuple[str, str]:
    return document.id, sha256(document.text.encode("utf-8", "surrogatepass")).hexdigest()


def _parse(line: bytes) -> tuple[str, str, str | None] | None:
    """Return id, digest and new text of a line; None for one that was not written to its end."""
    if not line.endswith(b"\n"):
        return None
    try:
        name, digest, text = json.loads(line)
    except ValueError:
        return None
    return name, digest, text
