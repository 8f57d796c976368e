"""A target is there whole or not at all, also when the process is killed."""

import os
import subprocess
import sys

import pytest

from watermark.atomic import atomic_file, atomic_folder


def test_a_file_takes_its_name_when_the_block_ends(tmp_path):
    with atomic_file(tmp_path / "a" / "b.txt") as draft:
        draft.write_text("whole")
        assert not (tmp_path / "a" / "b.txt").exists()
    assert (tmp_path / "a" / "b.txt").read_text() == "whole"
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b.txt"]


def test_a_folder_takes_its_name_when_the_block_ends(tmp_path):
    with atomic_folder(tmp_path / "a") as draft:
        (draft / "deep").mkdir()
        (draft / "deep" / "b.txt").write_text("whole")
        assert not (tmp_path / "a").exists()
    assert (tmp_path / "a" / "deep" / "b.txt").read_text() == "whole"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("atomic", [atomic_file, atomic_folder])
def test_an_error_leaves_nothing_not_even_the_parents(tmp_path, atomic):
    def write_half():
        with atomic(tmp_path / "a" / "b" / "c") as draft:
            (draft / "x" if draft.is_dir() else draft).write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("atomic", [atomic_file, atomic_folder])
def test_what_exists_is_never_replaced(tmp_path, atomic):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("file", "folder", "link"):
        with pytest.raises(FileExistsError), atomic(tmp_path / name):
            pytest.fail("the block was run")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder", "link"]


def test_what_came_in_the_meantime_is_not_replaced(tmp_path):
    def write_both():
        with atomic_file(tmp_path / "a") as draft:
            draft.write_text("ours")
            (tmp_path / "a").write_text("theirs")

    with pytest.raises(FileExistsError):
        write_both()
    assert (tmp_path / "a").read_text() == "theirs"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_others_cannot_read_a_draft_and_can_read_what_it_becomes(tmp_path):
    with atomic_folder(tmp_path / "a") as draft:
        assert draft.parent.stat().st_mode & 0o077 == 0
    (tmp_path / "ordinary").mkdir()
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "ordinary").stat().st_mode


def test_everything_is_on_the_disk_before_it_gets_its_name(tmp_path, monkeypatch):
    synced = []

    def fsync(descriptor):
        synced.append((os.fstat(descriptor).st_ino, (tmp_path / "a").exists()))

    monkeypatch.setattr(os, "fsync", fsync)
    with atomic_folder(tmp_path / "a") as draft:
        (draft / "deep").mkdir()
        (draft / "deep" / "b.txt").write_text("whole")
    paths = [tmp_path / "a", tmp_path / "a" / "deep", tmp_path / "a" / "deep" / "b.txt"]
    wanted = {(path.stat().st_ino, False) for path in paths} | {(tmp_path.stat().st_ino, True)}
    assert set(synced) == wanted


def test_what_a_killed_run_left_is_removed_and_what_a_living_one_has_is_not(tmp_path):
    program = (
        "import sys, time, pathlib; from watermark.atomic import atomic_folder\n"
        "with atomic_folder(pathlib.Path(sys.argv[1])) as draft:\n"
        "    (draft / 'half').write_text('half'); print(draft, flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "a")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with atomic_file(tmp_path / "b") as draft:
            draft.touch()
        (left,) = tmp_path.glob(".a.*.partial")
        with atomic_folder(tmp_path / "a"):
            assert left.exists()
        (tmp_path / "a").rmdir()
        assert (left / "a" / "half").read_text() == "half"
        other.kill()
    assert left.exists()
    with atomic_folder(tmp_path / "a"):
        assert not left.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]
