"""A nameless database of SQLite: what grows with the corpus goes to the disk and not to memory."""

import sqlite3

CACHE_KIB = 8192
"""Memory that a database takes at most."""


def temporary_database() -> sqlite3.Connection:
    """Open an empty database in the temporary folder; its file goes when it is closed.

    SQLite removes the name of the file at once where the system allows it, so nothing is left
    behind by a run that is killed.
    """
    database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
    database.execute("PRAGMA journal_mode = OFF")
    database.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    return database
