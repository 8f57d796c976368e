import pytest

from watermark.text.inflection import article, inflect_lemma, match_case


@pytest.mark.parametrize(
    ("lemma", "tag", "form"),
    [
        ("purchase", "VBD", "purchased"),
        ("purchase", "VBZ", "purchases"),
        ("commence", "VBG", "commencing"),
        ("undertake", "VBN", "undertaken"),
        ("criterion", "NNS", "criteria"),
        ("city", "NNS", "cities"),
        ("huge", "JJR", "huger"),
        ("purchase", "VB", "purchase"),
        ("gigantic", "JJR", None),
        ("quickly", "RBS", None),
    ],
)
def test_a_lemma_takes_the_form_of_the_tag(lemma, tag, form):
    assert inflect_lemma(lemma, tag) == form


@pytest.mark.parametrize(
    ("word", "pattern", "form"),
    [
        ("purchase", "buy", "purchase"),
        ("purchase", "Buy", "Purchase"),
        ("purchase", "BUY", "PURCHASE"),
        ("purchase", "iBuy", None),
        ("égal", "Équal", "Égal"),
    ],
)
def test_case_is_carried_over(word, pattern, form):
    assert match_case(word, pattern) == form


@pytest.mark.parametrize(
    ("word", "wanted"),
    [
        ("hour", "an"),
        ("house", "a"),
        ("university", "a"),
        ("unusual", "an"),
        ("european", "a"),
        ("enormous", "an"),
        ("one", "a"),
        ("Honest", "an"),
    ],
)
def test_the_article_follows_the_sound(word, wanted):
    assert article(word) == wanted
