import numpy as np
import pytest
from scipy.stats import kstest

from membership.evidence.redraw import draw_table, null_statistics
from membership.evidence.result import monte_carlo_pvalue
from membership.evidence.score_table import ScoreTable
from watermark.document import Document, Site, text_sha256
from watermark.keys import Key
from watermark.marking.codebook import build_codebook, choose_published, draw_marks
from watermark.marking.site_index import index_document
from watermark.schemes.leximark import LexiMark

PAIR = "buy.v:buy|purchase"
TEXTS = [Document(f"d{i}", "buy " * (1 + i % 5) + str(i)) for i in range(400)]
CASES = ["word", "site", "document"]


def sites(document, scope="word"):
    name = text_sha256(document.text)
    draw = {"word": lambda at: PAIR, "site": lambda at: f"{name}:{at}", "document": lambda at: name}
    return [
        Site(document.id, at, "buy", ("buy", "purchase"), draw[scope](at))
        for at in range(0, 4 * document.text.count("buy"), 4)
    ]


def marker(documents, settings):
    """Return a function that marks the documents with a key."""
    found = [sites(document, settings.scope) for document in documents]
    codebook = build_codebook(map(index_document, documents, found), settings)
    return lambda key: [
        draw_marks(document, some, codebook, settings, key)
        for document, some in zip(documents, found, strict=True)
    ]


def mark(documents, key, settings=LexiMark()):
    return marker(documents, settings)(key)


def test_the_sites_of_a_pair_are_shared_among_coins_of_sixteen(key):
    settings = LexiMark(max_frequency_ratio=1e9)
    draws = [mark.draw for marked in mark(TEXTS, key, settings) for mark in marked.marks]
    names, counts = np.unique(draws, return_counts=True)
    assert len(draws) == 1200
    assert set(names) <= {f"{PAIR}#{i}/75" for i in range(75)}
    assert len(names) > 70
    assert counts.mean() == pytest.approx(16, abs=1)


def test_in_a_document_a_word_is_treated_alike(key):
    for marked in mark(TEXTS, key, LexiMark(max_frequency_ratio=1e9)):
        assert len({mark.draw for mark in marked.marks}) == 1
        assert len({mark.chosen for mark in marked.marks}) == 1


def test_the_share_keeps_documents_whole(key):
    marked = mark(TEXTS, key)  # 1,406 words: no more than one coin is natural
    kept = [len(one.marks) for one in marked]
    assert {mark.draw for one in marked for mark in one.marks} == {f"{PAIR}#0/1"}
    assert all(n in (0, TEXTS[i].text.count("buy")) for i, n in enumerate(kept))
    assert 4 < sum(kept) < 40  # 16 expected


def test_marks_depend_on_the_text_and_not_on_ids_or_order(key):
    wanted = {one.document.text.split()[-1]: one for one in mark(TEXTS, key)}
    rng = np.random.default_rng(0)
    for _ in range(3):
        order = rng.permutation(len(TEXTS))
        renamed = [Document(f"x{rng.integers(10**9)}", TEXTS[i].text) for i in order]
        for one in mark(renamed, key):
            other = wanted[one.document.text.split()[-1]]
            assert [(m.start, m.chosen, m.draw) for m in one.marks] == [
                (m.start, m.chosen, m.draw) for m in other.marks
            ]


def test_sites_of_one_coin_get_the_same_word_as_the_key_says(key):
    for marked in mark(TEXTS, key, LexiMark(max_frequency_ratio=1e9)):
        for each in marked.marks:
            assert each.chosen == ("buy", "purchase")[key.draw(each.draw, 2)]


@pytest.mark.parametrize("scope", CASES)
def test_p_is_uniform_over_a_thousand_keys(scope):
    """For a suspect that likes some documents' words better, so that sites of one coin agree."""
    rng = np.random.default_rng(3)
    settings = LexiMark(scope=scope, sites_per_coin=8, max_frequency_ratio=1e9)
    documents = TEXTS[:60]
    liking = np.repeat(rng.standard_t(3, 60), [d.text.count("buy") for d in documents])
    mark_with = marker(documents, settings)
    first = mark_with(Key(bytes(32)))
    draws = tuple(mark.draw for marked in first for mark in marked.marks)
    assert len(set(draws)) == {"word": 23, "site": 180, "document": 60}[scope]
    score = np.stack([-liking, liking], axis=1) / 2
    table = ScoreTable(
        tuple(m.document_id for one in first for m in one.marks),
        draws, np.full(len(draws), 2), score, {}, {},
    )  # fmt: skip
    null = null_statistics(draw_table(table), 1_999, rng)
    weight = 1 / np.sqrt([draws.count(draw) for draw in draws])
    pvalues = []
    for _ in range(1_000):
        marked = mark_with(Key(rng.bytes(32)))
        chosen = [m.candidates.index(m.chosen) for one in marked for m in one.marks]
        observed = float((weight * score[np.arange(len(chosen)), chosen]).sum())
        pvalues.append(monte_carlo_pvalue(observed, null))
    assert kstest(pvalues, "uniform").pvalue > 0.001
    assert 5 < np.sum(np.array(pvalues) <= 0.01) + np.sum(np.array(pvalues) > 0.99) < 40


@pytest.mark.parametrize("scope", ["word", "site"])
def test_the_rule_published_draws_nothing(key, scope):
    settings = LexiMark(rule="published", scope=scope)
    document = Document("d", "buy " * 40)
    offers = [Site("d", 4 * i, "buy", ("purchase", "bribe"), "published") for i in range(40)]
    codebook = build_codebook([index_document(document, offers)], settings)
    assert codebook.replacements == {"buy": "bribe"}  # the rarer of the two
    marked = draw_marks(document, offers, codebook, settings, key)
    assert {mark.chosen for mark in marked.marks} == {"bribe"}
    assert len(marked.marks) == 40


def test_a_place_where_the_settled_word_does_not_fit_stays_as_it_was(key):
    settings = LexiMark(rule="published")
    document = Document("d", "buy buy")
    offers = [
        Site("d", 0, "buy", ("purchase",), "published"),
        Site("d", 4, "buy", ("purchase", "bribe"), "published"),
    ]
    codebook = build_codebook([index_document(document, offers)], settings)
    marked = draw_marks(document, offers, codebook, settings, key)
    assert [mark.start for mark in marked.marks] == [4]


def test_the_rarest_word_of_all_sites_is_chosen_in_whatever_order_they_come():
    both = Site("d", 0, "buy", ("purchase", "bribe"), "published")
    one = Site("d", 4, "Buy", ("Purchase",), "published")
    assert choose_published([both, one]) == choose_published([one, both]) == {"buy": "bribe"}
