import json
import shutil
from typing import Any

import pytest

from pipelines.instalments.append import append_command, mark_any
from pipelines.instalments.instalments import instalments_command
from pipelines.jobs.mark import make_intent
from tests.pipelines.instalments.conftest import INTENT
from watermark.errors import CorpusError, ToolkitError, VaultError
from watermark.keys import new_key, read_key, write_key
from watermark.schemes.look_alikes import LookAlikes
from watermark.vault.streams import read_chain
from watermark.vault.vault import open_vault


def append(stream, out, corpus="three", **settings):
    return append_command(
        stream.corpora / f"{corpus}.jsonl", out, stream.vault, INTENT,
        **{"id_column": "id", **settings},
    )  # fmt: skip


def test_an_instalment_is_a_vault_with_a_key_derived_from_the_owners(stream, tmp_path):
    plan, folder = append(stream, tmp_path / "p", name="2026-11-26")
    assert folder == stream.vault / "instalments/2026-11-26"
    vault = open_vault(folder)
    assert vault.plan == plan
    assert vault.key == read_key(stream.vault / "key").derive("instalment", "2026-11-26")
    chain = read_chain(stream.vault)
    assert [each.name for each in chain] == ["first", "one", "two", "2026-11-26"]
    assert (folder / "key").stat().st_mode & 0o077 == 0


def test_instalments_have_coins_of_their_own(stream):
    keys = [open_vault(each.folder).key for each in read_chain(stream.vault)]
    draws = [tuple(key.draw(f"look-alike:{i}", 2) for i in range(64)) for key in keys]
    assert len(set(draws)) == 3


def test_without_a_name_an_instalment_is_called_by_its_number(stream, tmp_path):
    assert append(stream, tmp_path / "p").folder.name == "0003"


@pytest.mark.parametrize("name", ["one", "ONE"])
def test_a_name_is_taken_once(stream, tmp_path, name):
    with pytest.raises(VaultError, match="is there already"):
        append(stream, tmp_path / "p", name=name)


@pytest.mark.parametrize("name", ["first", "../x", "a/b", ".hidden", "a..b", "x.partial", "a" * 99])
def test_what_cannot_be_a_name_is_refused(stream, tmp_path, name):
    with pytest.raises(VaultError, match="wanted a name"):
        append(stream, tmp_path / "p", name=name)


def test_documents_that_are_in_the_vault_already_are_refused(stream, tmp_path):
    lines = (stream.corpora / "three.jsonl").read_text().splitlines()
    again = json.loads((stream.corpora / "one.jsonl").read_text().splitlines()[4])
    corpus = tmp_path / "mixed.jsonl"
    corpus.write_text("\n".join([*lines, json.dumps({"id": "again", "text": again["text"]})]))
    with pytest.raises(CorpusError, match=r"1 documents are in .*'again' in instalment one"):
        append_command(corpus, tmp_path / "p", stream.vault, INTENT, id_column="id")
    assert not (stream.vault / "instalments/0003").exists()
    assert not (tmp_path / "p").exists()


def test_the_level_is_that_of_the_vault_and_nothing_is_published_inside_it(stream, tmp_path):
    other = make_intent(LookAlikes(scope="word"), alpha=0.01)
    with pytest.raises(VaultError, match=r"give --alpha 0\.001"):
        append_command(
            stream.corpora / "three.jsonl", tmp_path / "p", stream.vault, other, id_column="id"
        )
    with pytest.raises(VaultError, match="lies inside the vault"):
        append(stream, stream.vault / "published")


def test_an_interrupted_instalment_goes_on(stream, tmp_path, monkeypatch):
    def fail(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("watermark.marking.mark._write", fail)
        with pytest.raises(KeyboardInterrupt):
            append(stream, tmp_path / "p")
    whole = shutil.copytree(stream.vault, tmp_path / "copy")
    append(stream, tmp_path / "p")
    folder = stream.vault / "instalments/0003"
    assert open_vault(folder).plan.corpus["n_documents"] == 30
    # Had another instalment come first, the cut one would stand behind a wrong commitment.
    moved = type(stream)(whole, stream.model, stream.corpora)
    append(moved, tmp_path / "q", name="other")
    (whole / "instalments/other").rename(whole / "instalments/.away")
    link = whole / "instalments/0003.partial/chain.json"
    link.write_text(link.read_text().replace("0003", "0004"))
    with pytest.raises(VaultError, match="remove the folder to begin anew"):
        append(moved, tmp_path / "r")


def test_a_new_key_is_used_from_an_instalment_on(stream, tmp_path):
    append(stream, tmp_path / "p", name="three", new_owner_key=True)
    (tmp_path / "more.jsonl").write_text('{"id": "m", "text": "They purchased a house nearby."}')
    append_command(tmp_path / "more.jsonl", tmp_path / "q", stream.vault, INTENT, name="four")
    new = read_key(stream.vault / "keys/three")
    assert new != read_key(stream.vault / "key")
    for name in ("three", "four"):
        key = open_vault(stream.vault / "instalments" / name).key
        assert key == new.derive("instalment", name)
    assert [each.key_since for each in instalments_command(stream.vault)] == [
        "first", "first", "first", "three", "three",
    ]  # fmt: skip


def test_a_compromised_key_is_not_used_again(stream, tmp_path):
    instalments_command(stream.vault, compromised="one")
    with pytest.raises(VaultError, match="--new-key"):
        append(stream, tmp_path / "p")
    append(stream, tmp_path / "p", new_owner_key=True)
    assert [bool(e.compromised) for e in read_chain(stream.vault)] == [True, True, True, False]


def test_a_key_that_is_kept_elsewhere_is_asked_for(stream, tmp_path):
    away = tmp_path / "key"
    (stream.vault / "key").rename(away)
    with pytest.raises(VaultError, match="--key-file"):
        append(stream, tmp_path / "p")
    assert not (tmp_path / "p").exists()
    write_key(tmp_path / "wrong", new_key())
    with pytest.raises(VaultError, match="--key-file"):
        append(stream, tmp_path / "p", key_file=tmp_path / "wrong")
    folder = append(stream, tmp_path / "p", key_file=away).folder
    assert open_vault(folder).key == read_key(away).derive("instalment", "0003")


def test_a_new_vault_and_one_to_add_to_exclude_each_other(stream, tmp_path):
    nothing: dict[str, Any] = {"name": None, "new_owner_key": False, "licensees": None}
    with pytest.raises(ValueError, match="either"):
        mark_any("x", tmp_path, INTENT, new_vault=None, append_to=None, **nothing)
    with pytest.raises(ToolkitError, match="no such file"):
        mark_any("x", tmp_path / "p", INTENT, new_vault=tmp_path / "v", append_to=None, **nothing)
