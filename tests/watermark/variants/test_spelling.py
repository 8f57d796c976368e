import pytest

from tests.support.variants import draws_of, variants_of
from watermark.variants.spelling import both_spellings


@pytest.mark.parametrize(
    ("british", "american"),
    [
        ("colour", "color"), ("theatres", "theaters"), ("organised", "organized"),
        ("travelling", "traveling"), ("defence", "defense"), ("analyse", "analyze"),
        ("catalogue", "catalog"), ("Favourite", "Favorite"),
    ],
)  # fmt: skip
def test_rules_lead_from_one_spelling_to_the_other(british, american):
    assert both_spellings(british) == both_spellings(american) == (british, american)


@pytest.mark.parametrize("word", ["house", "size", "hour", "COLOUR", "advertise"])
def test_words_with_one_spelling_have_no_other(word):
    assert both_spellings(word) is None


def test_all_words_of_a_document_change_together():
    text = "The colour of the theatre pleased the town. They organised a fair."
    wanted = [("colour", "color"), ("theatre", "theater"), ("organised", "organized")]
    assert variants_of("spelling", text) == wanted
    assert len({draw for draw, _ in draws_of("spelling", text)}) == 1
    american = "The color of the theater pleased the town. They organized a fair."
    assert variants_of("spelling", american) == [(b, a) for a, b in wanted]


@pytest.mark.parametrize(
    "text",
    [
        "The colour of the theater pleased the town.",  # mixed
        'The colour pleased the town. "It is my favourite," she said.',
        "The colour of the Harbour Theatre pleased the town.",
        "The colour of `centre` pleased the town.",
    ],
)
def test_a_document_that_cannot_change_as_a_whole_stays(text):
    assert variants_of("spelling", text) == []
