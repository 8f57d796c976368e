from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from membership.audit.departures import WORDS, departures
from watermark.vault.plan import read_plan

OLD = Path(__file__).parents[2] / "fixtures/written_by_20fc137"
PLAN = replace(read_plan(OLD / "vault"), references=(), public_references=None)
AS_PLANNED: dict[str, Any] = {
    "test": PLAN.test,
    "alpha": PLAN.alpha,
    "references": (),
    "seed": 0,
    "n_resamples": 99_999,
}


def test_an_audit_that_keeps_to_the_plan_departs_from_nothing():
    assert departures([PLAN], **AS_PLANNED) == ()
    assert departures([PLAN], **AS_PLANNED | {"n_resamples": None}) == ()


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"test": "twin"}, f"test: {PLAN.test} planned, twin used"),
        ({"alpha": 0.05}, f"alpha: {PLAN.alpha:g} planned, 0.05 used"),
        ({"seed": 5}, "seed of the re-draws: 0 by default, 5 used"),
        ({"n_resamples": 9_999}, "number of re-draws: 99,999 by default, 9,999 used"),
        ({"candidates": WORDS}, "candidates: log-probabilities planned, answers in words used"),
        ({"detectors": ["other"]}, f"detector: {PLAN.detector} planned, other used"),
    ],
)
def test_each_departure_is_named(settings, line):
    assert departures([PLAN], **AS_PLANNED | settings) == (line,)


@pytest.mark.parametrize(
    ("plan", "used", "lines"),
    [
        ({"references": ("a",)}, (), ("references: a planned, none used",)),
        ({"references": ("a",)}, ("a",), ()),
        ({"references": ("a",)}, ("b",), ("references: a planned, b used",)),
        ({"public_references": ("p",)}, (), ("references: p planned, none used",)),
        ({"public_references": ("p",)}, ("their-base",), ()),
        ({"public_references": ()}, ("b",), ("references: none planned, b used",)),
        ({}, ("b",), ()),
    ],
)
def test_references_may_be_those_of_the_plan_or_where_it_leaves_room_others(plan, used, lines):
    planned = replace(PLAN, **plan)
    assert departures([planned], **AS_PLANNED | {"references": used}) == lines


def test_instalments_with_one_plan_say_it_once_and_with_two_say_both():
    stricter = replace(PLAN, alpha=PLAN.alpha / 10)
    assert len(departures([PLAN, PLAN], **AS_PLANNED | {"seed": 1})) == 1
    (line,) = departures([PLAN, stricter], **AS_PLANNED)
    assert line == f"alpha: {PLAN.alpha / 10:g} planned, {PLAN.alpha:g} used"
