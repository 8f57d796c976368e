"""The measurements of a trained model: detectors, tests of evidence, power of the tests."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.stats import mannwhitneyu, ttest_ind
from sklearn.metrics import roc_curve

from membership.audit.observations import Observations
from membership.detector import values_of
from membership.evidence.holdout import holdout_test
from membership.evidence.permutation import auroc
from membership.evidence.redraw import redraw_test
from membership.evidence.remark import remark_test
from membership.evidence.result import TestResult
from pipelines.experiments.runner.records import Measure
from watermark.errors import PrerequisiteError
from watermark.keys import Key

ALPHA = 0.001
ALPHAS = (0.05, 0.001, 1e-6)
DETECTOR, WITH_REFERENCE = "min_k_plus_plus", "loss_minus_reference"
"""Detectors of the hold-out test without and with a reference: those of the default plan."""
SUBSETS, N_SUBSETS = (3, 5, 8, 10, 15, 30, 50), 100
N_RESAMPLES_OF_SUBSET = 9_999
MAX_FPR = 0.05


@dataclass(frozen=True)
class Tests:
    """The tests of one trained model; each takes the indices of the documents it may use."""

    found: Observations
    key: Key

    def redraw(self, reference: bool, n_resamples: int, members: NDArray[np.int64]) -> TestResult:
        """Run the re-draw test on a subset of the members."""
        readings = self.found.site_logprobs
        if not reference:
            readings = replace(readings, references={})
        ids = {self.found.corpus.documents[i].id for i in members}
        table = readings.table(documents=ids)
        return redraw_test(table, self.key, alpha=ALPHA, n_resamples=n_resamples)

    def holdout(
        self,
        members: NDArray[np.int64],
        outsiders: NDArray[np.int64],
        detector: str,
        n_resamples: int,
    ) -> TestResult:
        """Run the hold-out test on subsets of the members and non-members."""
        values = score_values(self.found, detector)
        return holdout_test(
            {detector: values[members]},
            {detector: values[outsiders]},
            detectors=[detector],
            alpha=ALPHA,
            n_resamples=n_resamples,
        )

    def welch(self, members: NDArray[np.int64], outsiders: NDArray[np.int64]) -> float:
        """Return p of Welch's test as the released LexiMark code runs it: two-sided."""
        values = score_values(self.found, DETECTOR)
        result = ttest_ind(values[members], values[outsiders], equal_var=False, nan_policy="omit")
        return float(result.pvalue)


def score_values(found: Observations, detector: str) -> NDArray[np.float64]:
    """Return the scores of one detector, one per document; NaN where a document is unscored."""
    return values_of(found.scores[detector])


def measure_detectors(found: Observations) -> Iterator[Measure]:
    """Yield AUROC and TPR at 5 % FPR of each detector; nothing is flipped."""
    for name in found.scores:
        yield from measure_scores(name, score_values(found, name), found.corpus.published)


def measure_scores(
    name: str, values: NDArray[np.float64], members: NDArray[np.bool_]
) -> Iterator[Measure]:
    """Yield AUROC and TPR at 5 % FPR of scores; nothing if one side has none."""
    scored = np.isfinite(values)
    inside, outside = values[scored & members], values[scored & ~members]
    n = len(inside) + len(outside)
    if len(inside) and len(outside):
        yield Measure("auroc", auroc(inside, outside), name, n)
        yield Measure("tpr_at_5_fpr", tpr_at(MAX_FPR, inside, outside), name, n)


def tpr_at(fpr: float, inside: NDArray[np.float64], outside: NDArray[np.float64]) -> float:
    """Return the largest true-positive rate whose false-positive rate is at most `fpr`."""
    labels = np.repeat([1, 0], [len(inside), len(outside)])
    false, true, _ = roc_curve(labels, np.concatenate([inside, outside]), drop_intermediate=False)
    return float(true[false <= fpr].max())


def measure_tests(found: Observations, key: Key, n_resamples: int = 99_999) -> Iterator[Measure]:
    """Yield the tests of evidence on all documents: p, size of the effect, units."""
    tests, (members, outsiders) = Tests(found, key), sides(found)
    for name, run in _redraws(tests, n_resamples).items():
        try:
            result = run(members)
        except PrerequisiteError:
            continue
        n = result.n_units
        yield Measure("pvalue", result.pvalue, name, n)
        yield Measure("zscore", result.zscore, name, n)
        yield Measure("bound", result.bound or 1.0, name, n)
        yield Measure("effect", result.effect, name, n)
    if found.remarkings is not None:
        scores = found.remarking_scores[WITH_REFERENCE]
        result = remark_test(found.remarkings, scores, detector=WITH_REFERENCE, alpha=ALPHA)
        yield Measure("pvalue", result.pvalue, "remark", found.remarkings.n_blocks)
    n = len(members) + len(outsiders)
    for name, detector in _holdouts(found).items():
        result = tests.holdout(members, outsiders, detector, n_resamples)
        yield Measure("pvalue", result.pvalue, name, n)
    if DETECTOR in found.scores:
        yield Measure("pvalue", tests.welch(members, outsiders), "welch", n)


def measure_power(found: Observations, key: Key, seed: int) -> Iterator[Measure]:
    """Yield the share of random subsets of n members in which each test has p below each level.

    The two-sample tests also get n outsiders. Below the Monte Carlo floor the re-draw test goes by
    its bound, and the hold-out test, whose law is that of Mann and Whitney's U, by the exact p.
    """
    tests, (members, outsiders) = Tests(found, key), sides(found)
    rng = np.random.default_rng([seed, 7])
    for size in SUBSETS:
        if size > min(len(members), len(outsiders)):
            break
        pvalues: dict[str, list[float]] = {}
        for _ in range(N_SUBSETS):
            inside = rng.choice(members, size, replace=False)
            outside = rng.choice(outsiders, size, replace=False)
            for name, p in _pvalues(tests, inside, outside):
                pvalues.setdefault(name, []).append(p)
        for name, values in pvalues.items():
            for alpha in ALPHAS:
                share = float(np.mean(np.array(values) < alpha))
                yield Measure(power_name(alpha), share, name, N_SUBSETS, size)


def power_name(alpha: float) -> str:
    """Return the name of the power at a level in a table."""
    return f"power_at_{alpha:g}"


def _pvalues(
    tests: Tests, inside: NDArray[np.int64], outside: NDArray[np.int64]
) -> Iterator[tuple[str, float]]:
    for name, run in _redraws(tests, N_RESAMPLES_OF_SUBSET).items():
        yield name, _redraw_pvalue(run, inside)
    for name, detector in _holdouts(tests.found).items():
        values = score_values(tests.found, detector)
        yield name, mann_whitney(values[inside], values[outside])
    if DETECTOR in tests.found.scores:
        yield "welch", tests.welch(inside, outside)


def _redraw_pvalue(
    run: Callable[[NDArray[np.int64]], TestResult], inside: NDArray[np.int64]
) -> float:
    try:
        result = run(inside)
    except PrerequisiteError:  # a subset without a usable site
        return 1.0
    at_floor = result.pvalue < 1.5 / (result.n_resamples + 1)
    return min(result.pvalue, result.bound or 1.0) if at_floor else result.pvalue


def mann_whitney(inside: NDArray[np.float64], outside: NDArray[np.float64]) -> float:
    """Return the exact one-sided p of the hold-out test with one detector."""
    inside, outside = inside[np.isfinite(inside)], outside[np.isfinite(outside)]
    if not len(inside) or not len(outside):
        return 1.0
    return float(mannwhitneyu(inside, outside, alternative="greater", method="exact").pvalue)


def _redraws(
    tests: Tests, n_resamples: int
) -> dict[str, Callable[[NDArray[np.int64]], TestResult]]:
    if not any(tests.found.corpus.sites):
        return {}
    runs: dict[str, Callable[[NDArray[np.int64]], TestResult]] = {}
    if tests.found.site_logprobs.references:
        runs["redraw"] = partial(tests.redraw, True, n_resamples)
    runs["redraw, no reference"] = partial(tests.redraw, False, n_resamples)
    return runs


def _holdouts(found: Observations) -> dict[str, str]:
    known = {"holdout": WITH_REFERENCE, "holdout, no reference": DETECTOR}
    return {name: detector for name, detector in known.items() if detector in found.scores}


def sides(found: Observations) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the indices of members and of outsiders."""
    published = found.corpus.published
    return np.flatnonzero(published), np.flatnonzero(~published)
