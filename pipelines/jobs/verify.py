"""The job behind `verify`: open vault and models, audit, write the report."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from membership.audit.audit import Audit, Settings, audit
from membership.detectors import default_detectors
from membership.evidence.redraw import simulate_null
from membership.traces.suspect import Suspect
from pipelines.bundle.write_bundle import Disclosure, write_bundle
from pipelines.loading.models import ModelOptions, check_base, load_model
from pipelines.reporting.provenance import describe_run, program_version
from pipelines.reporting.report import Report, write_report
from watermark.errors import PrerequisiteError, ToolkitError
from watermark.keys import KEY_BYTES, Key
from watermark.vault.beforehand import Beforehand, rejected_sites
from watermark.vault.custody import CustodyLog, audit_settings, log_event, read_custody
from watermark.vault.stamps import read_stamps
from watermark.vault.vault import COMMITMENT, PLAN, file_sha256, open_vault


@dataclass(frozen=True)
class Evidence:
    """What the auditor knows or wants beyond the test."""

    model_date: date | None = None
    """First day on which the suspect, or a model that it was made from, could be used."""
    tsa_roots: tuple[Path, ...] = ()
    """Certificates of time stamp authorities that are trusted beside the public ones."""
    family: bool = False
    """Whether the level is divided by the number of audits that were made with the vault."""
    bundle: Path | None = None
    """Zip file to write for others to check."""
    disclosure: Disclosure = field(default_factory=Disclosure)
    """What else the bundle may hold."""


def verify_command(
    vault_folder: Path,
    model: str,
    references: tuple[str, ...],
    out: Path,
    options: ModelOptions,
    *,
    key_file: Path | None = None,
    alpha: float | None = None,
    n_resamples: int = 99_999,
    seed: int = 0,
    n_null_keys: int = 0,
    evidence: Evidence = Evidence(),
) -> Report:
    """Audit a model with a vault, write the report into a new folder, and return it.

    The vault's custody log gets a line.

    Raises:
        ToolkitError: The report's folder exists, the vault was altered, or a model is not one.
    """
    began = datetime.now(UTC), time.monotonic()
    for target in filter(None, (out, evidence.bundle)):
        if target.exists():
            raise ToolkitError(
                f"{target}: exists already: name another one with --out or --bundle, or remove it"
            )
    vault = open_vault(vault_folder, key_file)
    if alpha is not None and not 0 < alpha < 1:
        raise ToolkitError(f"alpha must lie between 0 and 1, got {alpha:g}")
    custody, stamps = read_custody(vault_folder), read_stamps(vault_folder, evidence.tsa_roots)
    check_base((model, *references), options)
    suspect = load_model(model, options)
    others = {name: load_model(name, options) for name in references}
    level = vault.plan.alpha if alpha is None else alpha

    def settings_at(alpha: float, test: str) -> dict[str, Any]:
        fingerprints = [other.fingerprint for other in others.values()]
        return audit_settings(suspect.fingerprint, fingerprints, test, alpha, n_resamples, seed)

    if evidence.family:
        level = corrected_level(level, custody, lambda at: settings_at(at, vault.plan.test))
    bars = _Bars()
    settings = Settings(level, n_resamples, seed)
    result = audit(vault, suspect, others, default_detectors(), settings, bars.update)
    bars.close()
    null = _simulated_null(result, seed, n_null_keys) if n_null_keys else None
    run = describe_run(
        {
            "vault": {name: file_sha256(vault_folder / name) for name in (PLAN, COMMITMENT)},
            "suspect": _describe(suspect),
            "references": {name: _describe(other) for name, other in others.items()},
        },
        {"resampling": seed},
    )
    primary = result.verdict.primary
    this = settings_at(level, primary.test)
    beforehand = Beforehand(
        stamps,
        evidence.model_date,
        _oldest_file(Path(model)),
        rejected_sites(vault.plan.corpus),
        custody.audits_before(this),
    )
    report = Report(result, vault.plan, run, beforehand, null)
    log_event(vault_folder, "audit", program_version(), settings=this, pvalue=primary.pvalue)
    write_report(report, out, seconds=time.monotonic() - began[1], began=began[0])
    if evidence.bundle is not None:
        roots, disclosure = evidence.tsa_roots, evidence.disclosure
        write_bundle(evidence.bundle, report, out, vault, custody, roots, disclosure)
    return report


def corrected_level(
    level: float, custody: CustodyLog, settings_at: Callable[[float], Mapping[str, Any]]
) -> float:
    """Return the level divided by the number of audits of a vault, this one among them.

    An audit that is repeated keeps the level that it had.
    """
    n_audits = 1 + custody.audits_before(settings_at(level))
    for n in range(1, n_audits):
        if custody.audits_before(settings_at(level / n)) < n_audits - 1:
            return level / n
    return level / n_audits


def _simulated_null(result: Audit, seed: int, n_keys: int) -> NDArray[np.float64]:
    if not result.table.draws:
        raise PrerequisiteError(
            "--simulate-null runs the re-draw test for other keys, and this vault has no site "
            "that it could use; leave it out"
        )
    rng = np.random.default_rng([seed, 1])
    keys = [Key(rng.bytes(KEY_BYTES)) for _ in range(n_keys)]
    return simulate_null(result.table, keys, seed=seed)


def _oldest_file(model: Path) -> date | None:
    """Return the oldest date of a model's files, if it is on this machine."""
    paths = [model] if model.is_file() else [path for path in model.glob("*") if path.is_file()]
    times = [datetime.fromtimestamp(path.stat().st_mtime, UTC).date() for path in paths]
    return min(times, default=None)


def _describe(model: Suspect) -> Mapping[str, str]:
    return {"name": model.name, "fingerprint": model.fingerprint, "settings": model.settings}


class _Bars:
    """One progress bar a model, none if this is not a terminal."""

    def __init__(self) -> None:
        self._bar: tqdm | None = None

    def update(self, model: str, done: int, total: int) -> None:
        """Show how far a model is."""
        if done == 0:
            self.close()
            self._bar = tqdm(total=total, desc=f"reading with {model}", unit=" texts", disable=None)
        elif self._bar is not None:
            self._bar.update(done - self._bar.n)

    def close(self) -> None:
        """End the bar that is shown."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
