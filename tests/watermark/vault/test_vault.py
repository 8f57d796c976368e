import json
import shutil

import pyarrow.parquet as pq
import pytest

from watermark.document import Document
from watermark.errors import VaultError
from watermark.keys import new_key, write_key
from watermark.vault.commitment import commitment_line
from watermark.vault.plan import COMMITMENT, DOCUMENTS, KEY, LEDGER, PLAN, read_plan
from watermark.vault.vault import open_vault


def test_a_vault_gives_back_documents_and_marks(vault):
    opened = open_vault(vault)
    rows = list(opened.marked())
    assert [document.id for document, _ in rows] == [f"d{i}" for i in range(20)]
    assert sum(document.status == "held out" for document, _ in rows) == 2
    draws = [mark.draw for mark in opened.marks()]
    assert len(draws) == 40
    assert {f"buy d{i}#0/1" for i in range(20)} | {"large#0/1"} == set(draws)
    for document, marked in rows:
        assert marked.document == Document(document.id, marked.document.text)


@pytest.mark.parametrize("name", [LEDGER, DOCUMENTS])
def test_an_altered_file_is_named(vault, name):
    table = pq.read_table(vault / name)
    pq.write_table(table.slice(1), vault / name)
    with pytest.raises(VaultError, match=f"{name}: altered since"):
        open_vault(vault)


@pytest.mark.parametrize("name", [LEDGER, DOCUMENTS, COMMITMENT])
def test_a_missing_file_is_named(vault, name):
    (vault / name).unlink()
    with pytest.raises(VaultError, match=f"{name}: cannot be read"):
        open_vault(vault)


def test_an_altered_plan_does_not_match_the_commitment(vault):
    text = (vault / PLAN).read_text()
    (vault / PLAN).write_text(text.replace('"alpha": 0.001', '"alpha": 0.05'))
    with pytest.raises(VaultError, match="does not match"):
        open_vault(vault)


def test_ledger_and_plan_altered_together_do_not_match_the_commitment(vault):
    table = pq.read_table(vault / LEDGER)
    pq.write_table(table.slice(1), vault / LEDGER)
    from watermark.vault.plan import file_sha256

    plan = json.loads((vault / PLAN).read_text())
    plan["files"][LEDGER] = file_sha256(vault / LEDGER)
    (vault / PLAN).write_text(json.dumps(plan, indent=2, sort_keys=True) + "\n")
    with pytest.raises(VaultError, match="does not match"):
        open_vault(vault)


def test_another_key_is_refused_and_not_shown(vault):
    (vault / KEY).unlink()
    write_key(vault / KEY, other := new_key())
    with pytest.raises(VaultError, match="not the key that") as caught:
        open_vault(vault)
    assert other.secret.hex() not in str(caught.value)


def test_a_vault_without_its_key_asks_for_it(vault, tmp_path):
    shutil.move(vault / KEY, tmp_path / "elsewhere")
    with pytest.raises(VaultError, match="--key-file"):
        open_vault(vault)
    assert open_vault(vault, tmp_path / "elsewhere").plan.alpha == 0.001


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"schema": 99}', "\xff"])
def test_a_plan_that_is_none_is_refused(vault, content):
    (vault / PLAN).write_bytes(content.encode("latin-1"))
    with pytest.raises(VaultError, match=PLAN):
        read_plan(vault)


def test_a_folder_that_is_no_vault_is_refused(tmp_path):
    with pytest.raises(VaultError, match=r"not a vault: it has no plan\.json; name the folder"):
        open_vault(tmp_path)
    with pytest.raises(VaultError, match="vault: no such folder"):
        open_vault(tmp_path / "vault")
    (tmp_path / "vault.partial").mkdir()
    with pytest.raises(VaultError, match=r"marking has not finished .* repeat the command"):
        open_vault(tmp_path / "vault")


def test_the_commitment_binds_every_document(vault):
    opened = open_vault(vault)
    text = (vault / PLAN).read_text()
    documents = list(opened.documents())
    line = commitment_line(text, opened.key, documents)
    assert line == (vault / COMMITMENT).read_text()
    assert commitment_line(text, opened.key, documents[:-1]) != line
    assert commitment_line(text, new_key(), documents) != line
    assert commitment_line(text + " ", opened.key, documents) != line
