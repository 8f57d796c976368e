from itertools import islice

import pytest

from pipelines.forecast import survey
from pipelines.forecast.effects import load_effects
from pipelines.forecast.survey import (
    find_marked_sites,
    map_of,
    measure_spread,
    sample_documents,
)
from pipelines.loading import candidate_sources as sources
from pipelines.loading.embedded_text import paragraphs
from watermark import assets
from watermark.document import Document
from watermark.schemes.leximark import LexiMark

STORED = (load_effects().spread, "stored value, measured on news")


@pytest.fixture
def documents(monkeypatch, resources):
    monkeypatch.setattr(sources, "load_lexical_resources", lambda *_: resources)
    return [Document(f"p{i}", text) for i, text in enumerate(islice(paragraphs(), 30))]


def test_a_sample_is_of_the_corpus_and_in_its_order():
    corpus = [Document(str(i), "x") for i in range(50)]
    kept, n = sample_documents(iter(corpus), 10)
    assert (len(kept), n) == (10, 50)
    assert kept == sorted(kept, key=lambda d: int(d.id))
    assert sample_documents(iter(corpus), 0) == (corpus, 50)
    assert sample_documents(iter(corpus), 80) == (corpus, 50)


def test_sites_have_the_coins_that_marking_would_give_them(documents):
    shared, own = (
        find_marked_sites(LexiMark(sites_per_coin=n, max_frequency_ratio=1e9), documents)
        for n in (1000, 1)
    )
    coins = [{site.draw for some in sites for site in some} for sites in (shared, own)]
    assert all("#" in draw for draw in coins[0])
    assert len(coins[0]) < len(coins[1])
    found = map_of(shared)
    assert len(found.documents) == 30
    assert len(found.n_options) == len(coins[0])


def test_without_a_model_or_with_few_sites_the_stored_spread_is_used(
    documents, job, tmp_path, monkeypatch
):
    sites = find_marked_sites(LexiMark(), documents)
    assert measure_spread(documents, sites, use_model=False) == STORED
    monkeypatch.setenv("LEXIMARK_ASSETS", str(tmp_path))
    assert measure_spread(documents, sites, use_model=True) == STORED
    folder = tmp_path / load_effects().stand_in
    folder.symlink_to(job.other)
    monkeypatch.setattr(assets, "RECEIPT", "config.json")
    spread, source = measure_spread(documents, sites, use_model=True)
    assert 0 < spread != STORED[0]
    assert load_effects().stand_in in source
    monkeypatch.setattr(survey, "LEAST_SITES", 10_000)
    assert measure_spread(documents, sites, use_model=True) == STORED
