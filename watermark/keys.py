"""The key and the secret draws it decides. The only place where a coin is tossed."""

import hashlib
import hmac
import os
import sqlite3
import stat
import sys
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from watermark.encrypted_key import decrypt, is_encrypted
from watermark.errors import ToolkitError, VaultError
from watermark.safe_json import BoundsError, read_bytes
from watermark.temporary_database import temporary_database

KEY_BYTES = 32
HOLDOUT = "hold-out"
"""The purpose of the fractions that decide which documents are held out."""


class Coins(Protocol):
    """Whatever decides draws by their names: a key, or the keys of several instalments."""

    def draw(self, name: str, n_options: int) -> int:
        """Return the outcome of a draw, below `n_options`."""
        ...


@dataclass(frozen=True)
class Key:
    """The owner's secret. Its bytes are in no repr, no log and no message."""

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse anything but `KEY_BYTES` bytes."""
        if len(self.secret) != KEY_BYTES:
            raise VaultError(f"a key has {KEY_BYTES} bytes, this one has {len(self.secret)}")

    def digest(self, purpose: str, name: str) -> bytes:
        """Return HMAC-SHA256 of a name; purposes do not share digests."""
        message = f"leximark/{purpose}\0{name}".encode()
        return hmac.new(self.secret, message, hashlib.sha256).digest()

    def draw(self, name: str, n_options: int) -> int:
        """Return the outcome of a draw: uniform over `range(n_options)`, fixed by key and name.

        Draws of different names are independent of each other. The bias of the remainder is
        below 2**-240.
        """
        return int.from_bytes(self.digest("draw", name), "big") % n_options

    def fraction(self, purpose: str, name: str) -> int:
        """Return a uniform number below 2**64, for choosing a random share of things."""
        return int.from_bytes(self.digest(purpose, name)[:8], "big")

    def derive(self, kind: str, label: str) -> "Key":
        """Return the key of an instalment or an edition, which does not give this key away.

        Keys of different kinds or labels are independent of each other and of this one.

        Args:
            kind: What the key is for, `instalment` or `edition`.
            label: Its name.
        """
        return Key(self.digest("sub-key", f"{kind}\0{label}"))

    def commitment(self) -> str:
        """Return a hash that binds the owner to this key and can be published."""
        return hashlib.sha256(b"leximark/commitment\0" + self.secret).hexdigest()


def holdout_limit(names: Iterable[str], key: Key, share: float) -> int:
    """Return the limit of the documents that are held out, by the fractions of their names.

    The key gives every name a uniform random fraction, so those below the limit are a uniformly
    random subset of fixed size.
    """
    return limit_of_share((key.fraction(HOLDOUT, name) for name in names), share)


def limit_of_share(fractions: Iterable[int], share: float) -> int:
    """Return a limit such that `share` of the different fractions lie below it.

    A fraction that comes twice counts once: how many documents have one text must have no part in
    how many texts are held out. They are sorted on the disk, so memory does not grow with them.

    Raises:
        ToolkitError: They do not fit into the temporary folder.
    """
    middle = 2**63  # SQLite's integers have a sign
    different = "SELECT fraction FROM drawn GROUP BY fraction"
    try:
        with closing(temporary_database()) as database:
            database.execute("CREATE TABLE drawn (fraction INT)")
            database.execute("BEGIN")
            rows = ((fraction - middle,) for fraction in fractions)
            database.executemany("INSERT INTO drawn VALUES (?)", rows)
            (n_different,) = database.execute(f"SELECT count(*) FROM ({different})").fetchone()
            ordered = f"{different} ORDER BY fraction LIMIT 1 OFFSET ?"
            row = database.execute(ordered, (round(share * n_different),)).fetchone()
    except sqlite3.OperationalError as error:
        raise ToolkitError(
            f"the draws of the hold-out do not fit into the temporary folder ({error}); "
            "free some space, or set TMPDIR to a larger disk"
        ) from error
    return 2**64 if row is None else int(row[0]) + middle


def new_key() -> Key:
    """Draw a key from the operating system."""
    return Key(os.urandom(KEY_BYTES))


def read_key(path: Path) -> Key:
    """Read a key file: 32 raw bytes, as they are or encrypted by `age`.

    Raises:
        VaultError: There is no such file, or it does not hold exactly one key.
    """
    try:
        secret = decrypt(path) if is_encrypted(path) else read_bytes(path, KEY_BYTES)
    except BoundsError as error:
        raise VaultError(f"{path}: the key {error}") from error
    if len(secret) != KEY_BYTES:
        raise VaultError(
            f"{path}: not a key file: wanted {KEY_BYTES} raw bytes, found {len(secret)}"
        )
    return Key(secret)


def is_readable_by_others(path: Path) -> bool:
    """Tell whether other users of the machine may read a file."""
    return sys.platform != "win32" and bool(path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))


def write_key(path: Path, key: Key) -> None:
    """Write a key that only its owner can read; an existing file is never replaced."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(key.secret)
        file.flush()
        os.fsync(file.fileno())
