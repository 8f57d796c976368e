import re

from watermark.variants.variant import Variant, cased, outside_quotations

WORD = re.compile(r"\bnet\b")


def test_what_stands_is_one_of_the_forms():
    variant = Variant(4, ("toward", "towards"), 1, "toward|towards")
    assert (variant.original, variant.end) == ("towards", 11)


def test_a_form_gets_the_capital_of_the_other():
    assert cased("over", "More than") == "Over"
    assert cased("over", "more than") == "over"


def test_one_place_in_a_quotation_takes_them_all_out():
    assert len(outside_quotations(WORD, "A net and a net.")) == 2
    assert outside_quotations(WORD, 'A net and "a net".') == []
