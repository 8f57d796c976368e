"""What an audit says beside its p-value: time stamps, earlier audits, the level of a family."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from membership.models.server.address import parse_address
from pipelines.bundle.write_bundle import Disclosure
from pipelines.reporting.provenance import program_version
from watermark.errors import ToolkitError
from watermark.limits import MAX_ALPHA, is_level
from watermark.vault.beforehand import Beforehand, Stamp, rejected_sites
from watermark.vault.custody import (
    CustodyLog,
    NotLoggedError,
    audit_settings,
    log_event,
    read_custody,
)
from watermark.vault.stamps import read_stamps
from watermark.vault.vault import Vault


@dataclass(frozen=True)
class Evidence:
    """What the auditor knows or wants beyond the test."""

    model_date: date | None = None
    """First day on which the suspect, or a model that it was made from, could be used."""
    tsa_roots: tuple[Path, ...] = ()
    """Certificates of time-stamping authorities that are trusted beside the public ones."""
    family: bool = False
    """Whether this audit gets a share of the level, so that all audits of the vault keep it."""
    bundle: Path | None = None
    """Zip file to write for others to check."""
    disclosure: Disclosure = field(default_factory=Disclosure)
    """What else the bundle may hold."""
    n_shown_sites: int = 0
    """How many sites the private page shows in their texts, the strongest first."""


NOTHING_MORE = Evidence()
"""No date, no further authorities, no bundle."""


@dataclass(frozen=True)
class AuditRecord:
    """One audit as the custody log knows it, from before it runs until its p-value is noted."""

    vault: Vault
    evidence: Evidence
    model: str
    """The suspect as the auditor named it; empty if it has no folder, file or address."""
    custody: CustodyLog
    stamps: tuple[Stamp, ...]
    settings_at: Callable[[float, str], dict[str, Any]]
    """The settings of the audit at a level and with a test."""
    level: float

    def conclude(self, test: str, pvalue: float) -> Beforehand:
        """Note the audit in the vault's custody log; return what its report says first.

        A log that cannot be written is no reason to lose the audit: the report says so.
        """
        this, not_logged = self.settings_at(self.level, test), ""
        try:
            log_event(self.vault.folder, "audit", program_version(), settings=this, pvalue=pvalue)
        except NotLoggedError as error:
            not_logged = str(getattr(error.__cause__, "strerror", error))
        return Beforehand(
            self.stamps,
            self.evidence.model_date,
            _oldest_file(Path(self.model)) if self.model else None,
            rejected_sites(self.vault.plan.corpus),
            self.custody.audits_before(this, pvalue),
            not_logged,
        )


def check_level(alpha: float | None) -> None:
    """Refuse a level at which innocent models would be found guilty, or that is not a number.

    Raises:
        ToolkitError: The message says what is wanted.
    """
    if alpha is not None and not is_level(alpha):
        raise ToolkitError(f"alpha must lie between 0 and {MAX_ALPHA}, got {alpha:g}")


def begin_audit(
    vault: Vault,
    evidence: Evidence,
    model: str,
    suspect: str,
    references: Sequence[str],
    *,
    alpha: float | None,
    n_resamples: int,
    seed: int,
    test: str = "",
    **more: Any,
) -> AuditRecord:
    """Read stamps and custody log of a vault and settle the level of an audit.

    Args:
        vault: The vault.
        evidence: What the auditor knows or wants.
        model: The suspect as the auditor named it; empty if it has no folder, file or address.
        suspect: Fingerprint of the suspect.
        references: Fingerprints of the references.
        alpha: The level instead of the planned one.
        n_resamples: Number of re-draws.
        seed: Seed for the re-draws.
        test: What the log will call the test; by default the planned one.
        more: Settings of one kind of audit, which the custody log keeps too.

    Raises:
        ToolkitError: The log was altered, or a stamp is not one.
    """
    custody = read_custody(vault.folder)
    stamps = read_stamps(vault.folder, evidence.tsa_roots)
    level = vault.plan.alpha if alpha is None else alpha

    def settings_at(at: float, test: str) -> dict[str, Any]:
        return audit_settings(suspect, references, test, at, n_resamples, seed, **more)

    if evidence.family:
        kept = _is_kept_on_this_machine(model)
        planned = test or vault.plan.test
        level = share_of_level(level, custody, lambda at: settings_at(at, planned) if kept else {})
    return AuditRecord(vault, evidence, model, custody, stamps, settings_at, level)


def share_of_level(
    level: float, custody: CustodyLog, settings_at: Callable[[float], Mapping[str, Any]]
) -> float:
    """Return the level of an audit, such that all audits of a vault together keep `level`.

    The k-th audit gets the share 1 / (k (k + 1)). All shares add up to 1, so the chance that any of
    these audits finds evidence against an innocent model is at most `level`, however many there
    are and whenever they stop. An audit that is repeated keeps the share that it had.

    Args:
        level: The level of all audits together.
        custody: The log of the vault.
        settings_at: The settings of this audit at a level; empty if its numbers cannot be the same
            again, because a server answers anew each time.
    """
    n_audits = custody.audits_before({}) + 1
    made = [entry["settings"] for entry in custody.entries if entry["event"] == "audit"]
    for n in range(1, n_audits):
        if settings_at(level / (n * (n + 1))) in made:
            return level / (n * (n + 1))
    return level / (n_audits * (n_audits + 1))


def _is_kept_on_this_machine(model: str) -> bool:
    """Tell whether a model is run from files here, so that it gives the same numbers again."""
    return bool(model) and parse_address(model) is None


def _oldest_file(model: Path) -> date | None:
    """Return the oldest date of a model's files, if it is on this machine."""
    paths = [model] if model.is_file() else [path for path in model.glob("*") if path.is_file()]
    times = [datetime.fromtimestamp(path.stat().st_mtime, UTC).date() for path in paths]
    return min(times, default=None)
