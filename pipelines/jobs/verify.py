"""The job behind `verify`: open vault and models, audit, write the report."""

import time
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import numpy as np
from tqdm import tqdm

from membership.audit.audit import Settings, audit, check_planned_detectors
from membership.detectors import default_detectors
from membership.evidence.redraw import simulate_null
from pipelines.loading.models import PROBED_TEXTS, ModelOptions, load_models
from pipelines.loading.vaults import open_owned
from pipelines.reporting.provenance import describe_model, describe_run
from pipelines.reporting.report import Report, write_report
from watermark.atomic import refuse_existing
from watermark.errors import PrerequisiteError, ToolkitError
from watermark.keys import KEY_BYTES, Key
from watermark.vault.plan import COMMITMENT, PLAN, file_sha256


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
) -> Report:
    """Audit a model with a vault, write the report into a new folder, and return it.

    Raises:
        ToolkitError: The report's folder exists, the vault was altered, or a model is not one.
    """
    began = datetime.now(UTC), time.monotonic()
    refuse_existing(out)
    vault = open_owned(vault_folder, key_file)
    check_planned_detectors(vault, default_detectors())
    if alpha is not None and not 0 < alpha < 1:
        raise ToolkitError(f"alpha must lie between 0 and 1, got {alpha:g}")
    texts = tuple(row.original for row in islice(vault.documents(), PROBED_TEXTS))
    suspect, others = load_models(model, references, replace(options, texts=texts))
    bars = _Bars()
    result = audit(
        vault,
        suspect,
        others,
        default_detectors(),
        Settings(alpha, n_resamples, seed),
        bars.update,
    )
    bars.close()
    null = None
    if n_null_keys:
        if not result.table.draws:
            raise PrerequisiteError(
                "--simulate-null runs the re-draw test for other keys, and this vault has no site "
                "that it could use; leave it out"
            )
        rng = np.random.default_rng([seed, 1])
        keys = [Key(rng.bytes(KEY_BYTES)) for _ in range(n_null_keys)]
        null = simulate_null(result.table, keys, seed=seed)
    run = describe_run(
        {
            "vault": {name: file_sha256(vault_folder / name) for name in (PLAN, COMMITMENT)},
            "suspect": describe_model(suspect),
            "references": {name: describe_model(other) for name, other in others.items()},
        },
        {"resampling": seed},
    )
    report = Report(result, vault.plan, run, null)
    write_report(report, out, seconds=time.monotonic() - began[1], began=began[0])
    return report


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
