import numpy as np
import pytest

from tests.support.targets import target_of
from watermark.substitution.candidates import CandidateSettings
from watermark.substitution.model_features import Encoding
from watermark.substitution.sources.similar import SimilarSource

TEXT = "The committee purchased a large building near the old harbour."


class Angles:
    """Turns word and sentence by a known angle when the word is not the original."""

    def encode(self, contexts):
        return [self._one(p.text[p.start : p.end] == "building") for p in contexts]

    def _one(self, original):
        def at(cosine):
            return np.array([cosine, np.sqrt(1 - cosine**2)], np.float32)

        return Encoding(at(1.0), at(1.0)) if original else Encoding(at(0.96), at(0.7))


@pytest.mark.parametrize(
    ("unit", "least", "kept"),
    [
        ("context", 0.69, True),
        ("context", 0.71, False),
        ("sbert", 0.95, True),
        ("sbert", 0.97, False),
    ],
)
def test_words_are_kept_from_the_cosine_on(resources, unit, least, kept):
    source = SimilarSource(unit, resources.wordnet, Angles(), least)
    (found,) = source.candidates([target_of(resources, TEXT, "building")], CandidateSettings())
    (edifice,) = [c for c in found if c.lemma == "edifice"]
    assert edifice.source == unit
    assert edifice.score == pytest.approx(0.7 if unit == "context" else 0.96, abs=1e-6)
    assert (edifice.rejected == "") == kept


@pytest.mark.parametrize("least", [-1, 1.01, 5])
def test_a_threshold_that_is_no_cosine_is_an_error(resources, least):
    # the released LexiMark takes a number of candidates by the same option, and int(0.8) of them
    with pytest.raises(ValueError, match="cosine"):
        SimilarSource("context", resources.wordnet, Angles(), least)
