from dataclasses import replace

import numpy as np
from scipy.stats import kstest

from membership.audit.corpus import AuditCorpus, load_audit_corpus
from membership.evidence.holdout import holdout_test
from tests.support.marked_news import run, write_news
from watermark.document import Document, Site
from watermark.keys import Key, holdout_limit
from watermark.vault.vault import open_vault


def corpus(names, published=None):
    documents = tuple(Document(str(i), name) for i, name in enumerate(names))
    if published is None:
        published = np.ones(len(names), dtype=bool)
    return AuditCorpus(
        documents, published, documents, ((),) * len(names), ((),) * len(names), key_names=names
    )


def test_one_of_the_documents_with_one_text_is_a_unit_of_the_hold_out():
    assert corpus(("a", "b", "a", "c", "b")).first_of_name.tolist() == [1, 1, 0, 1, 0]
    assert corpus(()).first_of_name.tolist() == []


def test_the_hold_out_test_stays_exact_when_many_documents_have_one_text():
    """Of 60 texts three come often; all copies of a text are held out or none is."""
    rng = np.random.default_rng(4)
    names = tuple(f"t{i}" for i in range(60) for _ in range(1 + 14 * (i < 3)))
    score = {name: rng.normal() + 3 * (name in ("t0", "t1", "t2")) for name in names}
    values = np.array([score[name] for name in names])
    pvalues = []
    for number in range(1_000):
        key = Key(rng.bytes(32))
        limit = holdout_limit(names, key, 0.3)
        published = np.array([key.fraction("hold-out", name) >= limit for name in names])
        units = corpus(names, published).first_of_name
        result = holdout_test(
            {"x": values[units & published]},
            {"x": values[units & ~published]},
            detectors=["x"], alpha=0.01, n_resamples=199, seed=number,
        )  # fmt: skip
        pvalues.append(result.pvalue)
    assert kstest(pvalues, "uniform").pvalue > 0.001


def test_insertions_cannot_be_compared_in_place():
    word = Site("a", 4, "old", ("old", "aged"), "w")
    insertion = Site("a", 12, "", ("", " indeed"), "i")
    documents = Document("a", "the old town"), Document("b", "the new town")
    loaded = AuditCorpus(
        documents,
        np.ones(2, dtype=bool),
        documents,
        ((word, insertion), (replace(insertion, document_id="b"),)),
        ((0, 0), (0,)),
    )
    assert list(loaded.readable()) == [(documents[0], (word,))]


def test_documents_held_out_have_no_sites(tmp_path, resources):
    write_news(tmp_path / "news.jsonl")
    run(tmp_path / "news.jsonl", tmp_path, resources, None)
    loaded = load_audit_corpus(open_vault(tmp_path / "vault"))
    assert 0 < loaded.published.sum() < len(loaded.documents)
    for is_published, sites, choices in zip(
        loaded.published, loaded.sites, loaded.choices, strict=True
    ):
        assert bool(sites) == bool(choices) == is_published
