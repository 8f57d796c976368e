import pytest

from attacks.model.continued_training import ContinuedTraining
from tests.attacks.model.conftest import LEARNED, OTHER


def test_continued_training_learns_its_texts_more_than_others(model, trained, mean_logprob):
    learned = mean_logprob(trained, LEARNED) - mean_logprob(model, LEARNED)
    other = mean_logprob(trained, OTHER) - mean_logprob(model, OTHER)
    assert learned > 0.5
    assert learned > other


def test_no_texts_are_refused():
    with pytest.raises(ValueError, match="texts: wanted at least one, got none"):
        ContinuedTraining([])
