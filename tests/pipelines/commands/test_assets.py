import hashlib
import json
import os
from pathlib import Path

import pytest
import typer

from pipelines.assets import catalogue
from pipelines.assets.install import Asset, Source
from pipelines.commands.assets import assets
from watermark.errors import AssetError

TEXT = "the quick brown fox\n"


def made_up(name: str, *, needed: bool, text: str = TEXT) -> Asset:
    def fetch(folder: Path, wanted: object) -> str:
        (folder / "words").write_text(text)
        return "a shelf"

    pins = {"words": hashlib.sha256(TEXT.encode()).hexdigest()}
    return Asset(
        name=name,
        title=f"Words of the {name}",
        licence="public domain",
        needed=needed,
        editions={"first": pins},
        sources=(Source("the shelf", fetch),),
    )


@pytest.fixture(autouse=True)
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("LEXIMARK_ASSETS", str(tmp_path / "cache"))
    offered = (
        made_up("fox", needed=True),
        made_up("ox", needed=True),
        made_up("dodo", needed=False),
    )
    monkeypatch.setattr(catalogue, "ASSETS", offered)
    return tmp_path / "cache"


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def test_without_options_what_is_needed_is_fetched(root):
    assets()
    assert names(root) == ["fox", "ox"]


def test_all_fetches_the_optional_ones_too(root):
    assets(everything=True)
    assert names(root) == ["dodo", "fox", "ox"]


def test_only_fetches_those_that_are_named(root):
    assets(only=["dodo", "ox"])
    assert names(root) == ["dodo", "ox"]


def test_an_unknown_name_is_refused_with_the_names_there_are(root):
    with pytest.raises(typer.BadParameter, match="cow: no such asset; there are fox, ox, dodo"):
        assets(only=["fox", "cow"])
    assert not root.exists()


def test_dir_names_another_folder_and_how_others_find_it(root, tmp_path, capsys):
    assets(folder=tmp_path / "elsewhere")
    assert names(tmp_path / "elsewhere") == ["fox", "ox"]
    assert f"LEXIMARK_ASSETS={tmp_path}/elsewhere" in capsys.readouterr().err
    assert not root.exists()


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(AssetError, match="file is not a folder"):
        assets(folder=tmp_path / "file")


def test_what_was_taken_from_where_its_licence_folder_and_size_are_told(root, capsys):
    assets(only=["fox"])
    captured = capsys.readouterr()
    size = sum(path.stat().st_size for path in (root / "fox").iterdir()) / 1e6
    assert captured.out.split("\n") == [
        "fox           ready, needed: Words of the fox",
        "              from a shelf (first edition)",
        f"              in {root}/fox ({size:.1f} MB)",
        "              licence public domain",
        "",
    ]
    assert captured.err == "fox: trying the shelf\n"


def test_list_fetches_nothing_and_says_what_is_missing(root, capsys):
    assets(only=["fox"])
    (root / "ox").mkdir()
    capsys.readouterr()
    assets(listing=True)
    assert [line for line in capsys.readouterr().out.split("\n") if not line.startswith(" ")] == [
        "fox           ready, needed: Words of the fox",
        "ox            damaged, needed: Words of the ox",
        "dodo          missing, optional: Words of the dodo",
        "",
    ]
    assert names(root) == ["fox", "ox"]


def test_list_says_what_is_wrong_with_a_damaged_one(root, capsys):
    assets(only=["fox"])
    (root / "fox" / "words").write_text("other")
    capsys.readouterr()
    assets(listing=True)
    assert hashlib.sha256(b"other").hexdigest() in capsys.readouterr().out


def test_json_has_a_record_for_each(root, capsys):
    assets(only=["fox"], as_json=True)
    (record,) = json.loads(capsys.readouterr().out)
    size = sum(path.stat().st_size for path in (root / "fox").iterdir())
    assert record == {
        "name": "fox",
        "title": "Words of the fox",
        "licence": "public domain",
        "needed": True,
        "folder": str(root / "fox"),
        "state": "ready",
        "bytes": size,
        "edition": "first",
        "taken_from": "a shelf",
    }


def test_what_cannot_be_had_does_not_keep_the_others_back(root, capsys, monkeypatch):
    offered = (made_up("fox", needed=True, text="spoilt"), made_up("ox", needed=True))
    monkeypatch.setattr(catalogue, "ASSETS", offered)
    with pytest.raises(AssetError, match=r"^fox: no source has Words of the fox$"):
        assets(as_json=True)
    captured = capsys.readouterr()
    states = {row["name"]: row["state"] for row in json.loads(captured.out)}
    assert states == {"fox": "missing", "ox": "ready"}
    assert "fox: the shelf: words has SHA-256" in captured.err
