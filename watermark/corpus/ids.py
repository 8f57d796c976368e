"""Ids of documents: from a column, or made from the texts."""

import hashlib
import sqlite3

from watermark.corpus.rows import Row
from watermark.document import Document
from watermark.errors import CorpusError
from watermark.temporary_database import temporary_database


class DocumentIds:
    """Gives each row its id, in the order of the corpus.

    An id column must be free of repetitions. Without one, an id is the first 16 hexadecimal
    digits of the text's SHA-256, a dash, and how many documents with these digits came before: ids
    hold when rows move, except among rows with one and the same text.

    What was seen is kept in a temporary database, which grows on the disk and not in memory.
    """

    def __init__(self) -> None:
        self._seen = temporary_database()
        self._seen.execute("CREATE TABLE seen (key BLOB PRIMARY KEY, n INT) WITHOUT ROWID")
        self._seen.execute("BEGIN")

    def close(self) -> None:
        """Give the temporary database up."""
        self._seen.close()

    def document(self, row: Row) -> Document:
        """Return the row as a document.

        Raises:
            CorpusError: The id came before, or text or id cannot be written as UTF-8.
        """
        if row.id is None:
            digest = hashlib.sha256(_utf8(row.text, row.place)).hexdigest()[:16]
            return Document(f"{digest}-{self._times(digest)}", row.text)
        _utf8(row.text, row.place)
        if self._times(hashlib.sha256(_utf8(row.id, row.place)).hexdigest()[:32]):
            raise CorpusError(
                f"{row.place}: id {row.id!r} comes twice; make the ids unique, or leave out "
                "--id-column to name documents by their text"
            )
        return Document(row.id, row.text)

    def _times(self, digits: str) -> int:
        """Return how often these hexadecimal digits were seen before."""
        try:
            cursor = self._seen.execute(
                "INSERT INTO seen VALUES (?, 0) ON CONFLICT DO UPDATE SET n = n + 1 RETURNING n",
                (bytes.fromhex(digits),),
            )
            return int(cursor.fetchone()[0])
        except sqlite3.OperationalError as error:
            raise CorpusError(
                f"the ids of the corpus do not fit into the temporary folder ({error}); "
                "free some space, or set TMPDIR to a larger disk"
            ) from error


def _utf8(text: str, place: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise CorpusError(
            f"{place}: character {error.start + 1} is half of a surrogate pair "
            f"(\\u{ord(text[error.start]):04x}) and no text; remove it from the file"
        ) from error
