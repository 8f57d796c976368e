import json
from dataclasses import replace
from itertools import islice

import pytest

from pipelines import api
from pipelines.forecast import forecast as job_plan
from pipelines.forecast.forecast import Marking, gentlest, plan_corpus, share_of
from pipelines.loading.embedded_text import paragraphs
from tests.pipelines.conftest import MANY_SITES
from watermark.errors import CorpusError
from watermark.schemes.leximark import LexiMark


@pytest.fixture(autouse=True)
def _few(monkeypatch):
    """Simulate less and try fewer markings: the tests are about what is done with the numbers."""
    monkeypatch.setattr(job_plan, "N_SIMULATED", 12)
    monkeypatch.setattr(job_plan, "WORDS_PER_SENTENCE", (1,))
    monkeypatch.setattr(job_plan, "STRICTER_FITS", (0.7,))


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "texts.jsonl"
    rows = [{"id": f"t{i}", "text": text} for i, text in enumerate(islice(paragraphs(), 60))]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_the_command_foresees_and_recommends(corpus, command):
    given = (
        *("leximark", "plan", corpus, "--id-column", "id", "--no-model", "--suspect", "base"),
        *("--power", "0.3", *MANY_SITES),  # what 60 paragraphs can have
    )
    done = command(*given, "--json")
    assert done.status == 0, done.err
    found = json.loads(done.out)
    assert (found["n_documents"], found["n_published"], found["n_surveyed"]) == (60, 54, 60)
    rows = {(row["suspect"], row["training"]): row for row in found["rows"]}
    assert len(rows) == 12
    power = {name: row["power"]["0.001"] for name, row in rows.items()}
    assert power["base", "fine-tuning"] > power["public", "fine-tuning"]
    assert power["public", "fine-tuning"] >= power["none", "fine-tuning"]
    assert power["base", "fine-tuning"] > power["base", "one-copy"]
    for row in rows.values():
        assert row["needed"]["1e-06"] >= row["needed"]["0.001"]
    advice = found["advice"]
    assert 0 < advice["share"] <= 1
    assert advice in found["markings"]
    text = command(*given).out
    assert f"leximark mark {corpus} --out published/ --vault vault/ --min-fit" in text
    assert "derived, not measured" in text
    assert not list(corpus.parent.glob("*vault*"))


def test_it_says_plainly_when_no_marking_can_win(corpus, command):
    done = command(
        "leximark", "plan", corpus, "--id-column", "id", "--no-model", "--suspect", "none",
        "--training", "one-copy", "--alpha", "1e-6",
    )  # fmt: skip
    assert done.status == 0, done.err
    assert "No marking that was tried can win" in done.out
    assert "54 would be published" in done.out


def test_bad_input_is_refused_with_a_reason(corpus, tmp_path, command):
    with pytest.raises(ValueError, match="power of 0 to 1"):
        plan_corpus(corpus, power=1.0)
    with pytest.raises(ValueError, match="no key chooses"):
        plan_corpus(corpus, LexiMark(rule="published"))
    (tmp_path / "bare.jsonl").write_text('{"text": "One two."}\n')
    with pytest.raises(CorpusError, match="nothing can be marked"):
        api.plan(tmp_path / "bare.jsonl", use_model=False)
    done = command("leximark", "plan", corpus, "--power", "2")
    assert (done.status, "'--power'" in done.err) == (2, True)


def test_better_words_go_before_fewer_changes():
    loose = Marking(0.46, 1, 1.0, 40, 0.1, 0.5)
    strict = Marking(0.7, 5, 5.0, 40, 0.4, 2.0)
    fewer = replace(strict, words_per_sentence=1, changed_per_100_words=0.5)
    losing = replace(strict, min_fit=0.9, share=None)
    assert gentlest([loose, strict, losing]) == strict
    assert gentlest([loose, strict, fewer]) == fewer
    assert gentlest([losing]) is None


def test_a_share_is_enough_and_rounded_up():
    assert share_of(11, 100) == pytest.approx(0.15)
    assert share_of(100, 100) == 1.0
    assert share_of(101, 100) is None
    assert share_of(None, 100) is None
