import json

import pytest

from watermark.document import Site
from watermark.errors import CorpusError
from watermark.substitution.rules import (
    Rule,
    WordRules,
    accepted_pairs,
    add_rules,
    base_pair,
    read_rules,
    rules_sha256,
    word_rules,
)


@pytest.fixture
def rules(tmp_path):
    def write(*rows):
        lines = (row if isinstance(row, str) else json.dumps(row) for row in rows)
        path = tmp_path / "rules.jsonl"
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return path

    return write


def never(**about):
    return {"decision": "never", **about}


def test_a_pair_counts_in_both_directions_and_in_all_forms():
    words = WordRules(never_pairs=frozenset({("golfer", "hacker")}))
    assert words.forbids("hackers", "golfers")
    assert words.forbids("Golfer", "HACKER")
    assert words.forbids("a hacker", "a golfer")
    assert not words.forbids("hackers", "programmers")
    assert not words.forbids("hackers", "hackers")


def test_an_inflected_form_stands_for_itself():
    words = WordRules(never_pairs=frozenset({("golfers", "hackers")}))
    assert words.forbids("hackers", "golfers")
    assert not words.forbids("hacker", "golfer")


def test_a_word_is_neither_replaced_nor_put_in():
    words = WordRules(never_words=frozenset({"location", "over"}))
    assert words.forbids_word("Locations")
    assert words.forbids("locations", "places")
    assert words.forbids("place", "location")
    assert words.forbids("more than", "over")
    assert not words.forbids("locate", "find")
    assert not words.forbids("moved over", "over moved")  # the same words in another order


def test_any_candidate_of_a_site_excludes_it_and_insertions_stay():
    words = WordRules(frozenset({("big", "large")}), frozenset({"x"}))
    assert not words.allows(Site("d", 0, "large", ("large", "huge", "big"), "draw"))
    assert words.allows(Site("d", 0, "large", ("large", "huge"), "draw"))
    assert words.allows(Site("d", 0, "", ("x", "y"), "draw"))


def test_words_of_other_languages_stand_for_themselves():
    words = WordRules(never_words=frozenset({"straße"}))
    assert words.forbids("STRASSE", "Weg") is False  # casefold of the rule is "strasse"
    assert WordRules(never_words=frozenset({"strasse"})).forbids("Straße", "Weg")


@pytest.mark.parametrize(
    ("words", "pair"),
    [
        ("golfers hackers", "golfer hacker"),
        ("Departs leaves", "depart leave"),  # not the noun
        ("completed finished", "complete finish"),  # not the adjectives
        ("commerce trading", "commerce trading"),  # not the verb
        ("saw viewed", "saw viewed"),  # saw or see
        ("traveled travelled", "traveled travelled"),  # one lemma
        ("bigger larger", "big large"),
    ],
)
def test_the_forms_of_a_pair_are_named_by_its_lemmas(words, pair):
    first, second = words.split()
    assert base_pair(second, first) == tuple(pair.split())
    rules = WordRules(never_pairs=frozenset({base_pair(second, first)}))
    assert rules.forbids(first, second)


def test_a_pair_of_more_words_stays_as_it_is():
    assert base_pair("do not", "don't") == ("do not", "don't")
    assert base_pair("an ample", "a large") == ("ample", "large")


def test_rules_are_read_and_added_once(rules, tmp_path):
    path = rules(
        never(word="Perchance", note="archaic"),
        "",
        {"decision": "accept", "pair": ["movie", "film"]},
    )
    before = read_rules(path)
    assert before == (Rule("never", word="perchance"), Rule("accept", ("film", "movie")))
    assert accepted_pairs(before) == {("film", "movie")}
    new = (Rule("never", ("big", "large")), Rule("never", word="perchance"))
    assert add_rules(path, before, new) == 1
    assert read_rules(path) == (*before, new[0])
    assert path.read_text(encoding="utf-8").startswith('{"decision": "never", "word": "Perchance"')
    assert add_rules(path, read_rules(path), new) == 0
    assert add_rules(tmp_path / "new/rules.jsonl", (), new) == 2
    assert read_rules(tmp_path / "new/rules.jsonl") == new


def test_a_last_line_without_its_end_is_not_glued_to_the_next(rules):
    path = rules(never(word="one"))
    path.write_bytes(path.read_bytes().rstrip())
    add_rules(path, read_rules(path), [Rule("never", word="two")])
    assert [rule.word for rule in read_rules(path)] == ["one", "two"]


def test_a_column_is_never_marked_or_has_rules_of_its_own(rules):
    path = rules(never(column="caption"), never(pair=["big", "large"], column="title"))
    found = read_rules(path)
    assert word_rules(found, "text") == WordRules()
    assert word_rules(found, "title").never_pairs == {("big", "large")}
    with pytest.raises(CorpusError, match=r"rules.jsonl:1: the column 'caption' is never marked"):
        word_rules(found, "caption")


def test_the_hash_does_not_depend_on_the_order():
    one = WordRules(frozenset({("a", "b"), ("c", "d")}), frozenset({"e", "f"}))
    other = WordRules(frozenset({("c", "d"), ("a", "b")}), frozenset({"f", "e"}))
    assert rules_sha256(one) == rules_sha256(other) != rules_sha256(WordRules())


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("not JSON", "rules.jsonl:2: wanted a JSON object on a line of its own; it is not JSON"),
        ("[1]", "rules.jsonl:2: wanted a JSON object, got"),
        ('{"decision": "never", "word": "a", "word": "b"}', "names a key twice"),
        ("[" * 100, "nested 100 deep"),
        ({"decision": "sometimes", "word": "a"}, "the decision is 'sometimes'"),
        ({"word": "a"}, "the decision is None"),
        (never(), "or nothing"),
        (never(word="a", pair=["a", "b"]), "both a pair and a word"),
        (never(word=" "), "'word' is ' ', wanted a text"),
        (never(word=3), "'word' is 3"),
        (never(pair=["a"]), "wanted two words"),
        (never(pair=["a", 1]), "wanted two words"),
        (never(pair=["a", "A"]), "has 'a' twice"),
        (never(words=["a", "b"]), "unknown key 'words'"),
        (never(word="a", chosen="b"), "unknown key 'chosen'"),
        ({"decision": "accept", "word": "a"}, "only a pair can be accepted"),
        (never(word="a" * 5_000_000), "bytes; at most"),
    ],
)
def test_a_malformed_rule_is_refused_with_its_line(rules, row, words):
    with pytest.raises(CorpusError) as caught:
        read_rules(rules(never(word="fine"), row))
    assert "rules.jsonl:2: " in str(caught.value)
    assert words in str(caught.value)


@pytest.mark.parametrize("other", [never(pair=["movie", "film"]), never(word="film")])
def test_rules_that_contradict_each_other_are_refused_with_both_lines(rules, other):
    path = rules({"decision": "accept", "pair": ["film", "movie"]}, other)
    with pytest.raises(CorpusError, match=r"rules.jsonl:1: accepts .*rules.jsonl:2 never allows"):
        read_rules(path)


def test_a_file_that_is_missing_or_no_text_is_refused(tmp_path):
    with pytest.raises(CorpusError, match="wanted a file of JSON Lines"):
        read_rules(tmp_path / "none.jsonl")
    (tmp_path / "raw").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CorpusError, match="raw:1"):
        read_rules(tmp_path / "raw")
