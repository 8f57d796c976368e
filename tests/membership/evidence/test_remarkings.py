import numpy as np
from scipy.stats import kstest

from membership.detector import Score
from membership.evidence import remarkings as module
from membership.evidence.remark import remark_test
from membership.evidence.remarkings import make_remarkings
from watermark.document import Document, Site
from watermark.keys import Key

KEY = Key(bytes(range(32)))


def site(document, start, original, candidates, draw):
    return Site(document, start, original, tuple(candidates), draw)


DOCUMENTS = [Document("a", "cat"), Document("b", "cab"), Document("c", "dog")]
WORDS = [
    [site("a", 0, "c", "cx", "c"), site("a", 1, "a", "ay", "a")],
    [site("b", 1, "a", "ay", "a")],
    [site("c", 0, "d", "dz", "d")],
]


def test_the_first_version_is_the_published_one_and_the_others_follow_fresh_draws():
    made = make_remarkings(DOCUMENTS, WORDS, [(1, 0), (0,), (1,)], KEY, alpha=0.01)
    assert [some[0] for some in made.texts] == ["xat", "cab", "zog"]
    assert {len(some) for some in made.texts} == {1 + 99}
    a, b, _ = made.texts
    assert [t[1] for t in a] == [t[1] for t in b] or a[0][1] == b[0][1]
    assert all(one[1] == two[1] for one, two in zip(a[1:], b[1:], strict=True))  # a shared draw
    assert set(a[1:]) == {"cat", "xat", "cyt", "xyt"}


def test_documents_that_share_a_draw_are_one_block():
    made = make_remarkings(DOCUMENTS, WORDS, [(1, 0), (0,), (1,)], KEY, alpha=0.01)
    assert made.blocks.tolist() == [0, 0, 1]
    assert made.n_blocks == 2


def test_an_insertion_is_scored_alone_and_unmarked_documents_are_left_out():
    sites = [
        [site("a", 3, "", "uv", "0"), site("a", 3, "", "uv", "1")],
        [site("b", 0, "", "uv", "0"), site("b", 3, "", "uv", "1")],
        [],
    ]
    made = make_remarkings(DOCUMENTS, sites, [(0, 1), (0, 1), ()], KEY, alpha=0.01)
    assert made.document_ids == ("a", "b", "b")
    assert [some[0] for some in made.texts] == ["uv", "u", "v"]


def test_fresh_draws_are_uniform_and_independent():
    made = make_remarkings(DOCUMENTS[2:], WORDS[2:], [(0,)], KEY, alpha=1e-4)
    share = np.mean([text == "zog" for text in made.texts[0][1:]])
    assert abs(share - 0.5) < 5 * 0.5 / 9999**0.5


def test_many_blocks_need_few_versions_and_too_many_texts_are_sampled(monkeypatch):
    documents = [Document(str(i), "dog") for i in range(40)]
    own = [[site(str(i), 0, "d", "dz", str(i))] for i in range(40)]
    made = make_remarkings(documents, own, [(0,)] * 40, KEY, alpha=0.001)
    assert (len(made.texts), len(made.texts[0])) == (40, 20)
    monkeypatch.setattr(module, "MOST_TEXTS", 200)
    made = make_remarkings(documents, own, [(0,)] * 40, KEY, alpha=0.001)
    assert len(made.texts) == 10
    again = make_remarkings(documents, own, [(0,)] * 40, KEY, alpha=0.001)
    assert made.texts == again.texts


def test_the_fresh_versions_are_those_of_the_key_and_the_same_in_every_test():
    def alternatives(key):
        made = make_remarkings(DOCUMENTS, WORDS, [(1, 0), (0,), (1,)], key, alpha=0.01)
        return [some[1:] for some in made.texts]

    assert alternatives(KEY) == alternatives(KEY)
    assert alternatives(KEY) != alternatives(Key(bytes(32)))


def test_p_is_uniform_for_a_score_that_dislikes_what_a_public_seed_would_give():
    n_documents, n_sites = 12, 16
    documents = [Document(str(i), "a" * n_sites) for i in range(n_documents)]
    sites = [
        [site(str(i), at, "a", "ab", f"{i}.{at}") for at in range(n_sites)]
        for i in range(n_documents)
    ]
    rng = np.random.default_rng(0)
    public = rng.integers(0, 2, (n_documents, n_sites, 19)).transpose(0, 2, 1)

    def score(number, text):
        distance = np.abs(public[number] - np.array([c == "b" for c in text])).sum(1).min()
        return Score(distance + int(text.translate({97: "0", 98: "1"}), 2) * 1e-6)

    pvalues = []
    for seed in range(200):
        key = Key(np.random.default_rng([seed, 5]).bytes(32))
        choices = [[key.draw(each.draw, 2) for each in some] for some in sites]
        made = make_remarkings(documents, sites, choices, key, alpha=0.001)
        scores = [score(i, text) for i, some in enumerate(made.texts) for text in some]
        test = remark_test(made, scores, detector="loss", alpha=0.001, n_resamples=999, seed=seed)
        pvalues.append(test.pvalue)
    assert kstest(pvalues, "uniform").pvalue > 0.001


def test_few_blocks_get_as_many_versions_as_the_level_takes():
    made = make_remarkings(DOCUMENTS[2:], WORDS[2:], [(0,)], KEY, alpha=1e-4)
    assert len(made.texts[0]) == 10_000  # the published version and 9,999 others
