"""OpenTimestamps proofs on a vault's commitment, made and checked by the program `ots`.

A proof is a way from the commitment to the Merkle root of a Bitcoin block. A calendar server gives
its beginning at once, and the rest when a block holds it, some hours later. A proof counts only if
the Bitcoin node of whoever checks it has that block; until then it is pending.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from watermark.errors import PrerequisiteError, VaultError
from watermark.vault.beforehand import Stamp
from watermark.vault.plan import COMMITMENT

PROOF = ".ots"
"""How the name of a proof ends."""
HEADER = b"\0OpenTimestamps\0\0Proof\0\xbf\x89\xe2\xe8\x84\xe8\x92\x94\x01\x08"
"""How a proof of format 1 begins; the SHA-256 of what it is about follows."""
INSTALL = "OpenTimestamps needs its program `ots`: pip install opentimestamps-client"
CALENDARS_NEEDED = 2
SECONDS = 60.0
CLOCK_ERROR = timedelta(hours=2)
"""How far the time in a block's header may lie from the true one, by the rules of Bitcoin."""
_BLOCK = re.compile(r"To verify manually, check that Bitcoin block (\d+) has merkleroot (\w{64})")
_CONFIRMED = re.compile(r"Success! Bitcoin block (\d+) attests existence as of (\S{10}) UTC")


def make_proof(commitment: bytes, calendars: Sequence[str], timeout: float) -> bytes:
    """Return a pending proof from the calendars named, or else from those that `ots` knows.

    What a calendar learns is one salted hash.

    Raises:
        PrerequisiteError: `ots` is not installed, or did not end in time.
        VaultError: Too few calendars answered.
    """
    named = [word for url in calendars for word in ("--calendar", url)]
    needed = min(CALENDARS_NEEDED, len(calendars) or CALENDARS_NEEDED)
    limits = ["--timeout", str(max(1, round(timeout))), "-m", str(needed)]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / COMMITMENT).write_bytes(commitment)
        status, lines = _ots(["stamp", *limits, *named, COMMITMENT], folder, timeout + 10)
        if status:
            raise VaultError(lines[-1])
        return (Path(folder) / f"{COMMITMENT}{PROOF}").read_bytes()


def complete_proof(content: bytes, calendars: Sequence[str], timeout: float) -> tuple[bytes, str]:
    """Ask the calendars of a pending proof for the rest; return it, and why it is not complete.

    Of calendars that `ots` does not know only those named are asked.

    Raises:
        PrerequisiteError: `ots` is not installed, or did not end in time.
    """
    named = [word for url in calendars for word in ("--whitelist", url)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{COMMITMENT}{PROOF}"
        path.write_bytes(content)
        status, lines = _ots([*named, "upgrade", path.name], folder, timeout)
        return path.read_bytes(), "; ".join(lines) if status else ""


def is_proof_of(content: bytes, commitment: bytes) -> bool:
    """Tell whether a proof begins at a commitment."""
    return content.startswith(HEADER + hashlib.sha256(commitment).digest())


def expected_block(content: bytes, commitment: bytes) -> str:
    """Return which block a proof leads to, for a reader, or nothing while it has none.

    Asks nobody: the block can be looked up anywhere.

    Raises:
        PrerequisiteError: `ots` is not installed.
        VaultError: It is not a proof of this commitment.
    """
    if not is_proof_of(content, commitment):
        raise VaultError("it is not an OpenTimestamps proof of this commitment")
    _, lines = _verify(content, commitment, "--no-bitcoin")
    for line in lines:
        if found := _BLOCK.fullmatch(line):
            return f"Bitcoin block {found[1]} must have the Merkle root {found[2]}"
    if any("not in whitelist" in line for line in lines):
        return ""
    raise VaultError(f"it leads to no Bitcoin block ({lines[-1]})")


def confirm(name: str, content: bytes, commitment: bytes) -> Stamp:
    """Return a proof as the Bitcoin node of this machine confirms it.

    Its time is the latest that the block can have been made at.

    Raises:
        PrerequisiteError: It cannot be decided here and now; says why, and what would decide it.
        VaultError: It is not a proof of this commitment, or the node has another block.
    """
    block = expected_block(content, commitment)
    if not block:
        raise PrerequisiteError("no Bitcoin block holds it yet")
    status, lines = _verify(content, commitment)
    for line in lines:
        if status == 0 and (found := _CONFIRMED.fullmatch(line)):
            day = datetime.strptime(found[2], "%Y-%m-%d").replace(tzinfo=UTC)
            time = day + timedelta(days=1) + CLOCK_ERROR
            return Stamp(name, time, f"OpenTimestamps, Bitcoin block {found[1]}")
    if any(line.startswith("Bitcoin verification failed") for line in lines):
        raise VaultError(f"it does not hold: {block}, and it has another")
    why = lines[-1].partition(":")[0]  # what follows names folders of this machine
    raise PrerequisiteError(f"{block}; no Bitcoin node here could say whether it has: {why}")


def check_proof(name: str, content: bytes, commitment: bytes) -> Stamp:
    """Check a proof with `ots`; a proof that cannot be decided here is pending, and says why."""
    try:
        return confirm(name, content, commitment)
    except PrerequisiteError as error:
        return Stamp(name, None, "", f"it is pending ({error})")
    except VaultError as error:
        return Stamp(name, None, "", str(error))


def _verify(content: bytes, commitment: bytes, *options: str) -> tuple[int, list[str]]:
    """Run `ots verify`, which asks no calendar here."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / COMMITMENT).write_bytes(commitment)
        (Path(folder) / f"{COMMITMENT}{PROOF}").write_bytes(content)
        arguments = ["--no-default-whitelist", *options, "verify", f"{COMMITMENT}{PROOF}"]
        return _ots(arguments, folder, SECONDS)


def _ots(arguments: Sequence[str], folder: str, timeout: float) -> tuple[int, list[str]]:
    """Run `ots` in a folder; return its status and the lines that it wrote, at least one."""
    places = [os.environ.get("PATH", ""), str(Path(sys.executable).parent)]
    program = shutil.which("ots", path=os.pathsep.join(places))
    if program is None:
        raise PrerequisiteError(INSTALL)
    try:
        done = subprocess.run(
            [program, "--no-cache", *arguments],
            cwd=folder, env={**os.environ, "TZ": "UTC"}, stdin=subprocess.DEVNULL,
            capture_output=True, timeout=timeout, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise PrerequisiteError(f"`ots` had not ended after {timeout:g} s") from error
    said = done.stderr.decode(errors="replace") + done.stdout.decode(errors="replace")
    lines = ["".join(c for c in line if c.isprintable())[:300] for line in said.splitlines()]
    return done.returncode, [line for line in lines if line] or ["no reason given"]
