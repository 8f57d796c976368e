"""The job behind `stamp`: have authorities and OpenTimestamps stamp a vault's commitment."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from pipelines.reporting.provenance import program_version
from watermark.errors import ToolkitError
from watermark.vault.beforehand import Stamp
from watermark.vault.custody import log_event
from watermark.vault.opentimestamps import PROOF, complete_proof, is_proof_of, make_proof
from watermark.vault.plan import COMMITMENT, file_sha256, read_plan
from watermark.vault.stamps import (
    ANSWER,
    MAX_BYTES,
    STAMPS,
    add_stamp,
    check_stamp,
    read_roots,
    read_stamps,
    stamp_request,
)

PUBLIC_AUTHORITY = "http://timestamp.digicert.com"
"""Asked if none is named: its root is among the public ones."""


@dataclass(frozen=True)
class Stamping:
    """What became of a vault's stamps."""

    stamps: tuple[Stamp, ...]
    """All stamps of the vault, those that were there before too."""
    failed: tuple[str, ...]
    """Why an authority's answer was not stored, and what calendars said instead of an answer."""


def stamp_command(
    vault: Path,
    authorities: Sequence[str],
    root_files: Sequence[Path] = (),
    *,
    timeout: float = 30.0,
    opentimestamps: bool = False,
    calendars: Sequence[str] = (),
) -> Stamping:
    """Ask each authority for a stamp on a vault's commitment, and store the valid ones.

    What an authority learns is one hash. Neither the key nor the texts are opened.

    Args:
        vault: The vault.
        authorities: Addresses of RFC 3161 authorities.
        root_files: Certificates that are trusted beside the public ones.
        timeout: Seconds that each authority has, and OpenTimestamps.
        opentimestamps: Whether to make a proof, or to complete the pending ones of the vault.
        calendars: Calendars of OpenTimestamps instead of those that its program knows.

    Raises:
        ToolkitError: It is not a vault, or nobody gave a valid stamp; nothing was changed.
    """
    read_plan(vault)
    try:
        commitment = (vault / COMMITMENT).read_bytes()
    except OSError as error:
        raise ToolkitError(f"{vault / COMMITMENT}: cannot be read ({error.strerror})") from error
    roots = read_roots(root_files)
    failed: list[str] = []
    n_stamped = 0
    for url in authorities:
        try:
            request, nonce = stamp_request(commitment)
            answer = _ask(url, request, timeout)
            stamp = check_stamp(url, answer, commitment, roots, nonce)
        except (httpx.HTTPError, httpx.InvalidURL, _NoAnswerError) as error:
            failed.append(f"{url}: no stamp: {error or type(error).__name__}")
            continue
        if stamp.problem:
            failed.append(f"{url}: the stamp was not stored: {stamp.problem}")
        else:
            _keep(vault, answer, ANSWER)
            n_stamped += 1
    if opentimestamps:
        try:
            failed += _opentimestamps(vault, commitment, calendars, timeout)
            n_stamped += 1
        except ToolkitError as error:
            failed.append(f"OpenTimestamps: no proof: {error}")
    if not n_stamped:
        raise ToolkitError(
            f"{'; '.join(failed)}; nothing was changed. Check the connection, or name another "
            "authority (--tsa) or OpenTimestamps (--ots)"
        )
    return Stamping(read_stamps(vault, root_files), tuple(failed))


def _keep(vault: Path, content: bytes, ending: str) -> None:
    path = add_stamp(vault, content, ending)
    log_event(vault, "stamped", program_version(), file=path.name, sha256=file_sha256(path))


def _opentimestamps(
    vault: Path, commitment: bytes, calendars: Sequence[str], timeout: float
) -> list[str]:
    """Complete the pending proofs of a vault, or make its first; return what is still missing."""
    held = {path: path.read_bytes() for path in sorted((vault / STAMPS).glob(f"*{PROOF}"))}
    mine = {path: content for path, content in held.items() if is_proof_of(content, commitment)}
    if not mine:
        _keep(vault, make_proof(commitment, calendars, timeout), PROOF)
    missing = []
    for path, content in mine.items():
        completed, why = complete_proof(content, calendars, timeout)
        if completed != content:
            _keep(vault, completed, PROOF)
            path.unlink()
        if why:
            missing.append(f"{STAMPS}/{path.name}: not complete: {why}")
    return missing


class _NoAnswerError(Exception):
    """Raised when an authority does not answer as RFC 3161 says, or not in time."""


def _ask(url: str, request: bytes, timeout: float) -> bytes:
    """Return an authority's answer; the time limit is for the whole exchange."""
    deadline = time.monotonic() + timeout
    headers = {"Content-Type": "application/timestamp-query"}
    with httpx.stream("POST", url, content=request, headers=headers, timeout=timeout) as answer:
        if answer.status_code != 200:
            raise _NoAnswerError(f"wanted HTTP status 200, got {answer.status_code}")
        content = b""
        for piece in answer.iter_raw():
            content += piece
            if len(content) > MAX_BYTES:
                raise _NoAnswerError(f"the answer is longer than {MAX_BYTES:,} bytes")
            if time.monotonic() > deadline:
                raise _NoAnswerError(f"the answer was not complete after {timeout:g} s")
    return content
