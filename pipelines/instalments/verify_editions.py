"""The job behind `verify --editions`: which editions a model was trained on."""

import time
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from membership.audit.audit import check_references
from membership.audit.corpus import load_audit_corpus
from membership.audit.departures import departures
from membership.audit.observations import observe
from membership.evidence.editions import editions_test
from membership.evidence.reference_check import (
    reference_cautions,
    reference_pvalues,
    unchecked_references,
)
from membership.scoring import assemble_panel
from pipelines.jobs.evidence import NOTHING_MORE, Evidence, begin_audit, check_level
from pipelines.jobs.verify import Bars
from pipelines.loading.models import PROBED_TEXTS, ModelOptions
from pipelines.loading.references import (
    choose_references,
    load_suspect_and_references,
    references_line,
)
from pipelines.loading.vaults import open_owned
from pipelines.reporting.editions import EditionsReport, write_editions_report
from pipelines.reporting.provenance import describe_model, describe_run
from watermark.atomic import refuse_existing
from watermark.vault.editions import edition_key, licensees_of
from watermark.vault.plan import COMMITMENT, PLAN, file_sha256

N_FRESH_SETS = 1_999
"""Fresh sets of keys, one key a licensee, with which the preferences of references are compared."""


def verify_editions_command(
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
    evidence: Evidence = NOTHING_MORE,
) -> EditionsReport:
    """Test which editions a model was trained on, write the report, and return it.

    The suspect is read once: its table of preferences is the same for all editions.

    Raises:
        ToolkitError: The report's folder exists, the vault or its list was altered, or a model is
            not one.
    """
    check_level(alpha)
    began = datetime.now(UTC), time.monotonic()
    refuse_existing(out)
    vault = open_owned(vault_folder, key_file)
    keys = {name: edition_key(vault, name) for name in licensees_of(vault)}
    texts = tuple(row.original for row in islice(vault.documents(), PROBED_TEXTS))
    chosen = choose_references(references, vault.plan)
    suspect, others, chosen = load_suspect_and_references(
        model, chosen, replace(options, texts=texts)
    )
    check_references(suspect, others)
    record = begin_audit(
        vault, evidence, model, suspect.fingerprint, [o.fingerprint for o in others.values()],
        alpha=alpha, n_resamples=n_resamples, seed=seed, test="editions",
    )  # fmt: skip
    bars = Bars()
    found = observe(load_audit_corpus(vault), assemble_panel({}, suspect, others), bars.update)
    bars.close()
    table = found.site_logprobs.table()
    result = editions_test(table, keys, alpha=record.level, n_resamples=n_resamples, seed=seed)
    pvalues = reference_pvalues(
        found.site_logprobs.reference_tables(), list(keys.values()), n_resamples=N_FRESH_SETS
    )
    cautions = (*reference_cautions(pvalues), *unchecked_references(pvalues))
    said = departures(
        [vault.plan], test="redraw", alpha=record.level, references=tuple(others), seed=seed,
        n_resamples=n_resamples,
    )  # fmt: skip
    run = describe_run(
        {
            "vault": {name: file_sha256(vault_folder / name) for name in (PLAN, COMMITMENT)},
            "suspect": describe_model(suspect),
            "references": {name: describe_model(other) for name, other in others.items()},
        },
        {"resampling": seed},
    )
    beforehand = record.conclude("editions", result.some_pvalue)
    line = references_line(others, chosen)
    report = EditionsReport(result, run, beforehand, said, cautions, line)
    write_editions_report(report, out, seconds=time.monotonic() - began[1], began=began[0])
    return report
