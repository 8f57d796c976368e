import pytest

from tests.support.variants import check_both_ways, variants_of


def test_the_point_is_free_where_no_spelling_is_shown():
    check_both_ways("titles", "In May he met Dr. Watson at the station.", "Dr.", "Dr")
    check_both_ways("titles", "In May he met Mrs Watson at the station.", "Mrs", "Mrs.")


@pytest.mark.parametrize(
    "text",
    [
        "In May he met Dr Watson at the grey theatre.",  # British
        "In May he met Dr Watson and Mr. Holmes at the station.",  # mixed
        'In May he met Dr Watson. "Dr Watson is late," she said.',
    ],
)
def test_documents_of_one_side_and_mixed_ones_keep_it(text):
    assert variants_of("titles", text) == []
