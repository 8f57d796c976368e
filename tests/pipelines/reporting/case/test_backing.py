from dataclasses import replace
from datetime import UTC, date, datetime

from pipelines.reporting.case.backing import assumptions_of
from tests.support.synthetic_report import synthetic_report
from watermark.vault.beforehand import Beforehand, Stamp

STAMP = Stamp("stamps/001.tsr", datetime(2026, 1, 1, tzinfo=UTC), "CN=Clock House")


def found(**settings):
    report, _ = synthetic_report(2.0, **settings)
    return list(assumptions_of(report))


def named(assumptions, words):
    return next(each for each in assumptions if words in each.claim)


def test_a_stamp_backs_the_order_only_if_it_is_older_than_a_model_with_a_date():
    claim = "fixed before the model"
    assert not named(found(), claim).is_backed
    assert not named(found(beforehand=Beforehand((STAMP,))), claim).is_backed
    late = named(found(beforehand=Beforehand((STAMP,), date(2025, 1, 1))), claim)
    assert not late.is_backed
    assert "but the model is of 2025-01-01" in late.backed_by
    assert named(found(beforehand=Beforehand((STAMP,), date(2026, 2, 1))), claim).is_backed


def test_departures_and_other_audits_take_the_backing_away():
    assert named(found(), "Test, level").is_backed
    assert not named(
        found(departures=("alpha: 0.001 planned, 0.05 used",)), "Test, level"
    ).is_backed
    assert named(found(), "best of many").is_backed
    assert not named(found(beforehand=Beforehand(audits_before=3)), "best of many").is_backed
    unlogged = named(found(beforehand=Beforehand(not_logged="read-only")), "best of many")
    assert not unlogged.is_backed
    assert "read-only" in unlogged.backed_by


def test_a_share_of_the_level_backs_the_claim_that_this_is_not_the_best_of_many():
    report, _ = synthetic_report(2.0, beforehand=Beforehand(audits_before=3))
    for level, is_backed in ((0.00005, True), (0.00025, False)):
        departures = (f"alpha: 0.001 planned, {level} used",)
        verdict = replace(report.audit.verdict, alpha=level, departures=departures)
        shared = list(assumptions_of(replace(report, audit=replace(report.audit, verdict=verdict))))
        assert named(shared, "best of many").is_backed is is_backed
        assert ("NOT at most 1/(4 x 5)" in named(shared, "best of many").backed_by) is not is_backed
        assert named(shared, "Test, level").is_backed


def test_references_are_backed_by_the_plan_alone():
    report, _ = synthetic_report(2.0)
    report.run.inputs["references"]["base"] = {"fingerprint": "0" * 64}
    later = named(list(assumptions_of(report)), "reference model was")
    assert not later.is_backed
    assert later.backed_by.startswith("Chosen later, the plan does not name it: base.")
    for field in ("references", "public_references"):
        planned = replace(report, plan=type(report.plan)(**vars(report.plan) | {field: ("base",)}))
        found = named(list(assumptions_of(planned)), "reference model was")
        assert found.is_backed
        assert found.backed_by.startswith("The plan names it: base.")


def test_nothing_shows_that_the_key_is_random_or_that_the_model_is_the_one():
    assert not named(found(), "drawn at random").is_backed
    assert "f" * 64 in named(found(), "model in question").backed_by
