import os
import zipfile
from pathlib import Path

import nltk
import pytest

from pipelines.assets import nltk_data
from pipelines.assets.nltk_data import data_path, nltk_downloader
from watermark.errors import AssetError

WANTED = {f"corpora/wordnet/{name}" for name in ("data.noun", "lexnames", "absent")}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "new").mkdir()
    return tmp_path / "new"


def put_folder(data: Path) -> None:
    (data / "corpora" / "wordnet").mkdir(parents=True)
    for name in ("data.noun", "lexnames", "unwanted"):
        (data / "corpora" / "wordnet" / name).write_text(name)


def put_archive(data: Path) -> None:
    (data / "corpora").mkdir(parents=True)
    with zipfile.ZipFile(data / "corpora" / "wordnet.zip", "w") as archive:
        for name in ("data.noun", "lexnames", "unwanted"):
            archive.writestr(f"wordnet/{name}", name)


def content(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in (folder / "corpora" / "wordnet").iterdir()}


@pytest.mark.parametrize("put", [put_folder, put_archive])
def test_wordnet_is_taken_from_the_first_data_folder_that_has_it(
    put, folder, tmp_path, monkeypatch
):
    monkeypatch.setenv("NLTK_DATA", f"{tmp_path}/empty{os.pathsep}{tmp_path}/full")
    put(tmp_path / "full")
    told = nltk_data.nltk_data().fetch(folder, WANTED)
    assert told.startswith(f"{tmp_path}/full/corpora/wordnet")
    assert content(folder) == {"data.noun": "data.noun", "lexnames": "lexnames"}


def test_nothing_on_the_data_path_is_told(folder, monkeypatch):
    monkeypatch.setattr(nltk_data, "data_path", lambda: iter([Path("nowhere")]))
    with pytest.raises(AssetError, match="corpora/wordnet"):
        nltk_data.nltk_data().fetch(folder, WANTED)


def test_our_data_path_is_that_of_nltk():
    # nltk.data.path at import, without the working directory and what this process has added
    assert {str(path) for path in data_path()} >= {
        path for path in nltk.data.path if path and Path(path).name == "nltk_data"
    } - {"nltk_data"}


def test_what_the_downloader_leaves_is_taken(folder, monkeypatch):
    def downloader(command, *, cwd):
        put_archive(Path(command[-1]))

    monkeypatch.setattr(nltk_data, "run", downloader)
    assert nltk_downloader().fetch(folder, WANTED) == "NLTK data package wordnet"
    assert content(folder) == {"data.noun": "data.noun", "lexnames": "lexnames"}


def test_a_downloader_that_leaves_nothing_has_failed(folder, monkeypatch):
    monkeypatch.setattr(nltk_data, "run", lambda command, *, cwd: "")
    with pytest.raises(AssetError, match="left no corpora/wordnet"):
        nltk_downloader().fetch(folder, WANTED)


def test_what_the_downloader_could_not_do_is_told(folder, monkeypatch):
    # The real one, through a proxy that is not there.
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with pytest.raises(AssetError, match="Error loading wordnet"):
        nltk_downloader().fetch(folder, WANTED)
