"""What a notebook does, on real files and tiny models."""

import csv
import json
import math
import shutil

import datasets
import pytest

from membership.detectors import default_detectors
from pipelines import api
from tests.support.forged_vault import forge
from tests.support.tiny import save_tiny_model
from watermark.document import restore, sites_of
from watermark.errors import CorpusError, PrerequisiteError, VaultError
from watermark.vault.custody import NotLoggedError, read_custody
from watermark.vault.vault import open_vault


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    root = tmp_path_factory.mktemp("models")
    return {name: save_tiny_model(root / name, "llama", seed=i) for i, name in enumerate("ab")}


@pytest.fixture(scope="module")
def topics(job):
    rows = [json.loads(line) for line in job.corpus.read_text(encoding="utf-8").splitlines()]
    return datasets.Dataset.from_list([{"id": r["id"], "body": r["text"], "n": 1} for r in rows])


@pytest.fixture(scope="module")
def marked(topics, tmp_path_factory):
    folder = tmp_path_factory.mktemp("marked")
    published = api.mark(
        topics,
        folder / "published",
        folder / "vault",
        text_column="body",
        id_column="id",
        plan={"alpha": 0.01},
    )
    return folder, published


def test_marking_returns_the_data_set_to_publish(topics, marked):
    folder, published = marked
    assert published.features == topics.features
    vault = open_vault(folder / "vault")
    assert (vault.plan.alpha, len(published)) == (0.01, 144)
    texts = dict(zip(published["id"], published["body"], strict=True))
    originals = dict(zip(topics["id"], topics["body"], strict=True))
    assert any(texts[name] != originals[name] for name in texts)
    for row, found in vault.marked():
        assert restore(found).text == originals[row.id]
        assert texts.get(row.id, found.document.text) == found.document.text


def test_settings_that_do_not_go_together_are_refused_before_anything_is_written(topics, tmp_path):
    with pytest.raises(ValueError, match="cannot be tested by redraw"):
        api.mark(
            topics,
            tmp_path / "published",
            tmp_path / "vault",
            api.LexiMark(rule="published"),
            plan={"test": "redraw"},
        )
    with pytest.raises(CorpusError, match="'text'"):
        api.mark(topics, tmp_path / "published", tmp_path / "vault")
    assert not list(tmp_path.iterdir())


def test_inspecting_measures_and_writes_the_pages(marked, models, tmp_path):
    folder, _ = marked
    found = api.inspect(folder / "vault", model=models["a"], sample=5, out=tmp_path / "pages")
    assert found.sections["corpus"]["published"] == 144
    assert found.sections["perplexity"]["marked"] > 1
    assert len(found.pairs) == 5
    assert (tmp_path / "pages/review.html").exists()


def test_a_review_takes_marks_back(marked, tmp_path):
    folder, published = marked
    sites = [site for _, found in open_vault(folder / "vault").marked() for site in sites_of(found)]
    with (tmp_path / "no.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["document_id", "start", "original", "candidates"])
        for site in sites[:9]:
            candidates = json.dumps(site.candidates)
            writer.writerow([site.document_id, site.start, site.original, candidates])
    where = (folder / "vault", folder / "published", tmp_path / "new", tmp_path / "vault")
    reviewed = api.review(*where, reject=tmp_path / "no.csv", text_column="body")
    assert reviewed.column_names == published.column_names
    assert open_vault(tmp_path / "vault").plan.corpus["review"]["n_rejected"] == 9
    with pytest.raises(ValueError, match="name one file"):
        api.review(*where)


def test_an_audit_is_in_the_custody_log_and_says_so_if_it_cannot_be(
    job, tmp_path, capsys, monkeypatch
):
    vault = shutil.copytree(job.vault, tmp_path / "vault")
    (vault / "custody.jsonl").unlink(missing_ok=True)

    def verify(**settings):
        settings = {"n_resamples": 999, "key_file": job.key_file, **settings}
        return api.verify(vault, other, (), **settings), capsys.readouterr().err

    other = api.open_model(job.other, api.ModelOptions(dtype="float32"))
    first, said = verify()
    assert "audit was made" not in said
    (entry,) = [e for e in read_custody(vault).entries if e["event"] == "audit"]
    assert entry["pvalue"] == first.primary.pvalue
    assert entry["settings"]["suspect"] == other.fingerprint
    _, said = verify(seed=1)
    assert "1 other audit was made with this vault before" in said

    def refuse(*_, **__):
        raise NotLoggedError("custody.jsonl: cannot be written")

    monkeypatch.setattr("pipelines.jobs.evidence.log_event", refuse)
    again, said = verify()
    assert again.primary.pvalue == first.primary.pvalue
    assert "Not in the custody log" in said


def test_an_audit_finds_the_model_that_was_trained_and_no_other(job):
    trained = api.open_model(job.trained, api.ModelOptions(dtype="float32"))
    verdict = api.verify(job.vault, trained, n_resamples=9_999, key_file=job.key_file)
    assert verdict.words == "trained on it"
    assert verdict.primary.null.shape == (9_999,)
    other = api.verify(job.vault, job.other, [trained], alpha=0.01, seed=3, key_file=job.key_file)
    assert (other.words, other.alpha, other.primary.seed) == ("no evidence", 0.01, 3)
    with pytest.raises(ValueError, match="alpha"):
        api.verify(job.vault, trained, alpha=1.0, key_file=job.key_file)
    with pytest.raises(VaultError):
        api.verify(job.vault, trained)  # the key is elsewhere


def test_a_data_set_gets_a_column_a_detector_and_the_reasons(models):
    data = datasets.Dataset.from_list([{"body": "for x in y"}, {"body": ""}])
    scored = api.score(data, models["a"], models["b"], detectors=["loss", "ez"], text_column="body")
    assert scored.column_names == ["body", "unscored", "loss", "ez"]
    assert scored["loss"][0] < 0
    assert math.isnan(scored["loss"][1])
    assert scored["unscored"][0] == ""
    assert set(json.loads(scored["unscored"][1])) == {"loss", "ez"}
    every = api.score(data, api.open_model(models["a"]), text_column="body")
    one_pass = [n for n, d in default_detectors().items() if "reference" not in d.needs]
    assert every.column_names == ["body", "unscored", *one_pass]


def test_what_cannot_be_scored_is_refused(models):
    data = datasets.Dataset.from_list([{"text": "for x in y", "loss": 1.0}])
    with pytest.raises(CorpusError, match="column 'loss' already"):
        api.score(data, models["a"], detectors=["loss"])
    with pytest.raises(CorpusError, match="no column 'body'; the columns are 'text', 'loss'"):
        api.score(data, models["a"], text_column="body")
    with pytest.raises(PrerequisiteError, match="no detector is called 'vibes'"):
        api.score(data, models["a"], detectors=["vibes"])


def test_scores_are_compared_with_labels(job, topics):
    some = topics.select(range(40)).rename_column("body", "text")
    data = some.map(lambda row, i: {"label": i % 2}, with_indices=True)
    scored = api.score(data, job.trained, detectors=["loss", "zlib"])
    found = api.evaluate(scored, n_resamples=99)
    assert set(found.detectors) == {"loss", "zlib"}
    loss = found.detectors["loss"]
    assert 0 <= loss.low <= loss.auroc <= loss.high <= 1
    assert (loss.n_members, loss.n_nonmembers) == (20, 20)
    with pytest.raises(CorpusError, match="no column 'unscored'"):
        api.evaluate(data)
    with pytest.raises(CorpusError, match="no column 'member'"):
        api.evaluate(scored, "member")


def test_a_plan_with_an_unknown_detector_is_refused_before_a_model_is_opened(marked, tmp_path):
    shutil.copytree(marked[0] / "vault", tmp_path / "vault")
    forge(tmp_path / "vault", plan=lambda fields: fields.update(detector="made up"))
    with pytest.raises(VaultError, match="plans the detector 'made up', which is unknown"):
        api.verify(tmp_path / "vault", "nowhere")
