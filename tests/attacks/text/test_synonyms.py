import numpy as np
import pytest

from attacks.text.adaptive import Adaptive
from attacks.text.commonest_synonyms import CommonestSynonyms
from attacks.text.likeliest_synonyms import LikeliestSynonyms
from attacks.text.masked_synonyms import MaskedSynonyms
from attacks.text.random_synonyms import RandomSynonyms
from attacks.text.thesaurus import Thesaurus, apply_edits
from watermark.document import Document, Site
from watermark.substitution.model_features import Likelihood
from watermark.substitution.sources.masked import Proposal

TEXT = "The committee purchased a large building near `purchased`.\n\tWorkers repaired it."


@pytest.fixture(scope="module")
def thesaurus(resources):
    return Thesaurus(resources.nlp, resources.wordnet)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_edits_leave_the_rest_and_an_overlapping_one_is_left_out():
    assert apply_edits("a big cat", [(2, 5, "small"), (4, 9, "dog")]) == "a small cat"


def test_commonest_synonym_of_purchased_is_bought(thesaurus, rng):
    after = CommonestSynonyms(thesaurus).apply(Document("d", TEXT), rng).text
    # WordNet has buy, purchase; big, large. Code and line ends stay.
    assert after.startswith("The committee bought a ")
    assert "near `purchased`.\n\t" in after


def test_no_share_replaces_nothing_and_the_whole_share_everything_with_a_synonym(thesaurus, rng):
    document = Document("d", TEXT)
    assert RandomSynonyms(thesaurus, 0.0).apply(document, rng) == document
    after = RandomSynonyms(thesaurus, 1.0).apply(document, rng).text
    assert "purchased a" not in after
    assert "`purchased`" in after
    with pytest.raises(ValueError, match="share must lie"):
        RandomSynonyms(thesaurus, 1.2)


def test_share_is_the_share_of_the_words(thesaurus, rng):
    places = len(list(thesaurus.places(f"{TEXT} " * 30)))
    words = TEXT.split() * 30
    after = RandomSynonyms(thesaurus, 0.4).apply(Document("d", f"{TEXT} " * 30), rng).text
    changed = sum(a != b for a, b in zip(words, after.split(), strict=False))
    assert places * 0.2 < changed < places * 0.6


class Prefers:
    """A language model that finds one word likely."""

    def __init__(self, word):
        self.word = word

    def read(self, contexts):
        found = [context.text[context.start : context.end] for context in contexts]
        return [Likelihood(0.0 if word == self.word else -5.0, -1.0) for word in found]

    def propose(self, contexts, way, n):
        return [[Proposal(self.word, 0.0)] * n for _ in contexts]

    def likeness(self, pairs):
        raise NotImplementedError


def test_the_likeliest_synonym_stands_where_the_model_wants_it(thesaurus, rng):
    document = Document("d", TEXT)
    after = LikeliestSynonyms(thesaurus, Prefers("bought")).apply(document, rng)
    assert after.text == TEXT.replace("purchased a", "bought a")
    assert LikeliestSynonyms(thesaurus, Prefers("none")).apply(document, rng) == document


def test_a_masked_model_proposes_words_and_the_article_follows(thesaurus, rng):
    attack = MaskedSynonyms(thesaurus, Prefers("enormous"), share=1.0)
    after = attack.apply(Document("d", "They saw a large house."), rng).text
    assert after == "They enormous an enormous enormous."
    with pytest.raises(ValueError, match="n must be 1"):
        MaskedSynonyms(thesaurus, Prefers("x"), n=0)


def test_the_adaptive_thief_draws_one_of_the_candidates_and_changes_nothing_else():
    site = Site("d", 4, "cat", ("cat", "dog"), "draw")
    attack = Adaptive(lambda documents: [[site]], 1.0)
    cat, dog = Document("d", "The cat sat."), Document("d", "The dog sat.")
    found = [attack.apply(cat, np.random.default_rng(seed)) for seed in range(8)]
    # The second number of the generator is the coin: the first decides that the site is drawn.
    coins = [np.random.default_rng(seed) for seed in range(8)]
    assert all(coin.random() < 1.0 for coin in coins)
    assert found == [(cat, dog)[int(coin.integers(2))] for coin in coins]
    assert cat in found
    assert dog in found


def test_the_adaptive_thief_tosses_every_coin_of_every_site_anew(rng):
    text = "cat " * 400
    sites = [Site("d", 4 * i, "cat", ("cat", "dog"), "draw") for i in range(400)]
    after = Adaptive(lambda documents: [sites]).apply(Document("d", text), rng).text
    n = after.count("dog")
    assert n + after.count("cat") == 400
    assert abs(n - 200) < 4 * np.sqrt(100)
    assert Adaptive(lambda documents: [sites], 0.0).apply(Document("d", text), rng).text == text


class PrefersWhatFollows(Prefers):
    """A language model that finds all words alike, and likely what follows one of them."""

    def read(self, contexts):
        return [Likelihood(-1.0, found.word) for found in super().read(contexts)]


def test_the_likeliest_synonym_makes_the_rest_of_the_sentence_likely_too(thesaurus, rng):
    attack = LikeliestSynonyms(thesaurus, PrefersWhatFollows("bought"))
    assert attack.apply(Document("d", TEXT), rng).text == TEXT.replace("purchased a", "bought a")
