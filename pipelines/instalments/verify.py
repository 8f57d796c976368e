"""Which job audits a vault: by licensee, over several instalments, or as a whole."""

from pathlib import Path
from typing import Any

from pipelines.instalments.instalments import verify_instalments_command
from pipelines.instalments.verify_editions import verify_editions_command
from pipelines.jobs.evidence import NOTHING_MORE, Evidence
from pipelines.jobs.verify import verify_any
from pipelines.jobs.verify_choices import USUAL, Asking, only_answers
from pipelines.loading.models import ModelOptions
from pipelines.reporting.editions import EditionsReport
from pipelines.reporting.report import Report
from watermark.errors import ToolkitError
from watermark.vault.streams import INSTALMENTS, has_instalments


def verify_parts(
    vault: Path,
    model: str,
    references: tuple[str, ...] | None,
    out: Path,
    options: ModelOptions,
    *,
    by_licensee: bool,
    instalments: str | None,
    asking: Asking = USUAL,
    n_null_keys: int = 0,
    evidence: Evidence = NOTHING_MORE,
    **settings: Any,
) -> Report | EditionsReport:
    """Audit a model with a vault: with all its instalments if it has some, or by licensee.

    Raises:
        ToolkitError: As the job that does it; or an option does not apply there.
    """
    names = [name.strip() for name in (instalments or "").split(",") if name.strip()]
    if not by_licensee and instalments is None and not has_instalments(vault):
        return verify_any(
            vault, model, references, out, options,
            asking=asking, n_null_keys=n_null_keys, evidence=evidence, **settings,
        )  # fmt: skip
    if by_licensee and instalments is not None:
        raise ToolkitError(
            "--editions tests the editions of one vault: name the folder of an instalment as "
            "--corpus instead of --instalments"
        )
    if instalments is not None and not names:
        raise ToolkitError("--instalments: wanted names separated by commas, got none")
    what = "--editions" if by_licensee else "several instalments"
    if only_answers(model) is not None or asking != USUAL:
        raise ToolkitError(f"{what}: needs a model that gives log-probabilities")
    if n_null_keys:
        raise ToolkitError(f"{what}: no simulated null there; leave out --simulate-null")
    if evidence.bundle is not None:
        alone = (
            "--editions" if by_licensee else f"name one as --corpus ({vault / INSTALMENTS}/NAME)"
        )
        raise ToolkitError(
            f"{what}: a bundle holds the audit of one vault with one key, and here are several; "
            f"leave out --bundle, or {alone}"
        )
    if by_licensee:
        return verify_editions_command(
            vault, model, references, out, options, evidence=evidence, **settings
        )
    return verify_instalments_command(
        vault, model, references, out, options, names=names, evidence=evidence, **settings
    )
