from dataclasses import replace

import pytest

from pipelines.bundle.check_bundle import TESTS
from pipelines.reporting.case.wording import HEADLINES, METHODS, methods_of, verdict_sentence
from tests.support.synthetic_report import synthetic_report


@pytest.mark.parametrize("test", [*TESTS, "stream"])
def test_every_test_is_explained(test):
    assert len(methods_of(test)) >= 3
    assert methods_of("combined")[: len(METHODS["redraw"])] == METHODS["redraw"]


@pytest.mark.parametrize(("pvalue", "rate"), [(1e-5, "100,000"), (3e-4, "3,333"), (0.001, "1,000")])
def test_the_rate_in_the_sentence_is_never_better_than_p(pvalue, rate):
    verdict = synthetic_report(2.0)[0].audit.verdict
    verdict = replace(verdict, primary=replace(verdict.primary, pvalue=pvalue))
    assert f"at most one key in {rate};" in verdict_sentence(verdict, 0.001)


def test_a_level_that_the_auditor_chose_is_not_said_to_be_that_of_the_plan():
    verdict = synthetic_report(2.0)[0].audit.verdict
    assert verdict.alpha == 0.001
    assert "the plan asks for one in 1,000." in verdict_sentence(verdict, 0.001)
    chosen = verdict_sentence(replace(verdict, alpha=0.05), 0.001)
    assert "the level of this audit is one in 20 (the plan: one in 1,000)." in chosen
    assert "plan asks" not in chosen


def test_headlines_are_the_verdicts():
    assert {words.capitalize() for words in HEADLINES} == set(HEADLINES.values())
