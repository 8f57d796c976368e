import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.marked_news import PROSE, assert_same_tree, run
from watermark.corpus import open_corpus
from watermark.document import Document, Marked, restore, text_sha256
from watermark.errors import CorpusError, ToolkitError, VaultError
from watermark.keys import Key, holdout_limit, read_key
from watermark.marking.codebook import build_codebook, draw_marks
from watermark.marking.mark import Intent, mark_corpus
from watermark.marking.site_index import index_document
from watermark.schemes.leximark import LexiMark
from watermark.schemes.leximark_sites import find_sites
from watermark.vault.vault import open_vault

NASTY = [
    "\r\n",
    "\n\n",
    "\t",
    "  ",
    "\u200b",
    "\u202e",
    "cafe\u0301 na\u00efve",
    "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd",
    "\N{GRINNING FACE}\N{ZERO WIDTH JOINER}\N{ROCKET}",
    "# A large heading\n",
    "```\nlarge = begin()\n```\n",
    "<p class='large'>",
    "| large | begin |\n",
    "https://example.org/large/begin",
    "`large`",
    "\ufeff",
    "\x00",
    "a\u030a\u0323",
    "\u2028",
    "> ",
]
texts = st.lists(
    st.one_of(st.sampled_from(PROSE), st.sampled_from(NASTY), st.text(max_size=8)), max_size=12
).map("".join)


def mark(resources, documents, key, scheme):
    found = list(find_sites(resources, documents, scheme))
    codebook = build_codebook(map(index_document, documents, found), scheme)
    return [
        draw_marks(document, sites, codebook, scheme, key)
        for document, sites in zip(documents, found, strict=True)
    ]


@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(texts, min_size=1, max_size=3))
def test_every_character_outside_the_marks_stays_and_restoring_gives_back_the_text(resources, some):
    key = Key(bytes(32))
    documents = [Document(str(i), text) for i, text in enumerate(some)]
    for scheme in (LexiMark(), LexiMark(keep_original=False, scope="site")):
        marked = mark(resources, documents, key, scheme)
        for document, result in zip(documents, marked, strict=True):
            assert restore(result) == document
            assert _outside(result) == _outside_of_original(document, result)
        backwards = mark(resources, documents[::-1], key, scheme)
        assert backwards[::-1] == marked


def _outside(marked: Marked) -> list[str]:
    text, taken, rest = marked.document.text, 0, []
    for m in marked.marks:
        rest.append(text[taken : m.start])
        taken = m.start + len(m.chosen)
    return [*rest, text[taken:]]


def _outside_of_original(document: Document, marked: Marked) -> list[str]:
    taken, shift, rest = 0, 0, []
    for m in marked.marks:
        start = m.start + shift
        rest.append(document.text[taken:start])
        taken = start + len(m.original)
        shift += len(m.original) - len(m.chosen)
    return [*rest, document.text[taken:]]


def test_marking_leaves_a_vault_and_texts_that_belong_together(corpus, tmp_path, resources):
    plan = run(corpus, tmp_path, resources, None)
    vault = open_vault(tmp_path / "vault")
    assert vault.plan == plan
    assert plan.corpus["n_documents"] == 40
    originals = {row["id"]: row for row in map(json.loads, corpus.read_text().splitlines())}
    published = [
        json.loads(line) for line in (tmp_path / "published/news.jsonl").read_text().splitlines()
    ]
    by_id = {row["id"]: row["text"] for row in published}
    texts = {row["text"] for row in originals.values()}
    withheld = {row["text"] for name, row in originals.items() if name not in by_id}
    assert len(withheld) == round(len(texts) / 10)  # a text that comes twice counts once
    assert plan.corpus["n_held_out"] == 40 - len(published)
    n_sites = n_changed = 0
    for document, marked in vault.marked():
        assert document.original == originals[document.id]["text"]
        assert restore(marked).text == document.original
        assert (document.status == "published") == (document.id in by_id)
        assert by_id.get(document.id, marked.document.text) == marked.document.text
        n_sites += len(marked.marks)
        n_changed += sum(m.chosen != m.original for m in marked.marks)
    assert (n_sites, n_changed) == (plan.corpus["n_sites"], plan.corpus["n_changed"])
    assert 0 < n_changed < n_sites
    assert [row["year"] for row in published] == sorted(row["year"] for row in published)


def test_marking_twice_with_one_key_gives_identical_files(corpus, tmp_path, resources, key_file):
    for name in ("one", "two"):
        run(corpus, tmp_path / name, resources, key_file)
    assert_same_tree(tmp_path / "one", tmp_path / "two")


def test_the_order_of_the_documents_does_not_change_their_marks(
    corpus, tmp_path, resources, key_file
):
    run(corpus, tmp_path / "one", resources, key_file)
    lines = corpus.read_text().splitlines(keepends=True)
    (tmp_path / "two").mkdir()
    (tmp_path / "two/news.jsonl").write_text("".join(lines[::-1]))
    run(tmp_path / "two/news.jsonl", tmp_path / "two", resources, key_file)
    one, two = ((tmp_path / n / "published/news.jsonl").read_text() for n in ("one", "two"))
    assert sorted(one.splitlines()) == sorted(two.splitlines())


def test_a_key_kept_elsewhere_is_not_copied_and_is_needed(corpus, tmp_path, resources, key_file):
    run(corpus, tmp_path, resources, key_file)
    assert not (tmp_path / "vault/key").exists()
    with pytest.raises(VaultError, match="--key-file"):
        open_vault(tmp_path / "vault")
    assert open_vault(tmp_path / "vault", key_file).key == read_key(key_file)


def test_no_secret_is_in_anything_that_is_published(corpus, tmp_path, resources, key_file, key):
    run(corpus, tmp_path, resources, key_file)
    for path in [*(tmp_path / "published").rglob("*"), *(tmp_path / "vault").rglob("*")]:
        content = path.read_bytes()
        assert key.secret not in content
        assert key.secret.hex().encode() not in content


def test_existing_targets_are_never_touched(corpus, tmp_path, resources, key_file):
    (tmp_path / "published").mkdir()
    (tmp_path / "published/mine").write_text("precious")
    with pytest.raises(ToolkitError, match="published: exists already"):
        run(corpus, tmp_path, resources, key_file)
    assert (tmp_path / "published/mine").read_text() == "precious"
    assert not (tmp_path / "vault").exists()


def test_the_vault_is_never_published(corpus, tmp_path, resources):
    scheme = LexiMark()
    with pytest.raises(VaultError, match="neither may lie inside the other"):
        mark_corpus(
            open_corpus(corpus),
            tmp_path / "published",
            tmp_path / "published" / "vault",
            Intent(scheme),
            lambda batch: find_sites(resources, batch, scheme),
            made_with={},
        )


def test_a_corpus_with_nothing_to_mark_is_refused_and_leaves_nothing(tmp_path, resources):
    path = tmp_path / "empty.jsonl"
    path.write_text('{"text": "1 2 3"}\n{"text": ""}\n')
    with pytest.raises(CorpusError, match="2 documents read, but none"):
        mark_corpus(
            open_corpus(path),
            tmp_path / "out",
            tmp_path / "vault",
            Intent(LexiMark()),
            lambda batch: find_sites(resources, batch, LexiMark()),
            made_with={},
        )
    assert sorted(p.name for p in tmp_path.iterdir()) == ["empty.jsonl"]


def test_the_holdout_is_a_random_share_of_fixed_size():
    names = [f"d{i}" for i in range(50)]
    rng = np.random.default_rng(0)
    counts = np.zeros(50)
    for _ in range(400):
        key = Key(rng.bytes(32))
        limit = holdout_limit(iter(names), key, 0.1)
        out = np.array([key.fraction("hold-out", name) < limit for name in names])
        assert out.sum() == 5
        counts += out
    assert np.abs(counts - 40).max() < 5 * 36**0.5  # 400 x 0.1, five standard deviations


def test_which_texts_are_held_out_is_uniform_however_often_each_comes():
    names = [f"t{i}" for i in range(10) for _ in range(1 + 9 * (i == 0))]
    rng = np.random.default_rng(1)
    counts = np.zeros(10)
    for _ in range(1_000):
        key = Key(rng.bytes(32))
        limit = holdout_limit(names, key, 0.3)
        out = np.array([key.fraction("hold-out", f"t{i}") < limit for i in range(10)])
        assert out.sum() == 3
        counts += out
    assert np.abs(counts - 300).max() < 4 * 210**0.5


@pytest.mark.parametrize("wrong", [{"holdout_share": 0.9}, {"alpha": 0.0}, {"alpha": 1.0}])
def test_shares_and_levels_that_are_none_are_refused(wrong):
    with pytest.raises(ValueError, match="must lie in"):
        Intent(LexiMark(), **wrong)


def test_published_texts_are_those_of_the_vault(corpus, tmp_path, resources, key_file):
    run(corpus, tmp_path, resources, key_file)
    published = {
        row["id"]: row["text"]
        for row in map(json.loads, (tmp_path / "published/news.jsonl").read_text().splitlines())
    }
    for document in open_vault(tmp_path / "vault", key_file).documents():
        if document.status == "published":
            assert document.published_sha256 == text_sha256(published[document.id])


def test_a_corpus_that_changes_while_it_is_marked_is_refused(corpus, tmp_path, resources):
    scheme = LexiMark()

    def find_while_someone_edits(batch):
        found = list(find_sites(resources, batch, scheme))
        corpus.write_text(corpus.read_text().replace("sick child", "ill child"))
        return found

    with pytest.raises(CorpusError, match="the corpus changed while it was marked, at 'n"):
        mark_corpus(
            open_corpus(corpus, id_column="id"),
            tmp_path / "published",
            tmp_path / "vault",
            Intent(scheme),
            find_while_someone_edits,
            made_with={},
        )
    assert not (tmp_path / "published").exists()
    assert not (tmp_path / "vault").exists()
