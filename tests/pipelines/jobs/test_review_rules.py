import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import kstest

from membership.evidence.redraw import redraw_test
from membership.evidence.score_table import ScoreTable
from tests.pipelines.conftest import MANY_SITES
from watermark.document import Site, sites_of
from watermark.keys import Key
from watermark.marking.decisions import Decisions
from watermark.substitution.rules import Pair, WordRules, base_pair, make_pair, read_rules
from watermark.vault.vault import open_vault

NEW = ("--out", "reviewed", "--vault-out", "vault-2")


@pytest.fixture
def review(job, command):
    def run(*options):
        common = ("--published", job.vault.parent / "published", "--key-file", job.key_file)
        return command("leximark", "review", job.vault, *common, *NEW, *options)

    return run


@pytest.fixture
def mark(job, command):
    def run(*options):
        return command("leximark", "mark", job.corpus, "--id-column", "id",
                       "--out", "out", "--vault", "new-vault", *MANY_SITES, *options)  # fmt: skip

    return run


def write(path, *rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def all_sites(vault):
    return [site for _, marked in vault.marked() for site in sites_of(marked)]


def sites_by_pair(job):
    found: dict[Pair, list[Site]] = {}
    for site in all_sites(open_vault(job.vault, job.key_file)):
        word, other = (word.split()[-1] for word in site.candidates)
        found.setdefault(make_pair(word, other), []).append(site)
    return sorted(found.items(), key=lambda item: -len(item[1]))


def test_one_rule_removes_every_site_of_a_pair_and_is_remembered(job, review, tmp_path):
    pair, sites = sites_by_pair(job)[0]
    assert len(sites) > 1
    write(tmp_path / "d.jsonl", {"decision": "never", "pair": pair[::-1]})
    done = review("--decisions", "d.jsonl", "--rules", "house.jsonl")
    assert done.status == 0, done.err
    assert f"{len(sites):,} sites rejected" in done.out
    assert "1 rule added to house.jsonl" in done.out
    new = open_vault(tmp_path / "vault-2", job.key_file)
    assert all_sites(new) == [
        site for site in all_sites(open_vault(job.vault, job.key_file)) if site not in sites
    ]
    assert [rule.pair for rule in read_rules(tmp_path / "house.jsonl")] == [pair]
    assert len(new.plan.corpus["review"]["decisions_sha256"]) == 64


def test_rules_of_the_corpus_before_are_applied_and_kept(job, review, tmp_path):
    (pair, sites), (other, _) = sites_by_pair(job)[:2]
    house = write(tmp_path / "house.jsonl", {"decision": "never", "pair": pair})
    before = house.read_text()
    write(tmp_path / "d.jsonl", {"decision": "accept", "pair": other})
    done = review("--decisions", "d.jsonl", "--rules", "house.jsonl")
    assert done.status == 0, done.err
    assert f"{len(sites):,} sites rejected" in done.out
    assert house.read_text().startswith(before)
    assert len(read_rules(house)) == 2
    assert "rules_sha256" in open_vault(tmp_path / "vault-2", job.key_file).plan.corpus["review"]


def test_rules_alone_are_enough(job, review, tmp_path):
    pair, sites = sites_by_pair(job)[0]
    house = write(tmp_path / "house.jsonl", {"decision": "never", "pair": pair})
    before = house.read_bytes()
    done = review("--rules", "house.jsonl")
    assert done.status == 0, done.err
    assert f"{len(sites):,} sites rejected" in done.out
    assert house.read_bytes() == before


@pytest.mark.parametrize(
    ("decision", "words"),
    [
        ({"decision": "accept", "pair": ["x", "y"]}, "d.jsonl:1: accepts the pair 'x', 'y', and"),
        ({"decision": "never", "pair": ["x"]}, "d.jsonl:1: 'pair' is"),
        ({"decision": "never", "column": "text"}, "d.jsonl:1: the column 'text' is never marked"),
        ({"decision": "never", "chosen": "x"}, "d.jsonl:1: names the chosen word"),
    ],
)
def test_invalid_decisions_leave_everything_as_it_was(review, tmp_path, decision, words):
    house = write(tmp_path / "house.jsonl", {"decision": "never", "pair": ["y", "x"]})
    before = house.read_bytes()
    write(tmp_path / "d.jsonl", decision)
    done = review("--decisions", "d.jsonl", "--rules", "house.jsonl")
    assert done.status == 2
    assert words in done.err
    assert house.read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {"d.jsonl", "house.jsonl"}


def test_rules_that_leave_no_site_are_refused(job, review, mark, tmp_path):
    originals = {
        site.original.split()[-1].lower() for _, some in sites_by_pair(job) for site in some
    }
    write(tmp_path / "d.jsonl", *({"decision": "never", "word": word} for word in originals))
    done = review("--decisions", "d.jsonl")
    assert (done.status, "no site would be left" in done.err) == (2, True)


def test_the_next_corpus_is_marked_by_the_rules_before_the_key_draws(job, mark, tmp_path):
    by_pair = sites_by_pair(job)
    pair, word = by_pair[0][0], by_pair[1][1][0].candidates[1].split()[-1].lower()
    rules = [
        {"decision": "never", "pair": pair},
        {"decision": "never", "word": word},
        {"decision": "never", "pair": by_pair[2][0], "column": "headline"},
    ]
    write(tmp_path / "house.jsonl", *rules)
    done = mark("--rules", "house.jsonl", "--key-file", job.key_file)
    assert done.status == 0, done.err
    assert "house.jsonl:3: the corpus has no column 'headline'; it has text" in done.err
    vault = open_vault(tmp_path / "new-vault", job.key_file)
    excluded = WordRules(frozenset({pair}), frozenset({word}))
    sites = all_sites(vault)
    assert all(map(excluded.allows, sites))
    before = all_sites(open_vault(job.vault, job.key_file))
    assert sum(excluded.allows(site) for site in before) < len(before)
    assert {s.original for s in sites} & {s.original for s in by_pair[2][1]}
    assert vault.plan.scheme["rules"] == {"never_pairs": [list(pair)], "never_words": [word]}
    assert len(vault.plan.made_with["rules"]) == 64


def test_a_rule_makes_room_for_the_next_best_candidate(job, mark, tmp_path):
    before = {
        (s.document_id, s.start): s.candidates[1]
        for s in all_sites(open_vault(job.vault, job.key_file))
    }
    words = sorted({c.split()[-1].lower() for c in before.values()})[:60]
    write(tmp_path / "house.jsonl", *({"decision": "never", "word": word} for word in words))
    assert mark("--rules", "house.jsonl", "--key-file", job.key_file).status == 0
    after = all_sites(open_vault(tmp_path / "new-vault", job.key_file))
    moved = [
        s for s in after if before.get((s.document_id, s.start), s.candidates[1]) != s.candidates[1]
    ]
    assert moved


def test_rules_that_exclude_the_column_or_every_site_stop_marking(job, mark, tmp_path):
    write(tmp_path / "house.jsonl", {"decision": "never", "column": "text"})
    done = mark("--rules", "house.jsonl")
    assert (done.status, "house.jsonl:1: the column 'text' is never marked" in done.err) == (
        2,
        True,
    )
    assert {path.name for path in tmp_path.iterdir()} == {"house.jsonl"}


def test_a_corpus_without_a_site_that_the_rules_allow_says_so(command, tmp_path):
    text = "The committee issued a lengthy statement on the matter yesterday."
    write(tmp_path / "in.jsonl", {"text": text})
    targets = ("--out", "out", "--vault", "vault")
    words = text.lower().strip(".").split()
    write(tmp_path / "house.jsonl", *({"decision": "never", "word": word} for word in words))
    done = command(
        "leximark", "mark", "in.jsonl", *targets, "--rules", "house.jsonl", "--min-fit", "0"
    )
    assert done.status == 2
    assert "allowed by the rules" in done.err


def test_accepted_pairs_come_last_on_the_next_page(job, command, tmp_path):
    pair = base_pair(*sites_by_pair(job)[0][0])
    write(tmp_path / "house.jsonl", {"decision": "accept", "pair": pair})
    done = command("leximark", "inspect", job.vault, "--key-file", job.key_file, "--sample", "5",
                   "--rules", "house.jsonl", "--out", "pages")  # fmt: skip
    assert done.status == 0, done.err
    text = (tmp_path / "pages/review.html").read_text(encoding="utf-8")
    data = json.loads(text.partition('type="application/json">')[2].partition("</script>")[0])
    assert data["groups"][-1]["accepted"]
    assert not any(group["accepted"] for group in data["groups"][:-1])


def test_a_review_keeps_the_fits_of_what_is_left(job, review, tmp_path, command):
    pair, _ = sites_by_pair(job)[0]
    write(tmp_path / "d.jsonl", {"decision": "never", "pair": pair})
    assert review("--decisions", "d.jsonl").status == 0
    done = command("leximark", "inspect", "vault-2", "--key-file", job.key_file, "--sample", "5",
                   "--out", "pages")  # fmt: skip
    assert done.status == 0, done.err
    assert '"fit": null' not in (tmp_path / "pages/review.html").read_text(encoding="utf-8")


PAIRS = [(f"word{i}", f"rare{i}") for i in range(120)]


def review_by_rule(rng, key):
    """Rules on pairs that read badly: they know how odd a rare word is, not which one stands."""
    odd = rng.random(len(PAIRS)) < 0.4
    never = frozenset(make_pair(*pair) for pair, bad in zip(PAIRS, odd, strict=True) if bad)
    return WordRules(never_pairs=never)


def review_of_published_text(rng, key):
    """What the blindness prevents: objections to the rare words that were published."""
    found = review_by_rule(rng, key).never_pairs
    seen = {pair for pair in PAIRS if key.draw("|".join(pair), 2) == 1}
    return WordRules(never_pairs=frozenset(p for p in found if p[::-1] in seen or p in seen))


def pvalues_after(review, n=300):
    """The suspect never saw the text and, as every model does, prefers the common words."""
    found = []
    for seed in range(n):
        rng = np.random.default_rng([7, seed])
        key = Key(rng.bytes(32))
        decisions = Decisions("reject", Path("rules"), {}, review(rng, key))
        left = []
        for number in range(400):
            pair = PAIRS[int(rng.integers(len(PAIRS)))]
            site = Site(f"d{number // 8}", number, pair[0], pair, "|".join(pair))
            if decisions.keeps(site):
                left.append(site)
        lean = rng.normal(1.0, 1.0, len(left))
        table = ScoreTable(
            tuple(site.document_id for site in left),
            tuple(site.draw for site in left),
            np.full(len(left), 2),
            np.stack([lean / 2, -lean / 2], axis=1),
            {},
            {},
        )
        found.append(redraw_test(table, key, alpha=0.001, n_resamples=199, seed=seed).pvalue)
    return np.array(found)


def test_p_stays_uniform_when_sites_are_removed_by_rule():
    rng = np.random.default_rng(0)
    smooth = pvalues_after(review_by_rule) - rng.random(300) / 200
    assert kstest(smooth, "uniform").pvalue > 0.01


def test_p_is_not_uniform_when_the_editor_sees_what_was_published():
    found = pvalues_after(review_of_published_text, 100)
    assert np.mean(found <= 0.05) > 0.5
