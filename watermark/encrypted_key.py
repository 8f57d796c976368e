"""A key that is kept encrypted by `age`, and decrypted by that program when it is needed."""

import os
import shutil
import subprocess
from pathlib import Path

from watermark.errors import VaultError

HEADER = b"age-encryption.org/v1\n"
"""How a file that `age` wrote begins."""
ARMOURED = b"-----BEGIN AGE ENCRYPTED FILE-----"
IDENTITY = "LEXIMARK_AGE_IDENTITY"
"""Environment variable with the file of the identity; without it `age` asks for a passphrase."""
MOST_BYTES = 64 * 1024
SECONDS = 300


def is_encrypted(path: Path) -> bool:
    """Tell whether a file was written by `age`."""
    try:
        with path.open("rb") as file:
            start = file.read(len(ARMOURED))
    except OSError:
        return False
    return start.startswith(HEADER) or start == ARMOURED


def decrypt(path: Path) -> bytes:
    """Return the content of a file that `age` encrypted; nothing of it is written anywhere.

    Raises:
        VaultError: `age` is not installed, or cannot decrypt the file.
    """
    program = shutil.which("age")
    if program is None:
        raise VaultError(
            f"{path}: the key is encrypted with age, which is not installed: install it, or "
            "decrypt the key to an encrypted disk and name it with --key-file"
        )
    if path.stat().st_size > MOST_BYTES:
        raise VaultError(f"{path}: wanted an encrypted key of at most {MOST_BYTES:,} bytes")
    identity = os.environ.get(IDENTITY)
    chosen = ["--identity", identity] if identity else []
    try:
        done = subprocess.run(
            [program, "--decrypt", *chosen, str(path)],
            capture_output=True, timeout=SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise VaultError(f"{path}: age did not decrypt the key within {SECONDS} s") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
        raise VaultError(
            f"{path}: age cannot decrypt the key ({said[0][:200]}); {IDENTITY} names the file of "
            "the identity, without it age asks for a passphrase"
        )
    return done.stdout
