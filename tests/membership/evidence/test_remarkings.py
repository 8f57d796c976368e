import numpy as np

from membership.evidence import remarkings as module
from membership.evidence.remarkings import make_remarkings
from watermark.document import Document, Site


def site(document, start, original, candidates, draw):
    return Site(document, start, original, tuple(candidates), draw)


DOCUMENTS = [Document("a", "cat"), Document("b", "cab"), Document("c", "dog")]
WORDS = [
    [site("a", 0, "c", "cx", "c"), site("a", 1, "a", "ay", "a")],
    [site("b", 1, "a", "ay", "a")],
    [site("c", 0, "d", "dz", "d")],
]


def test_the_first_version_is_the_published_one_and_the_others_follow_fresh_draws():
    made = make_remarkings(DOCUMENTS, WORDS, [(1, 0), (0,), (1,)], alpha=0.01, seed=0)
    assert [some[0] for some in made.texts] == ["xat", "cab", "zog"]
    assert {len(some) for some in made.texts} == {1 + 99}
    a, b, _ = made.texts
    assert [t[1] for t in a] == [t[1] for t in b] or a[0][1] == b[0][1]
    assert all(one[1] == two[1] for one, two in zip(a[1:], b[1:], strict=True))  # a shared draw
    assert set(a[1:]) == {"cat", "xat", "cyt", "xyt"}


def test_documents_that_share_a_draw_are_one_block():
    made = make_remarkings(DOCUMENTS, WORDS, [(1, 0), (0,), (1,)], alpha=0.01, seed=0)
    assert made.blocks.tolist() == [0, 0, 1]
    assert made.n_blocks == 2


def test_an_insertion_is_scored_alone_and_unmarked_documents_are_left_out():
    sites = [
        [site("a", 3, "", "uv", "0"), site("a", 3, "", "uv", "1")],
        [site("b", 0, "", "uv", "0"), site("b", 3, "", "uv", "1")],
        [],
    ]
    made = make_remarkings(DOCUMENTS, sites, [(0, 1), (0, 1), ()], alpha=0.01, seed=0)
    assert made.document_ids == ("a", "b", "b")
    assert [some[0] for some in made.texts] == ["uv", "u", "v"]


def test_fresh_draws_are_uniform_and_independent():
    made = make_remarkings(DOCUMENTS[2:], WORDS[2:], [(0,)], alpha=1e-4, seed=1)
    share = np.mean([text == "zog" for text in made.texts[0][1:]])
    assert abs(share - 0.5) < 5 * 0.5 / 9999**0.5


def test_many_blocks_need_few_versions_and_too_many_texts_are_sampled(monkeypatch):
    documents = [Document(str(i), "dog") for i in range(40)]
    own = [[site(str(i), 0, "d", "dz", str(i))] for i in range(40)]
    made = make_remarkings(documents, own, [(0,)] * 40, alpha=0.001, seed=0)
    assert (len(made.texts), len(made.texts[0])) == (40, 20)
    monkeypatch.setattr(module, "MOST_TEXTS", 200)
    made = make_remarkings(documents, own, [(0,)] * 40, alpha=0.001, seed=0)
    assert len(made.texts) == 10
    again = make_remarkings(documents, own, [(0,)] * 40, alpha=0.001, seed=0)
    assert made.texts == again.texts


def test_few_blocks_get_as_many_versions_as_the_level_takes():
    made = make_remarkings(DOCUMENTS[2:], WORDS[2:], [(0,)], alpha=1e-4, seed=0)
    assert len(made.texts[0]) == 10_000  # the published version and 9,999 others
