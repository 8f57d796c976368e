import pytest

from watermark.text.language import count_languages, other_language

ENGLISH = [
    "The committee purchased a large building near the old harbour.",
    "Shares fell sharply in early trading on Monday.",
    "Sturgeon told broadcaster ITV.",
    "Police arrested Mohammed Al Rashid in Schwabing on Tuesday.",
    "He likes big dogs.",
    "Ministers want lower taxes.",
]
OTHERS = [
    ("de", "Der Ausschuss hat im Herbst ein altes Haus am Hafen gekauft."),
    ("fr", "Le comité a acheté une grande maison près du vieux port."),
    ("es", "El comité compró una casa grande cerca del viejo puerto."),
    ("it", "Il comitato ha comprato una grande casa vicino al vecchio porto."),
    ("nl", "De commissie heeft een groot gebouw bij de oude haven gekocht."),
    ("und", "Комитет купил большой дом возле старого порта."),
]


@pytest.mark.parametrize("sentence", ENGLISH)
def test_english_is_english(sentence):
    assert other_language(sentence.replace(".", "").split()) == ""


@pytest.mark.parametrize(("code", "sentence"), OTHERS)
def test_other_languages_are_told(code, sentence):
    assert other_language(sentence.replace(".", "").split()) == code


def test_short_sentences_are_not_decided():
    assert other_language(["Das", "ist", "gut"]) == ""


def test_sentences_are_counted_by_language():
    counts = count_languages([ENGLISH[0] + " " + OTHERS[0][1], OTHERS[0][1] + "\n1 2 3 4 5"])
    assert counts == {"": 1, "de": 2}
