import json

import pytest

from watermark.document import Site
from watermark.errors import CorpusError, VaultError
from watermark.marking.decisions import Decisions, read_page_decisions
from watermark.substitution.rules import WordRules

SITE = {"document_id": "d", "start": 3, "original": "large", "candidates": ["large", "big"]}


@pytest.fixture
def page(tmp_path):
    def write(*rows):
        path = tmp_path / "decisions.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return path

    return write


def test_the_page_exports_sites_and_rules(page):
    rejected = {"decision": "reject", **SITE}
    path = page(rejected, {"decision": "never", "word": "avers"}, rejected)
    sites, rules = read_page_decisions(path)
    assert sites == {("d", 3): ("large", ("large", "big"))}
    assert [(rule.decision, rule.word) for rule in rules] == [("never", "avers")]


def test_sites_and_rules_together_decide_what_stays(tmp_path):
    named = {("d", 3): ("large", ("large", "big"))}
    rules = WordRules(never_words=frozenset({"avers"}))
    sites = [
        Site("d", 3, "large", ("large", "big"), "1"),
        Site("d", 9, "large", ("large", "big"), "1"),
        Site("d", 20, "says", ("says", "avers"), "2"),
        Site("d", 30, "", ("avers", "x"), "3"),
    ]
    kept = {
        kind: [Decisions(kind, tmp_path, named, rules).keeps(site) for site in sites]
        for kind in ("reject", "approve")
    }
    assert kept == {"reject": [False, True, False, True], "approve": [True, False, False, True]}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"chosen": "big"}, "must not depend on which word the key drew"),
        ({"start": "3"}, "wanted an offset"),
        ({"start": True}, "wanted an offset"),
        ({"candidates": "big"}, "JSON list"),
        ({"candidates": ["big", 1]}, "JSON list"),
        ({"status": "held out"}, "to reject a site, give document_id"),
        ({"original": "huge"}, "came before, with other words"),
    ],
)
def test_a_decision_that_knows_too_much_or_is_malformed_is_refused(page, change, words):
    first, second = {"decision": "reject", **SITE}, {"decision": "reject", **SITE, **change}
    with pytest.raises(VaultError) as caught:
        read_page_decisions(page(first, second))
    assert "decisions.jsonl:2: " in str(caught.value)
    assert words in str(caught.value)


def test_an_unknown_decision_is_refused(page):
    with pytest.raises(CorpusError, match=r"decisions.jsonl:1: the decision is 'keep'"):
        read_page_decisions(page({"decision": "keep", "word": "a"}))
