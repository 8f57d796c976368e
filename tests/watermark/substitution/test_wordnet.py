import pytest

from watermark.errors import AssetError
from watermark.substitution.wordnet import WordNet


def test_senses_share_the_use_of_a_lemma(wordnet):
    senses = wordnet.senses("bank", "n")
    assert sum(sense.share for sense in senses) == pytest.approx(1)
    assert senses[0].name == "bank.n.01"
    assert senses[0].share == max(sense.share for sense in senses)


def test_synonyms_are_single_plain_words_other_than_the_lemma(wordnet):
    for sense in wordnet.senses("bank", "n"):
        assert all(word.isalpha() and word != "bank" for word in sense.synonyms)
    assert "purchase" in wordnet.senses("buy", "v")[0].synonyms


def test_fixed_phrases_are_known(wordnet):
    assert wordnet.is_phrase("take place")
    assert wordnet.is_phrase("stock market")
    assert not wordnet.is_phrase("take market")


def test_an_unknown_lemma_has_no_senses(wordnet):
    assert wordnet.senses("qzxvkj", "n") == ()


def test_a_folder_without_wordnet_names_the_command_that_fetches_it(tmp_path):
    with pytest.raises(AssetError, match="leximark assets"):
        WordNet(tmp_path / "corpora" / "wordnet")
