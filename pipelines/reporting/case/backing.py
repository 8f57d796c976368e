"""What an audit assumes, and what backs each assumption: stamp, plan, custody log, or nothing."""

from collections.abc import Iterator
from dataclasses import dataclass

from pipelines.reporting.report import Report


@dataclass(frozen=True)
class Assumption:
    """One thing that must hold, for a reader who has to decide whether it does."""

    claim: str
    backed_by: str
    is_backed: bool


def assumptions_of(report: Report) -> Iterator[Assumption]:
    """Yield the assumptions of an audit in the order of their weight."""
    yield _beforehand(report)
    yield _random_key(report)
    yield _plan(report)
    yield _custody(report)
    yield from _references(report)
    yield _model(report)
    if "combined" in (primary := report.audit.verdict.primary.test) or primary == "holdout":
        yield Assumption(
            "The withheld documents reached nobody.",
            "Nothing here shows it; the owner says so. Document leaks of the vault if there were "
            "any.",
            False,
        )


def _beforehand(report: Report) -> Assumption:
    known = report.beforehand
    first = known.earliest
    claim = "Key, texts and plan were fixed before the model existed."
    if known.is_shown and first is not None:
        return Assumption(
            claim, f"Time stamp: {first.words}; the model is of {known.model_date}.", True
        )
    if first is None:
        return Assumption(claim, "No time stamp that counts.", False)
    when = f"the model is of {known.model_date}" if known.model_date else "the model has no date"
    return Assumption(claim, f"Time stamp: {first.words}, but {when}.", False)


def _random_key(report: Report) -> Assumption:
    reviewed = report.beforehand.n_rejected
    claim = "The key was drawn at random, once, for this corpus alone, and was kept secret."
    words = "The program draws it from the operating system; nothing shows that the owner let it. "
    words += "The commitment shows when the key was chosen."
    if reviewed is not None:
        words += (
            f" A reviewer rejected {reviewed:,} sites after marking and must not have known the "
            "key."
        )
    return Assumption(claim, words, False)


def _plan(report: Report) -> Assumption:
    departures = report.audit.verdict.departures
    claim = "Test, level and references were chosen before anybody saw a result."
    level = report.audit.verdict.alpha
    if len(departures) == 1 and departures[0].startswith("alpha:") and level < report.plan.alpha:
        words = f"The plan, but for a stricter level: {level:g} instead of {report.plan.alpha:g}."
        return Assumption(claim, words, True)
    if departures:
        return Assumption(claim, f"NOT in the plan: {'; '.join(departures)}.", False)
    return Assumption(
        claim,
        f"The plan of the vault, which the commitment covers, names the test and the level "
        f"{report.plan.alpha:g}.",
        True,
    )


def _custody(report: Report) -> Assumption:
    known = report.beforehand
    claim = "This is not the best of many audits."
    if known.not_logged:
        return Assumption(
            claim, f"This audit is not in the custody log: {known.not_logged}.", False
        )
    if known.audits_before:
        words = f"Audits that the custody log names beside this one: {known.audits_before:,}. "
        level, planned, k = report.audit.verdict.alpha, report.plan.alpha, known.audits_before + 1
        is_share = level * k * (k + 1) <= planned * (1 + 1e-9)
        share = f"1/({k:,} x {k + 1:,}) of the planned level {planned:g}"
        words += (
            f"The level, {level:g}, is at most {share}. With such shares all audits together keep "
            "the planned level, however many there are."
            if is_share
            else f"The level, {level:g}, is NOT at most {share}, so all audits together may exceed "
            "the planned level."
        )
        return Assumption(claim, words, is_share)
    return Assumption(
        claim,
        "The custody log names no other audit. It does not cover copies of the vault.",
        True,
    )


def _references(report: Report) -> Iterator[Assumption]:
    names = list(report.run.inputs.get("references", {}))
    if not names:
        return
    planned = set(report.plan.references or report.plan.public_references or ())
    is_planned = set(names) <= planned
    plan = "The plan names" if is_planned else "Chosen later, the plan does not name"
    one = len(names) == 1
    yield Assumption(
        f"The {'reference model was' if one else 'reference models were'} made without knowledge "
        "of the key.",
        f"{plan} {'it' if one else 'them'}: {', '.join(names)}. A reference that saw the marked "
        "text can only weaken the evidence; one that was made to unlearn it could create evidence.",
        is_planned,
    )


def _model(report: Report) -> Assumption:
    fingerprint = report.run.inputs["suspect"]["fingerprint"]
    return Assumption(
        "The numbers are those of the model in question.",
        f"Whoever has the model can repeat the audit: fingerprint {fingerprint}.",
        False,
    )
