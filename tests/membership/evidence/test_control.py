from functools import partial

import numpy as np
import pytest
from scipy.stats import kstest, mannwhitneyu

from membership.evidence.blind import BlindBaseline
from membership.evidence.control import control_test
from membership.evidence.dataset_inference import dataset_inference, fit_weights
from watermark.errors import PrerequisiteError

NAMES = tuple("abcdef")


def blind(pvalue=0.5):
    return BlindBaseline(0.6, pvalue, np.zeros(0), 100, 999)


def run(test, ours, theirs, detectors=NAMES, seed=0, n_resamples=999, guard=None):
    return test(
        ours,
        theirs,
        guard or blind(),
        detectors=detectors,
        alpha=0.05,
        n_resamples=n_resamples,
        seed=seed,
    )


control = partial(run, control_test)
infer = partial(run, dataset_inference)


def draw(rng, n, shift=0.0, heavy=False):
    """Correlated scores of n documents by six detectors."""
    own = rng.standard_t(2, (6, n)) if heavy else rng.normal(size=(6, n))
    return dict(zip(NAMES, own + rng.normal(size=n) + shift, strict=True))


def test_one_detector_is_the_exact_mann_whitney_test():
    rng = np.random.default_rng(0)
    ours, theirs = draw(rng, 12, 0.8), draw(rng, 9)
    exact = mannwhitneyu(ours["a"], theirs["a"], alternative="greater", method="exact").pvalue
    found = control(ours, theirs, ["a"], n_resamples=99_999)
    assert found.pvalue == pytest.approx(exact, abs=0.005)
    assert (found.grade, found.test) == ("B", "control")


def test_the_result_says_what_it_stands_on():
    rng = np.random.default_rng(0)
    details = control(draw(rng, 12), draw(rng, 9)).details
    assert (details["n_questioned"], details["n_control"], details["blind_pvalue"]) == (12, 9, 0.5)


@pytest.mark.parametrize("test", [control, infer])
def test_sets_that_differ_without_the_model_get_no_p(test):
    rng = np.random.default_rng(0)
    with pytest.raises(PrerequisiteError, match="no p-value: words and lengths alone"):
        test(draw(rng, 30, 1.0), draw(rng, 30), guard=blind(0.05))
    assert test(draw(rng, 30), draw(rng, 30), guard=blind(0.051)).pvalue > 0


@pytest.mark.parametrize("test", [control, infer])
def test_a_model_that_finds_our_documents_stranger_is_not_accused(test):
    rng = np.random.default_rng(0)
    assert test(draw(rng, 60, -1.0), draw(rng, 60)).pvalue > 0.5


@pytest.mark.parametrize("test", [control, infer])
def test_training_is_found(test):
    rng = np.random.default_rng(0)
    assert test(draw(rng, 80, 1.0), draw(rng, 80)).pvalue <= 0.002


def pvalues(test, n=200, **options):
    rng = np.random.default_rng(7)
    return np.array(
        [
            test(draw(rng, 40, heavy=True), draw(rng, 20, heavy=True), seed=seed, **options).pvalue
            for seed in range(n)
        ]
    )


def test_p_is_uniform_for_the_maximum_over_six_detectors():
    assert kstest(pvalues(control), "uniform").pvalue > 0.01


def test_adjusted_p_values_keep_the_level_for_all_detectors_together():
    rng = np.random.default_rng(7)
    least, naive = [], []
    for seed in range(300):
        ours, theirs = draw(rng, 30), draw(rng, 30)
        found = control(ours, theirs, seed=seed, n_resamples=399)
        least.append(min(found.details["adjusted_pvalues"].values()))
        alone = [control(ours, theirs, [n], seed=seed, n_resamples=399).pvalue for n in "abc"]
        naive.append(min(alone))
    assert np.mean(np.array(least) <= 0.05) < 0.085  # 300 draws of 0.05: above with p < 0.005
    assert np.mean(np.array(naive) <= 0.05) > 0.085  # the smallest of several is no p-value


def test_dataset_inference_keeps_its_level():
    found = pvalues(infer, 300, n_resamples=399)
    for level in (0.05, 0.2, 0.5):
        assert np.mean(found <= level) <= level + 2.6 * np.sqrt(level * (1 - level) / 300)
    assert kstest(found[found < 0.95], lambda x: x / 0.95).pvalue > 0.001


def test_fitting_and_testing_on_the_same_documents_would_not():
    rng = np.random.default_rng(7)
    wins = 0
    for _ in range(100):
        ours, theirs = (np.stack(list(draw(rng, n).values()), axis=1) for n in (30, 30))
        weigh = fit_weights(ours, theirs)
        one, other = weigh.apply(ours), weigh.apply(theirs)
        wins += int(mannwhitneyu(one, other, alternative="greater").pvalue <= 0.05)
    assert wins > 15


def test_outliers_are_clipped_at_quantiles_of_both_groups_together():
    rng = np.random.default_rng(0)
    ours, theirs = rng.lognormal(size=(300, 1)), rng.lognormal(size=(60, 1)) * 50
    weigh = fit_weights(ours, theirs)
    both = np.concatenate([ours, theirs])
    assert weigh.high == pytest.approx(np.quantile(both, 0.98))
    assert weigh.scaled(np.array([[1e9]])) == weigh.scaled(weigh.high[None])


def test_weights_are_not_negative_and_a_constant_detector_has_none():
    rng = np.random.default_rng(0)
    ours, theirs = rng.normal(size=(50, 3)), rng.normal(size=(50, 3))
    ours[:, 0] += 2
    ours[:, 1] -= 2
    ours[:, 2] = theirs[:, 2] = 1
    weights = fit_weights(ours, theirs).weights
    assert weights[0] > 0
    assert weights[1:].tolist() == [0, 0]


def test_documents_without_a_score_are_left_out_and_counted():
    rng = np.random.default_rng(0)
    ours, theirs = draw(rng, 12), draw(rng, 9)
    ours["b"][3] = np.nan
    assert control(ours, theirs).details["n_unscored"] == 1
    with pytest.raises(PrerequisiteError, match="needs 2 scored documents a group"):
        control({"a": ours["a"][:1]}, theirs, ["a"])
    with pytest.raises(PrerequisiteError, match="needs 4 scored documents a group, got 3"):
        infer({"a": ours["a"][:3]}, theirs, ["a"])
