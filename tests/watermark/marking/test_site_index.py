import hashlib
import shutil

import pytest

from watermark.document import Document, Site
from watermark.errors import CorpusError
from watermark.marking import site_index
from watermark.marking.site_index import (
    BATCH_CHARACTERS,
    BATCH_DOCUMENTS,
    batches,
    documents_digest,
    index_sites,
    indexed_documents,
)


def documents(n):
    return [Document(f"d{i}", f"buy number {i}") for i in range(n)]


def find(batch):
    for document in batch:
        yield [Site(document.id, 0, "buy", ("buy", "purchase"), "buy")]


def test_documents_come_back_in_order_with_their_sites(tmp_path):
    n = BATCH_DOCUMENTS + 3
    found = index_sites(documents(n), tmp_path / "sites", find)
    assert (found.n_documents, found.n_sites) == (n, n)
    assert [d.document_id for d in found] == [f"d{i}" for i in range(n)]
    assert next(iter(found)).n_words == 3
    assert next(iter(found)).sites == (Site("d0", 0, "buy", ("buy", "purchase"), "buy"),)


def test_a_second_run_reads_what_the_first_one_found(tmp_path):
    n = 2 * BATCH_DOCUMENTS
    calls = []

    def dies_in_the_second_batch(batch):
        calls.append(batch[0].id)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return find(batch)

    with pytest.raises(KeyboardInterrupt):
        index_sites(documents(n), tmp_path / "sites", dies_in_the_second_batch)
    resumed = index_sites(documents(n), tmp_path / "sites", dies_in_the_second_batch)
    assert calls == ["d0", f"d{BATCH_DOCUMENTS}", f"d{BATCH_DOCUMENTS}"]
    undisturbed = index_sites(documents(n), tmp_path / "other", find)
    assert list(resumed) == list(undisturbed)
    assert resumed.digest == undisturbed.digest


def test_progress_is_told_of_each_document_and_of_those_that_were_there(tmp_path):
    told: list[int] = []
    for _ in range(2):
        index_sites(documents(BATCH_DOCUMENTS + 2), tmp_path / "sites", find, told.append)
    assert told == [1] * (BATCH_DOCUMENTS + 2) + [BATCH_DOCUMENTS, 2]


def test_a_batch_ends_with_the_document_that_fills_it(tmp_path):
    half = "buy " * (BATCH_CHARACTERS // 8)
    corpus = [Document(f"d{i}", text) for i, text in enumerate(["buy", half, half, half, "buy"])]
    assert [[d.id for d in batch] for batch in batches(corpus)] == [
        ["d0", "d1", "d2"],
        ["d3", "d4"],
    ]
    assert list(batches([])) == []
    index_sites(corpus, tmp_path / "sites", find)
    names = sorted(path.name for path in (tmp_path / "sites" / "000000000").iterdir())
    assert names == ["000000000000.parquet", "000000000003.parquet"]
    for first in range(6):
        left = [d.document_id for d in indexed_documents(tmp_path / "sites", first)]
        assert left == [d.id for d in corpus[first:]]


def test_files_of_a_large_corpus_are_spread_over_folders(tmp_path, monkeypatch):
    monkeypatch.setattr(site_index, "BATCH_DOCUMENTS", 4)
    monkeypatch.setattr(site_index, "FOLDER_DOCUMENTS", 10)
    index_sites(documents(25), tmp_path, find)
    assert [len(list(folder.iterdir())) for folder in sorted(tmp_path.iterdir())] == [3, 2, 2]
    for first in (0, 9, 10, 11, 24):
        left = [d.document_id for d in indexed_documents(tmp_path, first)]
        assert left == [f"d{i}" for i in range(first, 25)]


def test_the_files_of_a_folder_are_listed_when_their_turn_comes(tmp_path, monkeypatch):
    monkeypatch.setattr(site_index, "BATCH_DOCUMENTS", 4)
    monkeypatch.setattr(site_index, "FOLDER_DOCUMENTS", 10)
    index_sites(documents(25), tmp_path, find)
    read = indexed_documents(tmp_path)
    assert next(read).document_id == "d0"
    for folder in sorted(tmp_path.iterdir())[1:]:
        shutil.rmtree(folder)
    assert [each.document_id for each in read] == [f"d{i}" for i in range(1, 12)]


def test_a_corpus_that_changed_in_between_is_refused(tmp_path):
    index_sites(documents(3), tmp_path / "sites", find)
    changed = [*documents(2), Document("d2", "buy something else")]
    with pytest.raises(CorpusError, match="changed near document 'd0'"):
        index_sites(changed, tmp_path / "sites", find)


def test_the_digest_depends_on_ids_texts_and_order(tmp_path):
    variants = [
        documents(2),
        documents(2)[::-1],
        [Document("d0", "buy number 0"), Document("x", "buy number 1")],
        [Document("d0", "buy number 0"), Document("d1", "buy number 2")],
    ]
    digests = {index_sites(v, tmp_path / str(i), find).digest for i, v in enumerate(variants)}
    assert len(digests) == 4
    fields = b"".join(
        len(d.id).to_bytes(8, "big") + d.id.encode() + hashlib.sha256(d.text.encode()).digest()
        for d in documents(2)
    )
    assert documents_digest(documents(2)) == hashlib.sha256(fields).hexdigest()
    assert documents_digest(documents(2)) in digests
