"""The custody log of a vault: what it was used for, in lines that are chained by their hashes.

A line can be added and none can be changed, removed or moved without breaking the chain, so that
many audits of which one is shown do not stay hidden. The log cannot stop an owner from working on a
copy of the vault; its head can be told to others, or stamped, to bind it.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from watermark.atomic import alone_in
from watermark.errors import VaultError
from watermark.vault.plan import COMMITMENT, file_sha256, read_plan

CUSTODY = "custody.jsonl"
"""Its name in the vault; no hash of the vault covers it."""
Event = Literal["made", "stamped", "audit", "challenge", "compromised"]


class NotLoggedError(VaultError):
    """Raised when the log of a vault cannot be written, as on a read-only disk."""


BEGINNING = "0" * 64
MAX_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class CustodyLog:
    """A log whose chain holds."""

    content: bytes = b""
    entries: tuple[Mapping[str, Any], ...] = ()

    @property
    def head(self) -> str:
        """The hash of the last line, which fixes all lines before it."""
        lines = self.content.splitlines(keepends=True)
        return hashlib.sha256(lines[-1]).hexdigest() if lines else BEGINNING

    def audits_before(self, settings: Mapping[str, Any], pvalue: float | None = None) -> int:
        """Return how many different audits were made, apart from repetitions of this one.

        An audit with the same settings and another p-value is another one: the model was asked
        anew. As long as this p-value is not known, one with the same settings is a repetition.
        """
        audits = [entry for entry in self.entries if entry["event"] == "audit"]
        distinct = {_told_apart(entry["settings"], entry.get("pvalue")) for entry in audits}
        if pvalue is not None:
            return len(distinct - {_told_apart(settings, pvalue)})
        return len(distinct) - any(dict(settings) == entry["settings"] for entry in audits)


def _told_apart(settings: Mapping[str, Any], pvalue: float | None) -> str:
    return json.dumps([settings, pvalue], sort_keys=True)


def audit_settings(
    suspect: str,
    references: Sequence[str],
    test: str,
    alpha: float,
    n_resamples: int,
    seed: int,
    **more: Any,
) -> dict[str, Any]:
    """Return what tells one audit from another: models by their fingerprints, and settings.

    `more` are those of one kind of audit, such as how a model was asked.
    """
    return {
        **more,
        "suspect": suspect,
        "references": sorted(references),
        "test": test,
        "alpha": alpha,
        "n_resamples": n_resamples,
        "seed": seed,
    }


def read_custody(vault: Path) -> CustodyLog:
    """Read the log of a vault, which may have none yet.

    Raises:
        VaultError: The chain is broken; the message names the line.
    """
    path = vault / CUSTODY
    if not path.exists():
        return CustodyLog()
    if path.stat().st_size > MAX_BYTES:
        raise VaultError(f"{path}: wanted at most {MAX_BYTES:,} bytes")
    content = path.read_bytes()
    previous, entries = BEGINNING, []
    for number, line in enumerate(content.splitlines(keepends=True), 1):
        try:
            entry = json.loads(line)
            holds = entry["previous"] == previous and line.endswith(b"\n")
            holds = holds and _has_its_fields(entry)
        except (ValueError, TypeError, KeyError, RecursionError):
            holds = False
        if not holds:
            raise VaultError(
                f"{path}:{number}: the chain breaks here: a line was changed, moved or removed "
                "since it was written"
            )
        previous = hashlib.sha256(line).hexdigest()
        entries.append(entry)
    return CustodyLog(content, tuple(entries))


def _has_its_fields(entry: Mapping[str, Any]) -> bool:
    """Tell whether an entry has what is read from entries of its kind."""
    if entry["event"] == "audit":
        return isinstance(entry["settings"], dict)
    if entry["event"] == "compromised":
        return isinstance(entry["owner_key"], str) and isinstance(entry["time"], str)
    return isinstance(entry["event"], str)


def log_event(vault: Path, event: Event, program: str, **fields: Any) -> None:
    """Add a line to the log; the first one says what the vault was made with.

    Raises:
        VaultError: The chain is broken, or another run is writing.
        NotLoggedError: The file cannot be written.
    """
    with alone_in(vault) as alone:
        if not alone:
            raise VaultError(f"{vault}: another run is writing its custody log: try again")
        log = read_custody(vault)
        lines: list[dict[str, Any]] = []
        if not log.entries:
            made_with = read_plan(vault).made_with
            commitment = file_sha256(vault / COMMITMENT)
            lines.append({"event": "made", "made_with": made_with, "commitment": commitment})
        now = datetime.now(UTC).isoformat(timespec="seconds")
        lines.append({"event": event, "time": now, "program": program, **fields})
        _append(vault / CUSTODY, log.head, lines)


def _append(path: Path, head: str, lines: Sequence[Mapping[str, Any]]) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(handle, "ab") as file:
            for fields in lines:
                text = json.dumps({"previous": head, **fields}, sort_keys=True, allow_nan=False)
                line = text.encode() + b"\n"
                head = hashlib.sha256(line).hexdigest()
                file.write(line)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise NotLoggedError(f"{path}: cannot be written ({error.strerror})") from error
