"""Run a program that fetches something; on failure give the reason in one line."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from shutil import which

from watermark.errors import AssetError


def run(command: Sequence[str], *, cwd: Path) -> str:
    """Return what a program prints; it is given no input and no terminal.

    Raises:
        AssetError: It is not installed, or it failed; the message is what it said last.
    """
    if which(command[0]) is None:
        raise AssetError(f"{command[0]} is not installed")
    done = subprocess.run(
        command, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise AssetError(_complaint(done.stderr) or f"{command[0]} ended with {done.returncode}")
    return done.stdout


def _complaint(stderr: str) -> str:
    """Return the line that says what is wrong: pip and apt mark it, a traceback ends with it.

    pip reports a wrong hash over several lines, of which those with the hashes matter most.
    """
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    hashes = [line for line in lines if line.startswith(("Expected sha256", "Got  "))]
    if hashes:
        return ", ".join(" ".join(line.split()) for line in hashes)
    marked = [line for line in lines if line.startswith(("ERROR:", "E:"))]
    if marked and marked[-1].endswith(":"):  # `ERROR: Exception:` announces a traceback
        marked = []
    complaint = (marked or lines or [""])[-1]
    return complaint if len(complaint) <= 200 else f"{complaint[:80]} ... {complaint[-115:]}"
