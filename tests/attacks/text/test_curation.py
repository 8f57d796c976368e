from time import process_time

import numpy as np
import pytest

from attacks.text.collusion import Collusion
from attacks.text.deduplication import Deduplication
from attacks.text.language_filter import LanguageFilter
from attacks.text.perplexity_filter import PerplexityFilter
from attacks.text.quality_filter import QualityFilter
from tests.support.tiny import TEXTS
from watermark.document import Document

RNG = np.random.default_rng(0)
PROSE = [Document(f"t{i}", " ".join(text.split()[:200])) for i, text in enumerate(TEXTS)]


@pytest.mark.parametrize("method", ["exact", "sentence", "minhash"])
def test_a_copy_is_dropped_and_the_first_one_stays(method):
    documents = [*PROSE, Document("copy", PROSE[2].text)]
    after = Deduplication(method).apply_all(documents, RNG)
    assert after[-1] is None
    assert after[2] is not None
    assert [d for d in after if d is not None][:2] == PROSE[:2]


@pytest.mark.parametrize("method", ["exact", "sentence", "minhash"])
def test_an_unmarked_copy_in_the_crawl_takes_ours_out(method):
    after = Deduplication(method, PROSE[2:3]).apply_all(PROSE, RNG)
    assert [document is None for document in after] == [i == 2 for i in range(len(PROSE))]


def test_one_changed_word_saves_a_document_from_exact_but_not_from_minhash():
    words = PROSE[0].text.split()
    near = Document("near", " ".join([*words[:100], "changed", *words[101:]]))
    assert Deduplication("exact").apply_all([PROSE[0], near], RNG)[1] == near
    assert Deduplication("minhash").apply_all([PROSE[0], near], RNG)[1] is None


def test_texts_without_copies_stay():
    for method in ("exact", "minhash"):
        assert Deduplication(method).apply_all(PROSE, RNG) == PROSE
    with pytest.raises(ValueError, match="method must be one of exact, sentence, minhash"):
        Deduplication("fuzzy")


def test_gopher_wants_fifty_words_and_c4_cuts_lines():
    long = Document("long", "The man and the dog went to the town of the sea. " * 10)
    assert QualityFilter("gopher").apply(long, RNG) == long
    assert QualityFilter("gopher").apply(Document("short", "The man and the dog."), RNG) is None
    page = Document("page", "Home | Login\n" + "The man and the dog went to town.\n" * 6)
    kept = QualityFilter("c4").apply(page, RNG)
    assert kept is not None
    assert kept.text.startswith("The man")
    repeated = Document("again", "buy now\n" * 60)
    assert QualityFilter("gopher_repetition").apply(repeated, RNG) is None
    assert QualityFilter("fineweb").apply(repeated, RNG) is None
    with pytest.raises(ValueError, match="rule must be one of gopher"):
        QualityFilter("ccnet")


def test_the_language_filter_keeps_english_and_drops_the_rest():
    english = Document("en", "The man and the dog went to the town by the sea.")
    german = Document("de", "Der Hund und der Mann gingen in die Stadt am Meer.")
    mixed = Document("mixed", f"{german.text} {german.text} {english.text}")
    keep = LanguageFilter()
    assert keep.apply(english, RNG) == english == LanguageFilter().apply(english, RNG)
    assert keep.apply(german, RNG) is None
    assert keep.apply(mixed, RNG) is None
    assert LanguageFilter("de").apply(german, RNG) == german
    assert LanguageFilter("de", threshold=1.0).apply(german, RNG) is None
    with pytest.raises(ValueError, match="language must be an ISO 639 code"):
        LanguageFilter("english")
    with pytest.raises(ValueError, match="threshold"):
        LanguageFilter(threshold=2)


def test_the_least_likely_third_is_dropped():
    documents = [Document(str(i), "x" * i) for i in range(1, 7)]
    attack = PerplexityFilter(lambda texts: [-float(len(text)) for text in texts])
    assert attack.apply_all(documents, RNG) == [*documents[:4], None, None]
    ties = PerplexityFilter(lambda texts: [0.0] * len(texts), share=0.5)
    assert [d is None for d in ties.apply_all(documents, RNG)] == [True] * 3 + [False] * 3


def test_the_majority_of_editions_wins():
    editions = [{"d": "the large cat slept"}, {"d": "the big cat slept  well"}, {"e": "no"}]
    after = Collusion(editions).apply(Document("d", "the big tom slept"), RNG)
    assert after.text == "the big cat slept"


def test_two_editions_are_settled_by_a_coin_and_agreement_stays():
    attack = Collusion([{"d": "an old cat"}])
    ours = Document("d", "an aged cat")
    seen = {attack.apply(ours, np.random.default_rng(seed)).text for seed in range(9)}
    assert seen == {"an old cat", "an aged cat"}
    assert attack.apply(Document("other", "an aged cat"), RNG).text == "an aged cat"


def test_white_space_has_no_vote_and_stays():
    attack = Collusion([{"d": "a  large\ncat "}, {"d": "\n a large cat"}])
    assert attack.apply(Document("d", " a big\n\n cat\n"), RNG).text == " a large\n\n cat\n"
    assert attack.apply(Document("d", ""), RNG).text == ""


def test_thousands_of_words_are_compared_in_seconds():
    words = " ".join(TEXTS).split()[:4_000]
    assert len(words) == 4_000
    editions = [
        {"d": " ".join("other" if i % 30 == start else word for i, word in enumerate(words))}
        for start in (0, 10)
    ]
    ours = Document("d", " ".join("mark" if i % 30 == 20 else w for i, w in enumerate(words)))
    began = process_time()
    assert Collusion(editions).apply(ours, RNG).text == " ".join(words)
    assert process_time() - began < 10


def test_a_vote_without_other_editions_is_refused():
    with pytest.raises(ValueError, match="editions: wanted at least one, got none"):
        Collusion([])
