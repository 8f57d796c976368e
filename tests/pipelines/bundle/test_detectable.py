"""The one-file checker and the package compute the same detectable effects, without models."""

import numpy as np
import pytest

from membership.detector import Score
from membership.evidence.combined import combined_test
from membership.evidence.holdout import holdout_test
from membership.evidence.redraw import choices_of, draw_table, redraw_test
from membership.evidence.remark import remark_test
from membership.evidence.remarkings import Remarkings
from membership.evidence.score_table import ScoreTable, adjust_preferences
from membership.evidence.twin import twin_test
from pipelines.bundle import check_bundle
from pipelines.bundle.write_bundle import _draws, _scores, _table, _versions
from pipelines.reporting.report import test_dict as as_dict
from watermark.keys import Key

KEY = Key(bytes(32))


def site_table(rng, n_sites, n_draws, n_options):
    draw = np.concatenate([np.arange(n_draws), rng.integers(0, n_draws, n_sites - n_draws)])
    preference, rarity, other = (
        values - values[:, :1] for values in rng.normal(size=(3, n_sites, n_options))
    )
    n_candidates = np.full(n_sites, n_options)
    score, adjustment = adjust_preferences(
        n_candidates, preference, {"rarity": rarity}, {"other": preference + other}
    )
    names, draws = tuple(map(str, range(n_sites))), tuple(f"w{d}" for d in draw.tolist())
    return ScoreTable(names, draws, n_candidates, score, {}, adjustment)


@pytest.mark.parametrize("alpha", [0.001, 0.05])
@pytest.mark.parametrize(("n_sites", "n_draws", "n_options"), [(60, 40, 2), (60, 60, 3), (9, 9, 2)])
def test_of_words_and_of_words_and_documents(alpha, n_sites, n_draws, n_options):
    rng = np.random.default_rng(0)
    table = site_table(rng, n_sites, n_draws, n_options)
    coins = redraw_test(table, KEY, alpha=alpha, n_resamples=9_999)
    groups = rng.normal(size=50) + 1, rng.normal(size=20)
    holdout = holdout_test(
        *({"loss": group} for group in groups), detectors=["loss"], alpha=alpha, n_resamples=9_999
    )
    both = combined_test(coins, holdout, table, alpha=alpha)
    draws = draw_table(table)
    files = {
        "table.csv": _table(table, draws),
        "draws.csv": _draws(draws, choices_of(KEY, draws), KEY),
        "scores.csv": _scores(groups),
    }
    for result in (coins, holdout, both):
        recompute = check_bundle.TESTS[result.test][0]
        wanted = recompute(files, as_dict(result), alpha)["detectable_effect"]
        assert as_dict(result)["detectable_effect"] == (wanted and pytest.approx(wanted, rel=1e-9))
    assert np.isinf(coins.detectable_effect) == (n_sites == 9 and alpha == 0.001)


@pytest.mark.parametrize("kind", ["twin", "pairs", "one block", "blocks"])
def test_of_versions(kind):
    rng = np.random.default_rng(1)
    width = {"twin": 4, "pairs": 2, "one block": 40, "blocks": 20}[kind]
    scores, names = rng.exponential(size=(30, width)), [str(i) for i in range(30)]
    if kind in ("twin", "pairs"):
        outcomes = rng.integers(0, width, 30).tolist()
        result = twin_test(names, list(scores), outcomes, detector="loss", alpha=0.05)
    else:
        blocks = np.arange(30) % (1 if kind == "one block" else 20)
        of = Remarkings(blocks, tuple(names), tuple(("x",) * width for _ in names))
        given = [Score(float(value)) for value in scores.ravel()]
        result = remark_test(of, given, detector="loss", alpha=0.05)
    table, draws, _ = _versions(result.versions, KEY)
    files = {"table.csv": table, "draws.csv": draws}
    found = check_bundle.TESTS[result.test][0](files, as_dict(result), 0.05)
    for name in ("detectable_effect", "strong_effect"):
        assert found[name] == pytest.approx(as_dict(result)[name], rel=1e-9)
