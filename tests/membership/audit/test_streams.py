from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import kstest

from membership.audit import streams
from membership.audit.corpus import AuditCorpus
from membership.audit.observations import SiteLogprobs
from membership.audit.streams import JoinedKey, join_corpora, rows_of, stream_results
from membership.evidence.redraw import simulate_null
from membership.traces.trace import CandidateLogprobs
from watermark.document import Document, Site
from watermark.errors import PrerequisiteError
from watermark.keys import Key


def owner(seed):
    return Key(np.random.default_rng([seed, 4]).bytes(32))


def keys_of(seed, names):
    return JoinedKey({name: owner(seed).derive("instalment", name) for name in names})


def part(n=20):
    sites = tuple((Site(f"d{i}", 0, "big", ("big", "sizeable"), f"w{i % 15}"),) for i in range(n))
    documents = tuple(Document(f"d{i}", "big house") for i in range(n))
    return AuditCorpus(
        documents, np.ones(n, dtype=bool), documents, sites, tuple((0,) for _ in range(n))
    )


def readings(corpus, key=None, effect=0.0, seed=0, only=""):
    rng = np.random.default_rng(seed)
    sites = [site for _, some in corpus.readable() for site in some]
    logprobs = []
    for site in sites:
        values = rng.normal(size=2)
        if key is not None and site.document_id.startswith(only):
            values[key.draw(site.draw, 2)] += effect
        logprobs.append(CandidateLogprobs(values))
    return SiteLogprobs(tuple(sites), tuple(logprobs), {})


def test_the_same_word_has_another_coin_in_each_instalment():
    joint = join_corpora({"a": part(), "b": part()})
    names = {site.draw for some in joint.sites for site in some}
    assert {"a/w0", "b/w0"} <= names
    assert len({document.id for document in joint.documents}) == 40
    key = keys_of(0, ["a", "b"])
    assert key.draw("a/w0", 2**30) == owner(0).derive("instalment", "a").draw("w0", 2**30)
    assert key.draw("a/w0", 2**30) != key.draw("b/w0", 2**30)


def test_a_draw_with_a_slash_in_its_name_keeps_it():
    key = keys_of(0, ["a"])
    assert key.draw("a/w/x", 2**30) == owner(0).derive("instalment", "a").draw("w/x", 2**30)


def test_instalments_in_two_languages_are_not_joined():
    with pytest.raises(PrerequisiteError, match="--instalments"):
        join_corpora({"a": part(), "b": replace(part(), language="de")})


def test_the_instalment_that_was_trained_on_is_seen_in_the_joint_test_and_in_the_bets():
    names = ["a", "b", "c"]
    joint = join_corpora({name: part(60) for name in names})
    key = keys_of(1, names)
    table, test, bets = stream_results(
        readings(joint, key, 3.0, only="b/"), key, ("said",), alpha=0.001, n_resamples=9_999, seed=0
    )
    assert test.pvalue <= 0.01
    assert test.left_out[-1] == "said"
    zscores = {row["instalment"]: row["zscore"] for row in bets.details["instalments"]}
    assert zscores["b"] > 3 > max(abs(zscores["a"]), abs(zscores["c"]))
    assert len(rows_of(table, "b").draws) == 60
    assert [len(bets.path), bets.n_units] == [3, 3]


def test_p_of_the_joint_test_is_uniform_over_1_000_owners():
    names = ["a", "b"]
    joint = join_corpora({name: part(40) for name in names})
    table = readings(joint, keys_of(99_999, names), 2.0).table()
    pvalues = simulate_null(table, [keys_of(seed, names) for seed in range(1_000)])
    assert kstest(pvalues, "uniform").pvalue > 0.001


def bets_on(names, effect=0.0, only=""):
    """The bets on instalments whose words have one rarity, after `effect` was added in `only`."""
    joint, key = join_corpora({name: part(60) for name in names}), keys_of(1, names)
    said = readings(joint, key, effect, only=only)
    return stream_results(said, key, (), alpha=0.001, n_resamples=99, seed=0)[2]


def test_a_bet_uses_no_later_instalment():
    assert bets_on("abc").path[:2] == pytest.approx(bets_on("ab").path)


def test_a_bet_uses_no_instalment_before_the_window(monkeypatch):
    monkeypatch.setattr(streams, "WINDOW", 1)
    before, after = (
        [row["zscore"] for row in bets_on("abc", effect, "a/").details["instalments"]]
        for effect in (0.0, 3.0)
    )
    assert after[1] != pytest.approx(before[1])
    assert after[2] == pytest.approx(before[2])
