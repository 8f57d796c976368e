import json
import shutil

import pytest

from pipelines.instalments.editions import (
    edition_command,
    mark_editions_command,
)
from pipelines.instalments.verify_editions import verify_editions_command
from pipelines.jobs.mark import make_intent
from pipelines.loading.models import ModelOptions
from tests.pipelines.instalments.conftest import INTENT
from tests.support.tiny import edit_json
from watermark.corpus import open_corpus
from watermark.document import sites_of
from watermark.errors import CorpusError, PrerequisiteError, ToolkitError, VaultError
from watermark.marking.decisions import Decisions
from watermark.marking.review import review_vault
from watermark.schemes.leximark import LexiMark
from watermark.vault.custody import read_custody
from watermark.vault.streams import read_chain
from watermark.vault.vault import open_vault

OPTIONS = ModelOptions(dtype="float32")


def texts(path):
    return {d.id: d.text for d in open_corpus(path, id_column="id").documents()}


def test_the_licensee_whose_edition_was_trained_on_is_named(stream, tmp_path):
    report = verify_editions_command(stream.vault, str(stream.model), (), tmp_path / "r", OPTIONS)
    assert [each.licensee for each in report.result.named] == ["Bravo Media"]
    assert report.is_evidence
    written = json.loads((tmp_path / "r/report.json").read_text())
    assert written["named"] == ["Bravo Media"]
    assert written["pvalue_some_edition"] <= 0.001
    assert any("Verdict: licensees named: Bravo Media" in line for line in report.lines())
    assert "Bravo" not in (stream.vault / "custody.jsonl").read_text()
    (entry,) = [e for e in read_custody(stream.vault).entries if e["event"] == "audit"]
    assert entry["settings"]["test"] == "editions"


def test_a_report_of_editions_names_departures_and_checks_references(stream, tmp_path):
    base = shutil.copytree(stream.model, tmp_path / "base")  # it learned the edition, too
    edit_json(base / "config.json", release=2)
    report = verify_editions_command(
        stream.vault, str(stream.model), (str(base),), tmp_path / "r", OPTIONS, alpha=0.01, seed=3
    )
    assert "alpha: 0.001 planned, 0.01 used" in report.departures
    assert "seed of the re-draws: 0 by default, 3 used" in report.departures
    assert report.cautions[0].startswith(f"Reference {base} depends on the key itself")
    written = json.loads((tmp_path / "r/report.json").read_text())
    assert written["departures"] == list(report.departures)


def test_editions_are_written_again_alike_and_differ_from_each_other(stream, tmp_path):
    for name, out in (("Acme News", "a"), ("Acme News", "again"), ("Charlie", "c")):
        n = edition_command(stream.vault, name, tmp_path / out)
        assert n == 27
    a, again, c = ((tmp_path / out / "documents.jsonl").read_bytes() for out in ("a", "again", "c"))
    assert a == again
    assert a != c
    own = texts(stream.corpora / "first/first.jsonl")
    of_acme = texts(tmp_path / "a/documents.jsonl")
    assert own.keys() == of_acme.keys()  # the same documents are held out
    assert own != of_acme
    for out in ("a", "c"):  # no name in what is published
        text = (tmp_path / out / "documents.jsonl").read_text()
        assert not any(name in text for name in ("Acme", "Bravo", "Charlie"))


def test_an_edition_in_the_form_of_the_corpus_has_the_same_texts(stream, tmp_path):
    corpus = stream.corpora / "first.jsonl"
    edition_command(stream.vault, "Charlie", tmp_path / "a")
    edition_command(stream.vault, "Charlie", tmp_path / "b", corpus, id_column="id")
    assert texts(tmp_path / "a/documents.jsonl") == texts(tmp_path / "b/first.jsonl")
    with pytest.raises(CorpusError, match="not the corpus that"):
        edition_command(
            stream.vault, "Charlie", tmp_path / "d", stream.corpora / "one.jsonl", id_column="id"
        )
    assert not (tmp_path / "d").exists()


def test_an_unknown_licensee_is_answered_with_those_that_are_close(stream, tmp_path):
    with pytest.raises(VaultError, match="did you mean 'Bravo Media'"):
        edition_command(stream.vault, "bravo", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_list_that_was_changed_after_marking_is_refused(stream, tmp_path):
    path = stream.vault / "licensees.csv"
    path.write_text(path.read_text().replace("Charlie", "Delta"))
    for call in (
        lambda: edition_command(stream.vault, "Delta", tmp_path / "out"),
        lambda: verify_editions_command(
            stream.vault, str(stream.model), (), tmp_path / "out", OPTIONS
        ),
    ):
        with pytest.raises(VaultError, match="changed since the corpus was marked"):
            call()
    path.unlink()
    with pytest.raises(VaultError, match="is missing"):
        edition_command(stream.vault, "Charlie", tmp_path / "out")


def test_a_reviewed_vault_keeps_its_licensees_and_its_place_in_the_chain(stream, tmp_path):
    folder = stream.vault / "instalments/two"
    vault = open_vault(folder)
    document, marked = next(row for row in vault.marked() if row[1].marks)
    site = sites_of(marked)[0]
    rejected = {(document.id, site.start): (site.original, site.candidates)}
    (tmp_path / "decisions.csv").write_text("")
    decisions = Decisions("reject", tmp_path / "decisions.csv", rejected)
    published = open_corpus(stream.corpora / "two/two.jsonl", id_column="id")
    review_vault(vault, published, decisions, tmp_path / "p", tmp_path / "v")
    shutil.rmtree(folder)
    shutil.move(tmp_path / "v", folder)
    assert [each.name for each in read_chain(stream.vault)] == ["first", "one", "two"]
    first = open_vault(stream.vault)
    published = open_corpus(stream.corpora / "first/first.jsonl", id_column="id")
    keep_all = Decisions("reject", tmp_path / "decisions.csv", {})
    review_vault(first, published, keep_all, tmp_path / "q", tmp_path / "w")
    assert edition_command(tmp_path / "w", "Charlie", tmp_path / "c") == 27


def test_a_vault_without_editions_says_so(stream, tmp_path):
    with pytest.raises(VaultError, match="has no editions"):
        edition_command(stream.vault / "instalments/one", "Charlie", tmp_path / "out")


def test_marks_that_nobody_drew_have_no_editions(stream, tmp_path):
    intent = make_intent(LexiMark(rule="published"), holdout_share=0.1)
    with pytest.raises(PrerequisiteError, match="draws no words"):
        mark_editions_command(
            stream.corpora / "three.jsonl", tmp_path / "p", tmp_path / "v", intent,
            stream.corpora / "licensees.csv",
        )  # fmt: skip


def test_an_interrupted_run_goes_on_with_its_list_only(stream, tmp_path, monkeypatch):
    first, other = tmp_path / "a.csv", tmp_path / "b.csv"
    first.write_text("licensee\nx\n")
    other.write_text("licensee\ny\n")

    def mark(licensees):
        return mark_editions_command(
            stream.corpora / "three.jsonl", tmp_path / "p", tmp_path / "v", INTENT, licensees,
            id_column="id",
        )  # fmt: skip

    def fail(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("watermark.marking.mark._write", fail)
        with pytest.raises(KeyboardInterrupt):
            mark(first)
    with pytest.raises(ToolkitError, match="another list of licensees"):
        mark(other)
    mark(first)
    assert edition_command(tmp_path / "v", "x", tmp_path / "x") == 27
