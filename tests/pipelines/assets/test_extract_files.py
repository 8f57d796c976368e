import zipfile

import pytest

from pipelines.assets.extract_files import take_from_archive, take_from_folder
from watermark.errors import AssetError


def test_the_wanted_files_of_a_folder_are_copied_and_no_others(tmp_path):
    for name in ("x", "deep/y", "z"):
        (tmp_path / "source" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "source" / name).write_text(name)
    take_from_folder(tmp_path / "source", tmp_path / "folder", {"x", "deep/y", "absent"})
    files = {p.read_text() for p in (tmp_path / "folder").rglob("*") if p.is_file()}
    assert files == {"x", "deep/y"}


def test_the_wanted_files_below_the_prefix_are_unpacked_and_no_others(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in ("data/x", "data/deep/y", "data/z", "x", "deep/y", "other/x"):
            archive.writestr(name, name)
    folder = tmp_path / "folder"
    folder.mkdir()
    take_from_archive(tmp_path / "a.zip", "data/", folder, {"x", "deep/y", "absent"})
    files = {
        p.relative_to(folder).as_posix(): p.read_text() for p in folder.rglob("*") if p.is_file()
    }
    assert files == {"x": "data/x", "deep/y": "data/deep/y"}


@pytest.mark.parametrize("keep", [0, 60])
def test_a_damaged_archive_is_named(tmp_path, keep):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("x", "x" * 1000)
    whole = (tmp_path / "a.zip").read_bytes()
    (tmp_path / "a.zip").write_bytes(whole[:keep])
    with pytest.raises(AssetError, match=r"a\.zip is damaged"):
        take_from_archive(tmp_path / "a.zip", "", tmp_path, {"x"})


def test_a_flipped_byte_is_noticed(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("x", "x" * 1000)
    content = bytearray((tmp_path / "a.zip").read_bytes())
    content[500] ^= 1
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(AssetError, match="Bad CRC-32"):
        take_from_archive(tmp_path / "a.zip", "", tmp_path, {"x"})
