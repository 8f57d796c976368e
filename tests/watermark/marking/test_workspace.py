import json
import os

import pytest

from watermark.corpus import open_corpus
from watermark.errors import ToolkitError, VaultError
from watermark.keys import Key
from watermark.marking.workspace import PUBLISHED, REQUEST, begin, make_request, move_into_place
from watermark.vault.plan import KEY

INTENT = {"scheme": {"name": "leximark", "max_failures": 0}, "alpha": 0.001}


@pytest.fixture
def work(tmp_path):
    folder = tmp_path / "vault.partial"
    folder.mkdir()
    return folder


def request_for(corpus, intent=INTENT, key=None):
    return make_request(open_corpus(corpus), intent, {"leximark": "1"}, key)


def test_a_run_that_is_taken_up_again_has_the_same_key(corpus, work):
    key = begin(work, request_for(corpus), None)
    assert begin(work, request_for(corpus), None) == key
    assert (work / KEY).stat().st_mode & 0o077 == 0


def test_a_key_that_was_given_is_not_copied(corpus, work, key):
    assert begin(work, request_for(corpus, key=key), key) == key
    assert not (work / KEY).exists()
    other = Key(bytes(32))
    with pytest.raises(VaultError, match="left by an unfinished run with other settings"):
        begin(work, request_for(corpus, key=other), other)


def test_other_settings_are_refused_but_more_failures_may_be_allowed(corpus, work):
    begin(work, request_for(corpus), None)
    more = {**INTENT, "scheme": {"name": "leximark", "max_failures": 9}}
    begin(work, request_for(corpus, more), None)
    with pytest.raises(VaultError, match="repeat that command, or remove the folder"):
        begin(work, request_for(corpus, {**INTENT, "alpha": 0.01}), None)
    assert "max_failures" not in json.dumps(json.loads((work / REQUEST).read_text()))


def finished(work):
    (work / PUBLISHED).mkdir()
    (work / PUBLISHED / "news.jsonl").write_text("{}\n")
    (work / "plan.json").write_text("{}")
    (work / REQUEST).write_text("{}")


def test_published_texts_and_vault_take_their_places(work, tmp_path):
    finished(work)
    move_into_place(work, tmp_path / "published", tmp_path / "vault")
    assert (tmp_path / "published/news.jsonl").read_text() == "{}\n"
    assert [path.name for path in (tmp_path / "vault").iterdir()] == ["plan.json"]
    assert not work.exists()


def test_a_move_that_was_cut_is_completed(work, tmp_path):
    finished(work)
    (tmp_path / "published").mkdir()
    (tmp_path / "published/news.jsonl").write_text("{}\n")  # copied, and not yet removed
    move_into_place(work, tmp_path / "published", tmp_path / "vault")
    assert (tmp_path / "vault/plan.json").exists()


@pytest.mark.parametrize("name", ["news.jsonl", "more.jsonl"])
def test_texts_that_are_not_ours_are_never_replaced(work, tmp_path, name):
    finished(work)
    (tmp_path / "published").mkdir()
    (tmp_path / "published" / name).write_text("theirs\n")
    with pytest.raises(ToolkitError, match="published: exists already"):
        move_into_place(work, tmp_path / "published", tmp_path / "vault")
    assert (tmp_path / "published" / name).read_text() == "theirs\n"
    assert (work / PUBLISHED / "news.jsonl").exists()
    assert not (tmp_path / "vault").exists()


def test_texts_of_the_same_size_and_time_are_compared_by_their_bytes(work, tmp_path):
    finished(work)
    ours, theirs = work / PUBLISHED / "news.jsonl", tmp_path / "published" / "news.jsonl"
    theirs.parent.mkdir()
    theirs.write_text("[]\n")
    os.utime(theirs, ns=(ours.stat().st_atime_ns, ours.stat().st_mtime_ns))
    with pytest.raises(ToolkitError, match="published: exists already"):
        move_into_place(work, tmp_path / "published", tmp_path / "vault")
    assert theirs.read_text() == "[]\n"
