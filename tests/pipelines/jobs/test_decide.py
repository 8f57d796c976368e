import json
from pathlib import Path

import numpy as np
import pytest

from pipelines import cli

WORDS = ["tree", "house", "river", "stone", "cloud", "bread", "night", "apple", "chair", "water"]


@pytest.fixture
def decide(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    def run(scores, *arguments, status=0):
        monkeypatch.setattr(
            "sys.argv", ["leximark", "decide", str(scores), "--labels", "ours", *arguments]
        )
        with pytest.raises(SystemExit) as caught:
            cli.main()
        said = capsys.readouterr()
        assert int(caught.value.code or 0) == status, said.err
        return said.out if status == 0 else said.err

    return run


def scores(path, shift=0.0, word="", n=120):
    """Two detectors; documents in question score higher by the shift and have the word."""
    rng = np.random.default_rng(0)
    rows = []
    for i in range(n):
        text = " ".join(rng.choice(WORDS, 12)) + (word if i % 2 else "")
        values = rng.normal(size=2) + shift * (i % 2)
        rows.append(
            {"id": f"d{i}", "text": text, "ours": i % 2, "unscored": "", "loss": values[0],
             "zlib": values[1]}
        )  # fmt: skip
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_training_is_found_and_the_assumption_said(decide, tmp_path):
    said = decide(scores(tmp_path / "s.jsonl", 1.5))
    assert said.startswith("Decision: trained on it (grade B)\n")
    assert "Valid if: the documents in question and the control documents are draws" in said
    found = json.loads(Path("decision/decision.json").read_text())
    assert (found["decision"], found["detectors"]) == ("trained on it", ["loss"])
    assert found["result"]["pvalue"] <= 1e-4


def test_no_training_is_no_evidence(decide, tmp_path):
    for test in ("control", "dataset-inference"):
        said = decide(scores(tmp_path / "s.jsonl"), "--test", test, "--out", test)
        assert said.startswith("Decision: no evidence (grade B)")


def test_with_too_few_documents_the_decision_is_that_it_cannot_tell(decide, tmp_path):
    # 20 and 20 documents show an AUROC of .9 at level .001 in four of five cases, 8 and 8 do not
    for n, words in ((40, "no evidence"), (16, "cannot tell")):
        file = scores(tmp_path / f"{n}.jsonl", n=n)
        said = decide(file, "--out", str(n))
        assert said.startswith(f"Decision: {words} (grade B)")
        assert json.loads(Path(str(n), "decision.json").read_text())["decision"] == words


def test_sets_that_differ_in_a_word_get_no_answer(decide, tmp_path):
    file = scores(tmp_path / "s.jsonl", 1.5, " in 2019")
    for test in ("control", "dataset-inference", "conformal"):
        said = decide(file, "--test", test, "--out", test)
        assert said.startswith("Decision: no answer (grade C)\nno p-value: words and lengths")
        assert json.loads(Path(test, "decision.json").read_text())["grade"] == "C"


def test_several_detectors_share_one_p_value(decide, tmp_path):
    file = scores(tmp_path / "s.jsonl", 1.5)
    machine = json.loads(decide(file, "--detectors", "loss,zlib", "--json"))
    assert set(machine["result"]["details"]["adjusted_pvalues"]) == {"loss", "zlib"}
    weighed = json.loads(
        decide(file, "--test", "dataset-inference", "--json", "--out", "b", "--alpha", "0.01")
    )
    assert weighed["decision"] == "trained on it"
    assert set(weighed["result"]["details"]["weights"]) == {"loss", "zlib"}


def test_conformal_lists_documents(decide, tmp_path):
    said = decide(scores(tmp_path / "s.jsonl", 5.0), "--test", "conformal", "--alpha", "0.1")
    assert "of 60 documents called trained on (grade B); on average at most 0.1" in said
    rows = [json.loads(line) for line in Path("decision/documents.jsonl").read_text().splitlines()]
    assert [row["id"] for row in rows[:2]] == ["d1", "d3"]
    assert sum(row["trained_on"] for row in rows) > 50
    assert 1 / 61 <= min(row["pvalue"] for row in rows) <= 0.1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--detectors", "foo"], "have no detector 'foo'; they have loss, zlib"),
        (["--test", "conformal", "--detectors", "loss,zlib"], "takes one detector"),
        (["--alpha", "1"], "between 0 and 1"),
    ],
)
def test_what_is_wrong_is_said(decide, tmp_path, arguments, message):
    file = scores(tmp_path / "s.jsonl")
    assert message in decide(file, *arguments, status=2)
    assert not Path("decision").exists()


def test_without_a_usual_or_whole_detector_one_must_be_named(decide, tmp_path):
    rows = [{"text": w, "ours": i % 2, "unscored": "", "odd": None} for i, w in enumerate(WORDS)]
    file = tmp_path / "s.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert "use --detectors" in decide(file, status=2)
    assert "no detector scored every document" in decide(
        file, "--test", "dataset-inference", status=2
    )


def test_an_existing_folder_is_never_replaced(decide, tmp_path):
    Path("decision").mkdir()
    assert "exists already" in decide(scores(tmp_path / "s.jsonl"), status=2)
