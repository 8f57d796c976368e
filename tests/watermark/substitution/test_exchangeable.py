import pytest

from tests.support.targets import target_of
from watermark.substitution import exchangeable as module
from watermark.substitution.exchangeable import FILE, exchangeable, read_condition
from watermark.substitution.word_lists import listed_reason
from watermark.text.inflection import inflect_lemma
from watermark.text.rarity import rarity_bits

TAG = {"n": "NNS", "v": "VBD", "a": "JJ", "r": "RB"}
ROWS = [
    line.split("\t")
    for line in FILE.read_text(encoding="ascii").splitlines()
    if not line.startswith("#")
]


@pytest.mark.parametrize(
    ("condition", "word", "holds"),
    [
        ("next=NOUN", "large", True),
        ("next=building|old", "large", True),
        ("next!=NOUN", "large", False),
        ("next=ADJ", "large", False),
        ("next=PUNCT", "harbour", True),
        ("next=END", "harbour", False),
        ("prev=the", "committee", True),
        ("prev=START", "committee", False),
        ("prev=DET", "large", True),
        ("prev=VERB", "large", False),
        ("prev=START", "The", True),
        ("near=harbour", "large", True),
        ("near=purchase", "large", True),
        ("near=large", "large", False),
        ("near!=harbour|quay", "large", False),
        ("tag=VBD|VBN", "purchased", True),
        ("tag!=VBD", "purchased", False),
        ("takes=object", "purchased", True),
        ("takes!=object", "purchased", False),
        ("takes=none", "purchased", False),
    ],
)
def test_a_condition_looks_where_it_says(resources, condition, word, holds):
    text = "The committee purchased a large building near the old harbour."
    assert read_condition(condition).holds(target_of(resources, text, word)) == holds


@pytest.mark.parametrize(
    "condition",
    ["after=x", "next", "next=", "next=|x", "next=NOUNS", "tag=NOUN", "takes=objects", "!=x", ""],
)
def test_what_is_no_condition_is_an_error(condition):
    with pytest.raises(ValueError, match=r"want prev|there is no"):
        read_condition(condition)


def test_each_lemma_comes_with_the_condition_that_fails(resources, monkeypatch, tmp_path):
    (tmp_path / "pairs.tsv").write_text(
        "# a comment\nlarge\ta\tbig\tnext=ADJ\nlarge\ta\tbig\tprev!=the next=NOUN\n"
        "large\ta\tsizeable\tnear!=harbour\nlarge\ta\tsizeable\tnear=quay\nlarge\tn\tlot\t\n"
    )
    monkeypatch.setattr(module, "FILE", tmp_path / "pairs.tsv")
    module._pairs.cache_clear()
    text = "The committee purchased a large building near the old harbour."
    try:
        found = exchangeable(target_of(resources, text, "large"))
        assert found == {"big": "", "sizeable": "near!=harbour"}
        assert exchangeable(target_of(resources, text, "building")) == {}
    finally:
        module._pairs.cache_clear()


def test_the_list_has_each_line_once_and_nothing_that_is_never_put_in():
    assert len(ROWS) == len(set(map(tuple, ROWS)))
    for lemma, pos, other, conditions in ROWS:
        assert pos in TAG, lemma
        assert lemma != other
        assert not listed_reason(other), other
        assert [read_condition(c) for c in conditions.split()] or not conditions
        assert rarity_bits(other) < 22, other


def test_every_word_of_the_list_has_the_forms_that_a_text_needs():
    for lemma, pos, other, _ in ROWS:
        assert inflect_lemma(other, TAG[pos]), (lemma, other)


def test_all_conditions_of_a_line_must_hold(resources, monkeypatch, tmp_path):
    (tmp_path / "pairs.tsv").write_text(
        "large\ta\tbig\tprev=a next=ADJ\nlarge\ta\tsizeable\tprev=a next=NOUN\n"
    )
    monkeypatch.setattr(module, "FILE", tmp_path / "pairs.tsv")
    module._pairs.cache_clear()
    try:
        found = exchangeable(target_of(resources, "They bought a large building.", "large"))
        assert found == {"big": "next=ADJ", "sizeable": ""}
    finally:
        module._pairs.cache_clear()


def test_the_last_word_of_a_text_without_a_full_stop_is_at_the_end(resources):
    target = target_of(resources, "They saw the harbour", "harbour")
    assert read_condition("next=END").holds(target)
