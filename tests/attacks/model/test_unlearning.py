import math

import pytest

from attacks.model.loop import TrainingLoop
from attacks.model.unlearning import Unlearning
from tests.attacks.model.conftest import LEARNED, OTHER


@pytest.mark.parametrize("method", ["npo", "ascent"])
def test_unlearning_lowers_what_is_forgotten_more_than_what_is_retained(
    trained, mean_logprob, tmp_path, method
):
    loop = TrainingLoop(learning_rate=1e-3, epochs=2, max_tokens=48)
    Unlearning(LEARNED, OTHER, method, loop=loop).transform(trained, tmp_path / "out")
    forgotten = mean_logprob(tmp_path / "out", LEARNED) - mean_logprob(trained, LEARNED)
    retained = mean_logprob(tmp_path / "out", OTHER) - mean_logprob(trained, OTHER)
    assert forgotten < 0
    assert forgotten < retained


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Unlearning(LEARNED, OTHER, "rmu"), "method must be npo or ascent"),
        (lambda: Unlearning([], OTHER), "forget: wanted at least one, got none"),
        (lambda: Unlearning(LEARNED, []), "retain: wanted at least one, got none"),
        (lambda: Unlearning(LEARNED, OTHER, beta=0.0), "beta must be above 0 and finite, got 0"),
        (lambda: Unlearning(LEARNED, OTHER, beta=math.nan), "beta must be above 0 and finite"),
        (lambda: Unlearning(LEARNED, OTHER, beta=math.inf), "beta must be above 0 and finite"),
    ],
)
def test_settings_out_of_range_are_refused(make, said):
    with pytest.raises(ValueError, match=said):
        make()
