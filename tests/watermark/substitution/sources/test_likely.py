from tests.support.targets import target_of
from watermark.substitution.candidates import CandidateSettings
from watermark.substitution.model_features import Likelihood
from watermark.substitution.sources.likely import MIN_GAIN, LikelyWords
from watermark.substitution.sources.thesaurus import Thesaurus

TEXT = "They began at noon. The committee purchased a large building near the old harbour."


class Reader:
    """A language model that gives each word of its list so many nats, and the rest so many."""

    def __init__(self, **nats):
        self.nats, self.read_texts = nats, []

    def read(self, contexts):
        self.read_texts += [context.text for context in contexts]
        words = [context.text[context.start : context.end] for context in contexts]
        return [Likelihood(*self.nats[word]) for word in words]


def judged(resources, reader, **settings):
    source = LikelyWords(Thesaurus({"building": ("edifice", "structure", "premises")}), reader)
    targets = [target_of(resources, TEXT, "building"), target_of(resources, TEXT, "old")]
    found, nothing = source.candidates(targets, CandidateSettings(min_rarer_bits=0.0, **settings))
    assert nothing == []  # and the place is not read
    return {candidate.lemma: candidate.rejected for candidate in found}


def test_a_passage_may_become_less_likely_by_so_many_nats(resources):
    # The word and what follows count together: -2 here, -2.5 there.
    reader = Reader(
        building=(-3.0, -8.0),
        edifice=(-6.0, -7.0),
        structure=(-3.0, -10.5),
        premises=(-1.0, -1.0),
    )
    assert MIN_GAIN == -2.0
    assert judged(resources, reader) == {
        "edifice": "",
        "structure": "by 2.5 nats less likely here than the original",
        "premises": "",
    }
    assert len(reader.read_texts) == 4
    assert all("near the old harbour" in text for text in reader.read_texts)


def test_what_the_source_rejects_is_neither_read_nor_allowed(resources):
    reader = Reader(building=(0.0, 0.0), structure=(0.0, 0.0), premises=(0.0, 0.0))
    found = judged(resources, reader, max_rarity_bits=17.0)
    assert found == {"edifice": "too rare", "structure": "", "premises": ""}
    assert len(reader.read_texts) == 3
    assert not any("edifice" in text for text in reader.read_texts)
