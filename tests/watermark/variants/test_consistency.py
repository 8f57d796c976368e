import inspect

import pytest

from tests.support.variants import variants_of
from watermark.variants.consistency import PLACES
from watermark.variants.find import KINDS, is_document_draw


@pytest.mark.parametrize(
    ("kind", "all_free", "with_another"),
    [
        (
            "serial_comma",
            "The farm has cows, sheep and goats near the house.",
            "The farm has cows, sheep and goats near the house. They met Tom, Dick and Harry.",
        ),
        (
            "percent",
            "The price of bread rose by 5% in the north.",
            "The price of bread rose by 5% in the north.\n\nUp 5%.",
        ),
        (
            "titles",
            "The patients said that Dr Smith had gone home.",
            "The patients said that Dr Smith had gone home with Prof. Jones.",
        ),
    ],
)
def test_a_kind_that_a_document_decides_changes_all_places_or_none(kind, all_free, with_another):
    assert len(variants_of(kind, all_free)) == 1
    assert variants_of(kind, with_another) == []


def test_the_places_of_every_kind_that_a_document_decides_are_counted():
    sources = {kind: inspect.getsource(find) for kind, find in KINDS.items()}
    assert set(PLACES) == {kind for kind, code in sources.items() if '"document")' in code}


def test_a_draw_says_whether_a_document_decides_it():
    assert is_document_draw("variant/percent@0a:%|percent")
    assert not is_document_draw("variant/contractions:do not|don't")
