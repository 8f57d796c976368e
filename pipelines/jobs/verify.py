"""The job behind `verify`: open vault and models, audit, write the report."""

import json
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from membership.audit.audit import Audit, Settings, audit
from membership.audit.verdict import Verdict
from membership.detectors import default_detectors
from membership.evidence.redraw import simulate_null
from membership.traces.suspect_protocol import Suspect
from pipelines.jobs.case import write_case
from pipelines.jobs.evidence import (
    NOTHING_MORE,
    AuditRecord,
    Evidence,
    begin_audit,
    check_level,
)
from pipelines.jobs.verify_choices import (
    USUAL,
    Asking,
    only_answers,
    plan_questions,
    verify_choices_command,
)
from pipelines.loading.models import PROBED_TEXTS, ModelOptions
from pipelines.loading.references import (
    choose_references,
    load_suspect_and_references,
    references_line,
)
from pipelines.loading.vaults import open_owned
from pipelines.reporting.provenance import describe_model, describe_run
from pipelines.reporting.report import Report
from watermark.atomic import refuse_existing
from watermark.errors import PrerequisiteError, ToolkitError
from watermark.keys import KEY_BYTES, Key
from watermark.vault.beforehand import Beforehand
from watermark.vault.plan import COMMITMENT, PLAN, file_sha256
from watermark.vault.vault import Vault


def verify_command(
    vault_folder: Path,
    model: str,
    references: tuple[str, ...] | None,
    out: Path,
    options: ModelOptions,
    *,
    key_file: Path | None = None,
    alpha: float | None = None,
    n_resamples: int = 99_999,
    seed: int = 0,
    n_null_keys: int = 0,
    evidence: Evidence = NOTHING_MORE,
) -> Report:
    """Audit a model with a vault, write the report into a new folder, and return it.

    An empty `references` means no reference, None those of the plan. A line is added to the vault's
    custody log. `n_null_keys` is the number of other keys tested for `--simulate-null`.

    Raises:
        ToolkitError: The report's folder exists, the vault was altered, or a model is not one.
    """
    began = datetime.now(UTC), time.monotonic()
    for target in filter(None, (out, evidence.bundle)):
        refuse_existing(target)
    vault = open_owned(vault_folder, key_file)
    check_level(alpha)
    texts = tuple(row.original for row in islice(vault.documents(), PROBED_TEXTS))
    chosen = choose_references(references, vault.plan)
    suspect, others, chosen = load_suspect_and_references(
        model, chosen, replace(options, texts=texts)
    )
    result, beforehand, record = logged_audit(
        vault, model, suspect, others, alpha=alpha, n_resamples=n_resamples, seed=seed,
        evidence=evidence,
    )  # fmt: skip
    null = _simulated_null(result, seed, n_null_keys) if n_null_keys else None
    run = describe_run(
        {
            "vault": {name: file_sha256(vault_folder / name) for name in (PLAN, COMMITMENT)},
            "suspect": describe_model(suspect),
            "references": {name: describe_model(other) for name, other in others.items()},
        },
        {"resampling": seed},
    )
    line = references_line(others, chosen)
    report = Report(result, vault.plan, run, beforehand, null, line)
    write_case(report, record, out, seconds=time.monotonic() - began[1], began=began[0])
    return report


def logged_audit(
    vault: Vault,
    model: str,
    suspect: Suspect,
    references: Mapping[str, Suspect],
    *,
    alpha: float | None,
    n_resamples: int,
    seed: int,
    evidence: Evidence = NOTHING_MORE,
) -> tuple[Audit, Beforehand, AuditRecord]:
    """Audit a suspect with a vault, whose custody log gets a line.

    Args:
        vault: The vault.
        model: The suspect as the auditor named it; empty if it was open already.
        suspect: The suspect.
        references: Models that have not seen the marked text, by name.
        alpha: Level instead of the planned one.
        n_resamples: Number of re-draws.
        seed: Seed of the re-draws.
        evidence: What the auditor knows or wants beyond the test.

    Returns:
        The audit, what a report says before it, and the record of both.

    Raises:
        ToolkitError: No test can be run, or the custody log was altered.
    """
    fingerprints = [other.fingerprint for other in references.values()]
    record = begin_audit(
        vault, evidence, model, suspect.fingerprint, fingerprints,
        alpha=alpha, n_resamples=n_resamples, seed=seed,
    )  # fmt: skip
    bars = Bars()
    settings = Settings(record.level, n_resamples, seed)
    result = audit(vault, suspect, references, default_detectors(), settings, bars.update)
    bars.close()
    primary = result.verdict.primary
    return result, record.conclude(primary.test, primary.pvalue), record


def notebook_verdict(
    vault: Vault,
    model: str,
    suspect: Suspect,
    references: Mapping[str, Suspect],
    alpha: float | None,
    n_resamples: int,
    seed: int,
) -> Verdict:
    """Return the verdict of an audit without a report; stderr gets what a report says of the log.

    The arguments are those of `logged_audit`.
    """
    result, beforehand, _ = logged_audit(
        vault, model, suspect, references, alpha=alpha, n_resamples=n_resamples, seed=seed
    )
    for line in beforehand.audit_lines():
        print(f"leximark: {vault.folder}: {line}", file=sys.stderr)
    return result.verdict


def _simulated_null(result: Audit, seed: int, n_keys: int) -> NDArray[np.float64]:
    if not result.table.draws:
        raise PrerequisiteError(
            "--simulate-null runs the re-draw test for other keys, and this vault has no site "
            "that it could use; leave it out"
        )
    rng = np.random.default_rng([seed, 1])
    keys = [Key(rng.bytes(KEY_BYTES)) for _ in range(n_keys)]
    return simulate_null(result.table, keys, seed=seed)


def verify_any(
    vault_folder: Path,
    model: str,
    references: tuple[str, ...] | None,
    out: Path,
    options: ModelOptions,
    *,
    asking: Asking = USUAL,
    n_null_keys: int = 0,
    **settings: Any,
) -> Report:
    """Audit a model by its log-probabilities, or by its answers where it gives only words.

    Raises:
        ToolkitError: As `verify_command`; or an option does not apply to this kind of model.
    """
    address = only_answers(model)
    if address is None:
        if asking != USUAL:
            raise ToolkitError(
                f"{model}: gives log-probabilities and is not asked questions; leave out "
                "--answers, --budget, --context-words and --flip-options, or name a chat+ or "
                "text+ address"
            )
        return verify_command(
            vault_folder, model, references, out, options, n_null_keys=n_null_keys, **settings
        )
    if n_null_keys and asking.budget is not None:
        raise ToolkitError("--simulate-null runs the re-draw test; leave it or --budget out")
    return verify_choices_command(
        vault_folder, address, references, out, options, asking, n_null_keys=n_null_keys, **settings
    )


def write_cost(
    vault_folder: Path, model: str, asking: Asking, key_file: Path | None, *, as_json: bool
) -> str:
    """Return what asking a model would cost, in a sentence or as JSON.

    Raises:
        ToolkitError: The model is not asked questions, or the vault was altered.
    """
    address = only_answers(model)
    if address is None:
        raise ToolkitError(
            f"--dry-run: {model} is not asked questions; it states the cost of a chat+ or text+ "
            "address"
        )
    cost = plan_questions(vault_folder, address, asking, key_file)
    if as_json:
        return json.dumps(asdict(cost), indent=2)
    return (
        f"Would ask {cost.n_questions:,} questions in {cost.n_calls:,} calls: about "
        f"{cost.n_prompt_tokens:,} prompt tokens and {cost.n_answer_tokens:,} answer tokens"
    )


class Bars:
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
