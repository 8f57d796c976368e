import hashlib
import json
import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from shutil import copytree

import pytest

from pipelines.assets.install import STALE_SECONDS, Asset, Source, check, install, verify
from watermark.assets import RECEIPT
from watermark.errors import AssetError

TEXT = "the quick brown fox\n"
OTHER = "the slow brown fox\n"


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def writes(text: str, path: str = "words/en") -> Callable[..., str]:
    def fetch(folder, wanted):
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)
        return "a shelf"

    return fetch


def refuses(reason: str) -> Callable[..., str]:
    def fetch(folder, wanted):
        raise AssetError(reason)

    return fetch


def asset(*fetches: Callable[..., str]) -> Asset:
    return Asset(
        name="fox",
        title="Words",
        licence="public domain",
        needed=True,
        editions={"first": {"words/en": sha256(TEXT)}},
        sources=tuple(Source(f"source {n}", fetch) for n, fetch in enumerate(fetches, 1)),
    )


def silent(line: str) -> None:
    pass


def test_the_first_source_that_works_is_taken(tmp_path):
    receipt = install(
        asset(refuses("no disk in the drive"), writes(TEXT), writes(OTHER)), tmp_path, silent
    )
    assert receipt.taken_from == "a shelf"
    assert (tmp_path / "fox" / "words" / "en").read_text() == TEXT


def test_each_attempt_is_told_with_the_reason_of_its_failure(tmp_path):
    lines: list[str] = []
    install(asset(refuses("no disk in the drive"), writes(TEXT)), tmp_path, lines.append)
    assert lines == [
        "fox: trying source 1",
        "fox: source 1: no disk in the drive",
        "fox: trying source 2",
    ]


def test_the_receipt_says_what_came_from_where_and_its_hashes(tmp_path):
    install(asset(writes(TEXT)), tmp_path, silent)
    assert json.loads((tmp_path / "fox" / RECEIPT).read_text()) == {
        "asset": "fox",
        "title": "Words",
        "licence": "public domain",
        "edition": "first",
        "taken_from": "a shelf",
        "pinned": {"words/en": sha256(TEXT)},
        "files": {"words/en": sha256(TEXT)},
    }


def test_an_asset_that_is_there_and_whole_is_not_fetched_again(tmp_path):
    install(asset(writes(TEXT)), tmp_path, silent)
    assert install(asset(), tmp_path, silent).taken_from == "a shelf"


def test_a_changed_file_is_fetched_again(tmp_path):
    install(asset(writes(TEXT)), tmp_path, silent)
    (tmp_path / "fox" / "words" / "en").write_text(OTHER)
    install(asset(writes(TEXT)), tmp_path, silent)
    assert (tmp_path / "fox" / "words" / "en").read_text() == TEXT
    assert os.listdir(tmp_path) == ["fox"]


def test_what_was_fetched_under_other_pins_is_fetched_again(tmp_path):
    install(asset(writes(TEXT)), tmp_path, silent)
    newer = replace(asset(writes(OTHER)), editions={"first": {"words/en": sha256(OTHER)}})
    install(newer, tmp_path, silent)
    assert (tmp_path / "fox" / "words" / "en").read_text() == OTHER


def test_a_wrong_hash_is_refused_with_both_hashes(tmp_path):
    with pytest.raises(AssetError) as caught:
        install(asset(writes(OTHER)), tmp_path, silent)
    assert f"words/en has SHA-256 {sha256(OTHER)}, wanted {sha256(TEXT)}" in str(caught.value)
    assert os.listdir(tmp_path) == []


def test_after_a_wrong_hash_the_next_source_has_its_turn(tmp_path):
    install(asset(writes(OTHER), writes(TEXT)), tmp_path, silent)
    assert (tmp_path / "fox" / "words" / "en").read_text() == TEXT


def test_when_no_source_works_the_error_has_the_reason_of_each(tmp_path):
    with pytest.raises(AssetError) as caught:
        install(asset(refuses("no disk"), writes(TEXT, "elsewhere")), tmp_path, silent)
    assert str(caught.value).splitlines() == [
        "fox: no source has Words",
        "  source 1: no disk",
        "  source 2: words/en is missing",
    ]


def test_an_interrupted_run_leaves_nothing(tmp_path):
    def interrupted(folder, wanted):
        writes(TEXT)(folder, wanted)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        install(asset(interrupted), tmp_path, silent)
    assert os.listdir(tmp_path) == []


def test_an_interrupted_run_leaves_what_was_there(tmp_path):
    def interrupted(folder, wanted):
        raise KeyboardInterrupt

    install(asset(writes(TEXT)), tmp_path, silent)
    (tmp_path / "fox" / "words" / "en").write_text(OTHER)
    with pytest.raises(KeyboardInterrupt):
        install(asset(interrupted), tmp_path, silent)
    assert (tmp_path / "fox" / "words" / "en").read_text() == OTHER


def test_the_workspace_of_a_killed_run_is_removed_a_day_later(tmp_path):
    old, young, others = (tmp_path / name for name in (".fox-old", ".fox-young", ".ox-old"))
    for workspace in (old, young, others):
        (workspace / "new").mkdir(parents=True)
    long_ago = time.time() - STALE_SECONDS - 1
    os.utime(old, (long_ago, long_ago))
    os.utime(others, (long_ago, long_ago))
    install(asset(writes(TEXT)), tmp_path, silent)
    assert sorted(os.listdir(tmp_path)) == [".fox-young", ".ox-old", "fox"]


@pytest.mark.parametrize("damaged", [False, True])
def test_runs_at_once_all_end_with_a_whole_folder(tmp_path, damaged):
    if damaged:
        install(asset(writes(TEXT)), tmp_path, silent)
        (tmp_path / "fox" / "words" / "en").write_text(OTHER)
    barrier = threading.Barrier(6)
    receipts = []

    def fetch(folder, wanted):
        barrier.wait()
        return writes(TEXT)(folder, wanted)

    def run():
        receipts.append(install(asset(fetch), tmp_path, silent))

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(receipts) == 6
    check(asset(), tmp_path / "fox")
    assert os.listdir(tmp_path) == ["fox"]


def test_a_run_that_another_overtakes_takes_what_is_there(tmp_path, monkeypatch):
    rename = Path.rename

    def overtaken(self, target):
        if self.name == "new" and not target.exists():
            copytree(self, target)  # the other run, between our look and our rename
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", overtaken)
    assert install(asset(writes(TEXT)), tmp_path, silent).taken_from == "a shelf"
    assert os.listdir(tmp_path) == ["fox"]


def test_files_are_readable_by_all_and_writable_by_none_but_the_owner(tmp_path):
    def careless(folder, wanted):
        origin = writes(TEXT)(folder, wanted)
        folder.chmod(0o700)
        (folder / "words").chmod(0o777)
        (folder / "words" / "en").chmod(0o600)
        return origin

    install(asset(careless), tmp_path, silent)
    folder = tmp_path / "fox"
    modes = [path.stat().st_mode & 0o777 for path in (folder, folder / "words")]
    assert modes == [0o755, 0o755]
    assert (folder / "words" / "en").stat().st_mode & 0o777 == 0o644


def test_what_finish_makes_is_kept_and_checked_afterwards(tmp_path):
    def finish(folder):
        (folder / "words" / "en").rename(folder / "list")

    made = replace(asset(writes(TEXT)), finish=finish)
    receipt = install(made, tmp_path, silent)
    assert receipt.files == {"list": sha256(TEXT)}
    assert check(made, tmp_path / "fox") == receipt
    (tmp_path / "fox" / "list").write_text(OTHER)
    with pytest.raises(AssetError, match="list has SHA-256"):
        check(made, tmp_path / "fox")


def test_a_missing_module_is_told_before_anything_is_fetched(tmp_path):
    lines: list[str] = []
    needy = replace(asset(writes(TEXT)), gguf_modules=("json", "no_such_module"))
    with pytest.raises(AssetError, match=r"needs no_such_module; run `pip install 'leximark\[gguf"):
        install(needy, tmp_path, lines.append)
    assert lines == []


def test_a_full_disk_is_not_taken_for_a_bad_source(tmp_path):
    def full(folder, wanted):
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        install(asset(full, writes(TEXT)), tmp_path, silent)
    assert os.listdir(tmp_path) == []


def test_any_whole_edition_will_do_but_no_mixture(tmp_path):
    editions = {
        "first": {"a": sha256("1"), "b": sha256("1")},
        "second": {"a": sha256("2"), "b": sha256("2")},
    }
    book = replace(asset(), editions=editions)
    (tmp_path / "a").write_text("2")
    (tmp_path / "b").write_text("2")
    assert verify(book, tmp_path) == "second"
    (tmp_path / "b").write_text("1")
    with pytest.raises(AssetError, match="has SHA-256"):
        verify(book, tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"asset": "fox"}'])
def test_a_spoilt_receipt_counts_as_damage(tmp_path, text):
    install(asset(writes(TEXT)), tmp_path, silent)
    (tmp_path / "fox" / RECEIPT).write_text(text)
    with pytest.raises(AssetError, match="is not a receipt"):
        check(asset(), tmp_path / "fox")
    install(asset(writes(TEXT)), tmp_path, silent)
    check(asset(), tmp_path / "fox")


def test_a_missing_folder_is_told_by_its_path(tmp_path):
    with pytest.raises(AssetError, match=str(tmp_path / "fox")):
        check(asset(), tmp_path / "fox")


def test_a_missing_file_counts_as_damage(tmp_path):
    install(asset(writes(TEXT)), tmp_path, silent)
    (tmp_path / "fox" / "words" / "en").unlink()
    with pytest.raises(AssetError, match="words/en is missing"):
        check(asset(), tmp_path / "fox")


def test_files_are_asked_for_by_name(tmp_path):
    def fetch(folder, wanted):
        assert wanted == {"words/en"}
        return writes(TEXT)(folder, wanted)

    install(asset(fetch), Path(tmp_path), silent)
