import pytest

from attacks.model.goldfish import GoldfishTraining
from tests.attacks.model.conftest import LEARNED, LOOP


def test_goldfish_learns_too_but_less(model, trained, mean_logprob, tmp_path):
    GoldfishTraining(LEARNED, 2, LOOP).transform(model, tmp_path / "out")
    before, all_learned = mean_logprob(model, LEARNED), mean_logprob(trained, LEARNED)
    found = mean_logprob(tmp_path / "out", LEARNED)
    assert before + 0.05 < found < all_learned


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: GoldfishTraining(LEARNED, 1), "k must be 2"),
        (lambda: GoldfishTraining([]), "texts: wanted at least one, got none"),
    ],
)
def test_settings_out_of_range_are_refused(make, said):
    with pytest.raises(ValueError, match=said):
        make()
