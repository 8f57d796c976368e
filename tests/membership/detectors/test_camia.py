import numpy as np
import pytest

from membership.detector import UnscoredError
from membership.detectors.camia import Camia
from tests.support.traces import trace_of
from watermark.document import Document

DOCUMENT = Document("a", "text")
RNG = np.random.default_rng(0)


def score(signal, logprob, ids=None, cut_off=200):
    return Camia(signal, cut_off).score(DOCUMENT, [trace_of(logprob, ids=ids)])


def test_only_the_beginning_is_looked_at():
    assert score("cut_off", [-1.0, -3.0, -100.0], cut_off=2) == -2


def test_repetition_makes_the_same_loss_less_remarkable():
    assert score("diversity", [-1.0, -3.0], [4, 5]) == -2
    assert score("diversity", [-1.0, -3.0], [4, 4]) == -4


def test_a_falling_loss_has_a_slope_above_0():
    assert score("slope", [-4.0, -3.0, -2.0, -1.0]) == pytest.approx(1)
    noisy = RNG.normal(size=30) - 5
    assert score("slope", noisy) == pytest.approx(np.polyfit(range(30), noisy, 1)[0])


def test_tokens_below_the_loss_so_far():
    # -1 beats -2; -3 does not beat -1.5; -1 beats -2
    assert score("below_prior", [-2.0, -1.0, -3.0, -1.0]) == pytest.approx(2 / 3)


def test_lempel_ziv_by_hand():
    # Thirds of the range are 0, 0, 0, 2, 2, 1: the phrases are 0 | 00 | 2 | 21
    assert score("lempel_ziv", [-0.1, -0.2, -0.1, -3, -2.9, -1.5]) == -4 / 6
    assert score("lempel_ziv", [0.0, 0.0, 0.0]) == -2 / 3


def test_regular_losses_score_higher_than_random_ones():
    regular, random = np.tile([-1.0, -3.0], 60), -RNG.uniform(1, 3, 120)
    for signal in ("lempel_ziv", "approximate_entropy"):
        assert score(signal, regular) > score(signal, random)


def test_approximate_entropy_against_its_definition():
    x, m, r = -RNG.uniform(0, 3, 40), 8, 0.8

    def phi(m):
        runs = [x[i : i + m] for i in range(len(x) - m + 1)]
        near = [np.mean([max(abs(a - b)) <= r * x.std() for b in runs]) for a in runs]
        return np.mean(np.log(near))

    assert score("approximate_entropy", x) == pytest.approx(-abs(phi(m) - phi(m + 1)))


@pytest.mark.parametrize(
    ("signal", "least"), [("slope", 2), ("below_prior", 2), ("approximate_entropy", 10)]
)
def test_what_is_too_short_has_no_score(signal, least):
    # Code that gives it 0 calls it as regular as can be.
    assert np.isfinite(score(signal, -RNG.uniform(1, 3, least)))
    with pytest.raises(UnscoredError, match=f"fewer than {least} tokens"):
        score(signal, -RNG.uniform(1, 3, least - 1))


def test_settings_show_in_the_name_and_are_checked():
    assert (Camia("slope").name, Camia("slope", 300).name) == ("camia_slope", "camia_slope_300")
    with pytest.raises(ValueError, match="signal 'fall' is not one of"):
        Camia("fall")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="cut-off"):
        Camia("slope", 1)
