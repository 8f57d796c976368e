import pytest

from tests.support.targets import target_of
from watermark.substitution.candidates import CandidateSettings
from watermark.substitution.sources.masked import PROPOSED, MaskedSource, Proposal

TEXT = "The committee purchased a large building near the old harbour to increase profits."


class Told:
    """Proposes what it is told to; the likeness is what the test says."""

    def __init__(self, words, likeness):
        self.words, self.alike, self.asked = words, likeness, []

    def propose(self, contexts, way, n):
        self.asked += [(p.text[p.start : p.end], way, n) for p in contexts]
        return [[Proposal(word, -1.0 - i) for i, word in enumerate(self.words)] for _ in contexts]

    def likeness(self, pairs):
        assert all(one.text == TEXT for one, _ in pairs)
        return [self.alike[other.text[other.start : other.end]] for _, other in pairs]


def candidates(resources, model, target, way="lexsub_dropout", **settings):
    source = MaskedSource(way, resources.wordnet, model, **settings)
    (found,) = source.candidates([target_of(resources, TEXT, target)], CandidateSettings())
    return found


def test_likeness_decides_and_the_proposal_adds_a_little(resources):
    model = Told(["house", "edifices", "mansion"], {"edifice": 0.9, "mansion": 0.9})
    found = candidates(resources, model, "building")
    kept = [(c.surface, round(c.score, 6), c.source) for c in found if not c.rejected]
    assert kept == [
        ("edifice", 0.9 - 0.006, "lexsub_dropout"),
        ("mansion", 0.9 - 0.009, "lexsub_dropout"),
    ]
    (commoner,) = [c for c in found if c.rejected]
    assert (commoner.lemma, commoner.rejected) == ("house", "not rarer than the original")
    assert model.asked == [("building", "lexsub_dropout", PROPOSED["lexsub_dropout"])]


def test_no_more_than_the_best_are_admissible(resources):
    alike = {"edifice": 0.5, "mansion": 0.9, "pavilion": 0.7}
    found = candidates(resources, Told(list(alike), alike), "building", most=2)
    assert [c.lemma for c in found if not c.rejected] == ["mansion", "pavilion"]
    assert {c.lemma: c.rejected for c in found if c.rejected} == {"edifice": "not among the 2 best"}


@pytest.mark.parametrize(
    ("target", "word", "why"),
    [
        ("old", "venerable", ""),
        ("increase", "decrease", "an antonym"),
        ("building", "hereby", "another part of speech, or no word"),
        ("purchased", "purchases", "the same word"),
    ],
)
def test_words_that_cannot_stand_there_are_rejected(resources, target, word, why):
    (found,) = candidates(resources, Told([word], {word: 0.9}), target, "lexsub_concatenation")
    assert found.rejected == why


@pytest.mark.parametrize("most", [0, -3])
def test_a_number_that_would_mark_nothing_is_an_error(resources, most):
    # the released LexiMark takes int(0.8) of the words that its option for cosines gives
    with pytest.raises(ValueError, match="1 word or more"):
        MaskedSource("lexsub_dropout", resources.wordnet, Told([], {}), most)
