import pytest

from watermark.text.rarity import UNSEEN_BITS, rarity_bits


def test_rarity_is_minus_the_binary_logarithm_of_the_frequency():
    from wordfreq import word_frequency

    assert 2 ** -rarity_bits("purchase") == pytest.approx(
        word_frequency("purchase", "en"), rel=1e-3
    )


def test_rarer_words_have_more_bits():
    words = ["the", "buy", "purchase", "acquisition", "appurtenance"]
    assert [rarity_bits(w) for w in words] == sorted(rarity_bits(w) for w in words)


def test_case_does_not_matter():
    assert rarity_bits("Purchase") == rarity_bits("purchase")


def test_a_word_nobody_uses_is_the_rarest_not_the_commonest():
    # the released LexiMark gives unknown words 0 bits and so never chooses them as synonyms,
    # but replaces them by anything
    assert rarity_bits("qzxvkj") == UNSEEN_BITS > rarity_bits("appurtenance")
