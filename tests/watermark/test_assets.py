from pathlib import Path

import pytest
from platformdirs import user_cache_path

from watermark.assets import RECEIPT, asset_dir, find_model, find_spacy, find_wordnet
from watermark.errors import AssetError


def put(root: Path, name: str) -> Path:
    folder = root / name
    folder.mkdir()
    (folder / RECEIPT).write_text("{}")
    return folder


def test_assets_live_in_the_users_cache(monkeypatch):
    monkeypatch.delenv("LEXIMARK_ASSETS", raising=False)
    assert asset_dir() == user_cache_path("leximark")


def test_the_environment_can_name_another_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("LEXIMARK_ASSETS", str(tmp_path))
    assert asset_dir() == tmp_path


def test_a_relative_folder_is_made_absolute(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEXIMARK_ASSETS", "data")
    assert asset_dir() == tmp_path / "data"


def test_each_asset_is_found_in_its_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("LEXIMARK_ASSETS", str(tmp_path))
    folders = [put(tmp_path, name) for name in ("wordnet", "spacy-en", "minilm")]
    folders[0] = folders[0] / "corpora" / "wordnet"
    assert [find_wordnet(), find_spacy(), find_model("minilm")] == folders


def test_a_folder_without_a_receipt_is_not_an_asset(monkeypatch, tmp_path):
    monkeypatch.setenv("LEXIMARK_ASSETS", str(tmp_path))
    (tmp_path / "wordnet").mkdir()
    with pytest.raises(AssetError):
        find_wordnet()


@pytest.mark.parametrize(
    ("find", "command"),
    [
        (find_wordnet, "`leximark assets`"),
        (find_spacy, "`leximark assets`"),
        (lambda: find_model("minilm"), "`leximark assets --only minilm`"),
    ],
)
def test_a_missing_asset_names_the_command_that_fetches_it(monkeypatch, tmp_path, find, command):
    monkeypatch.setenv("LEXIMARK_ASSETS", str(tmp_path))
    with pytest.raises(AssetError, match=str(tmp_path)) as caught:
        find()
    assert command in str(caught.value)
