"""The jobs behind `mark --append-to`, `instalments` and `verify --instalments`."""

import difflib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from shlex import quote

from membership.audit.audit import Audit, check_references
from membership.audit.corpus import load_audit_corpus
from membership.audit.departures import departures
from membership.audit.observations import observe
from membership.audit.streams import JoinedKey, join_corpora, stream_results
from membership.audit.verdict import Verdict
from membership.evidence.result import TestResult
from membership.scoring import assemble_panel
from membership.traces.suspect_protocol import Suspect
from pipelines.jobs.case import case_pages, insight_of
from pipelines.jobs.evidence import (
    NOTHING_MORE,
    AuditRecord,
    Evidence,
    begin_audit,
    check_level,
)
from pipelines.jobs.verify import Bars
from pipelines.loading.models import PROBED_TEXTS, ModelOptions
from pipelines.loading.references import (
    choose_references,
    load_suspect_and_references,
    references_line,
)
from pipelines.loading.vaults import open_owned
from pipelines.reporting.provenance import Run, describe_model, describe_run, program_version
from pipelines.reporting.report import Report, write_report
from watermark.atomic import refuse_existing
from watermark.errors import ToolkitError, VaultError
from watermark.vault.beforehand import Beforehand
from watermark.vault.custody import log_event
from watermark.vault.plan import COMMITMENT, PLAN, file_sha256
from watermark.vault.streams import FIRST, Instalment, check_derived, owner_keys, read_chain
from watermark.vault.vault import Vault


@dataclass(frozen=True)
class Listed:
    """An instalment in a list."""

    name: str
    n_documents: int
    n_sites: int
    key_since: str
    """The first instalment with the same owner's key."""
    compromised: str
    """When that key was marked as compromised; empty if it was not."""


def instalments_command(vault: Path, compromised: str | None = None) -> list[Listed]:
    """Return the instalments of a vault; first mark the key of one as compromised, if asked to.

    Raises:
        VaultError: The chain is broken, or there is no such instalment.
    """
    chain = read_chain(vault)
    if compromised is not None:
        (found,) = named_instalments(vault, chain, (compromised,))
        if not found.compromised:
            log_event(
                vault,
                "compromised",
                program_version(),
                owner_key=found.owner_key,
                instalment=found.name,
            )
        chain = read_chain(vault)
    since: dict[str, str] = {}
    return [
        Listed(
            each.name,
            each.plan.corpus["n_documents"],
            each.plan.corpus["n_sites"],
            since.setdefault(each.owner_key, each.name),
            each.compromised,
        )
        for each in chain
    ]


def named_instalments(
    vault: Path, chain: Sequence[Instalment], names: Sequence[str]
) -> list[Instalment]:
    """Return the named instalments in the order of the stream; without names, all.

    Raises:
        VaultError: One is not there; the message lists names that are close.
    """
    known = [each.name for each in chain]
    for name in names:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=3, cutoff=0.4) or known[-3:]
            raise VaultError(
                f"{vault}: no instalment {name!r:.80}: there are {len(known):,}, such as "
                f"{', '.join(close)} (`leximark instalments {quote(str(vault))}` lists them)"
            )
    return [each for each in chain if not names or each.name in names]


def verify_instalments_command(
    vault_folder: Path,
    model: str,
    references: tuple[str, ...] | None,
    out: Path,
    options: ModelOptions,
    *,
    names: Sequence[str] = (),
    key_file: Path | None = None,
    alpha: float | None = None,
    n_resamples: int = 99_999,
    seed: int = 0,
    evidence: Evidence = NOTHING_MORE,
) -> Report:
    """Audit a model with several instalments of a vault, write the report, and return it.

    The custody log of every instalment gets a line.

    Raises:
        ToolkitError: The chain is broken, an instalment is not there, or as `verify_command`.
    """
    check_level(alpha)
    began = datetime.now(UTC), time.monotonic()
    refuse_existing(out)
    parts, left_out = _open_parts(vault_folder, names, key_file)
    first = next(iter(parts.values()))
    texts = tuple(row.original for row in islice(first.documents(), PROBED_TEXTS))
    chosen = choose_references(references, first.plan)
    suspect, others, chosen = load_suspect_and_references(
        model, chosen, replace(options, texts=texts)
    )
    check_references(suspect, others)
    records = [
        begin_audit(
            vault, evidence, model, suspect.fingerprint,
            [o.fingerprint for o in others.values()], alpha=alpha, n_resamples=n_resamples,
            seed=seed, test="redraw", instalments=sorted(parts),
        )
        for vault in parts.values()
    ]  # fmt: skip
    level = min(record.level for record in records)
    corpus = join_corpora({name: load_audit_corpus(vault) for name, vault in parts.items()})
    bars = Bars()
    found = observe(corpus, assemble_panel({}, suspect, others), bars.update)
    bars.close()
    keys = {name: vault.key for name, vault in parts.items()}
    table, joint, bets = stream_results(
        found.site_logprobs,
        JoinedKey(keys),
        left_out,
        alpha=level,
        n_resamples=n_resamples,
        seed=seed,
    )
    said = departures(
        [vault.plan for vault in parts.values()], test=joint.test, alpha=level,
        references=tuple(others), seed=seed, n_resamples=n_resamples,
    )  # fmt: skip
    said += (f"instalments: all by default, {len(parts):,} named ones used",) * bool(names)
    joint = _with_other_models(joint, records, suspect.fingerprint)
    audit = Audit(Verdict(joint, level, (bets,), said, {}), found, table)
    run = _describe(parts, suspect, others, seed)
    beforehand = _conclude(records, joint.pvalue)
    report = Report(audit, first.plan, run, beforehand, None, references_line(others, chosen))
    insight = insight_of(report, JoinedKey(keys), evidence.n_shown_sites)
    write_report(
        report, out, case_pages(report, insight),
        seconds=time.monotonic() - began[1], began=began[0],
    )  # fmt: skip
    return report


def _describe(
    parts: Mapping[str, Vault], suspect: Suspect, others: Mapping[str, Suspect], seed: int
) -> Run:
    return describe_run(
        {
            "instalments": {
                name: {file: file_sha256(vault.folder / file) for file in (PLAN, COMMITMENT)}
                for name, vault in parts.items()
            },
            "suspect": describe_model(suspect),
            "references": {name: describe_model(other) for name, other in others.items()},
        },
        {"resampling": seed},
    )


def _open_parts(
    folder: Path, names: Sequence[str], key_file: Path | None
) -> tuple[dict[str, Vault], tuple[str, ...]]:
    """Open instalments whose keys were not compromised; say what was left out and not checked."""
    chain = read_chain(folder)
    wanted = named_instalments(folder, chain, names)
    keys = owner_keys(folder, chain, key_file)
    parts: dict[str, Vault] = {}
    unchecked: list[str] = []
    for each in wanted:
        if each.compromised:
            continue
        vault = open_owned(each.folder, key_file if each.name == FIRST else None)
        if not check_derived(each, vault.key, keys):
            unchecked.append(each.name)
        parts[each.name] = vault
    excluded = [each for each in wanted if each.compromised]
    if not parts:
        raise ToolkitError(
            f"{folder}: the key of every named instalment was marked as compromised, so none is "
            "evidence"
        )
    said = []
    if excluded:
        shown = ", ".join(each.name for each in excluded)
        said.append(
            f"Left out: {len(excluded):,} instalments whose key was marked as compromised "
            f"({excluded[0].compromised}): {shown:.300}"
        )
    if unchecked:
        said.append(
            f"Not checked: whether the keys of {len(unchecked):,} instalments follow from the "
            f"owner's key, which is not here (--key-file): {', '.join(unchecked):.300}"
        )
    return parts, tuple(said)


def _with_other_models(
    result: TestResult, records: Sequence[AuditRecord], suspect: str
) -> TestResult:
    """Return a result that says how many other models were audited with these instalments.

    The bets hold for one model at all times. Another release of it is another model: its bets on
    the same coins are a test of its own.
    """
    others = {
        entry["settings"].get("suspect")
        for record in records
        for entry in record.custody.entries
        if entry["event"] == "audit"
    } - {suspect}
    if not others:
        return result
    models = f"{len(others):,} other model{'s' if len(others) > 1 else ''}"
    caution = (
        f"The custody log names {models} audited with these instalments. Each release of a model "
        "is a test of its own: that bets may be looked at any time holds for each of them, not for "
        "the best of them (--family gives each audit its share of the level)"
    )
    return replace(result, cautions=(*result.cautions, caution))


def _conclude(records: Sequence[AuditRecord], pvalue: float) -> Beforehand:
    """Note the audit in every custody log; return what is known of the least certain instalment."""
    found = [record.conclude("redraw", pvalue) for record in records]
    weakest = min(found, key=lambda each: (each.is_shown, -len(each.stamps)))
    rejected = [each.n_rejected for each in found if each.n_rejected is not None]
    return replace(
        weakest,
        n_rejected=sum(rejected) if rejected else None,
        audits_before=max(each.audits_before for each in found),
    )
