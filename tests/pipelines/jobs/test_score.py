"""`score`, `evaluate` and `frequencies`, in this process on tiny models."""

import csv
import json
import math
import re
import shlex
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from membership.detectors import default_detectors
from pipelines import cli
from pipelines.loading.embedded_text import paragraphs
from pipelines.reporting.score_file import read_scores
from tests.support.fake_server import serve
from tests.support.tiny import save_tiny_model, tiny_tokenizer

ONE_PASS = [n for n, d in default_detectors().items() if "reference" not in d.needs]


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    root = tmp_path_factory.mktemp("models")
    other = tiny_tokenizer(vocab_size=500)
    return {
        "suspect": save_tiny_model(root / "suspect", "llama"),
        "base": save_tiny_model(root / "base", "llama", seed=1),
        "foreign": save_tiny_model(root / "foreign", "gpt2", other),
    }


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    path = tmp_path_factory.mktemp("corpus") / "c.jsonl"
    texts = [t for t, _ in zip(paragraphs(), range(24), strict=False)]
    rows = [
        {"id": f"d{i}", "text": text, "label": i % 2, "topic": "p"} for i, text in enumerate(texts)
    ]
    path.write_text(
        "".join(json.dumps(row) + "\n" for row in [*rows[:-1], {**rows[-1], "text": ""}])
    )
    return path


@pytest.fixture
def leximark(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    def run(*arguments, status=0):
        monkeypatch.setattr("sys.argv", ["leximark", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        said = capsys.readouterr()
        assert int(caught.value.code or 0) == status, said.err
        return said.out if status == 0 else said.err

    return run


def test_one_row_a_document_and_one_column_a_detector(leximark, corpus, models):
    said = leximark("score", corpus, "--model", models["suspect"], "--out", "s.parquet",
                    "--id-column", "id")  # fmt: skip
    table = pq.read_table("s.parquet")
    assert table.column_names == ["id", "text", "label", "topic", "unscored", *ONE_PASS]
    assert table.num_rows == 24
    last = table.to_pylist()[-1]
    assert (last["id"], last["text"], last["loss"]) == ("d23", "", None)
    assert json.loads(last["unscored"])["loss"] == "no token was scored"
    assert "loss: 23 scored; 1 not: no token was scored" in said
    record = json.loads(Path("s.parquet.run.json").read_text())
    assert record["inputs"]["suspect"]["name"] == "suspect"


def test_all_forms_hold_the_same_scores(leximark, corpus, models):
    found = []
    for form in ("parquet", "jsonl", "csv"):
        leximark("score", corpus, "--model", models["suspect"], "--detectors", "loss, surp,zlib",
                 "--out", f"s.{form}")  # fmt: skip
        found.append(read_scores(Path(f"s.{form}")))
    for table in found[1:]:
        assert table.texts == found[0].texts
        assert {**table.scores}.keys() == {"loss", "surp", "zlib"}
        for name, scores in table.scores.items():
            for one, other in zip(scores, found[0].scores[name], strict=True):
                assert one == other or (math.isnan(one) and math.isnan(other))
    with open("s.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[-1]["loss"] == ""
    assert [row["label"] for row in rows[:2]] == ["0", "1"]


def test_a_reference_adds_detectors_and_its_tokenizer_decides_the_unit(leximark, corpus, models):
    names = {}
    for other in ("base", "foreign"):
        leximark("score", corpus, "--model", models["suspect"], "--reference", models[other],
                 "--out", f"{other}.jsonl")  # fmt: skip
        names[other] = list(read_scores(Path(f"{other}.jsonl")).scores)
    assert names["base"] == list(default_detectors())
    assert names["foreign"] == list(default_detectors("byte"))


def test_dc_pdd_from_counting_to_scores(leximark, corpus, models):
    said = leximark("frequencies", corpus, "--tokenizer", models["suspect"], "--out", "f.npz")
    assert "tokens of 24 documents" in said
    count = ("frequencies", corpus, "--tokenizer", models["suspect"], "--out", "g.npz", "--json")
    counts = json.loads(leximark(*count))
    assert (counts["table"], counts["documents"]) == ("g.npz", 24)
    assert f"{counts['tokens']:,} tokens" in said
    assert f"{counts['seen']:,} of {counts['vocabulary']:,} tokens seen" in said
    score = ("score", corpus, "--model", models["suspect"], "--frequencies", "f.npz")
    leximark(*score, "--out", "s.jsonl")
    assert list(read_scores(Path("s.jsonl")).scores) == [*ONE_PASS, "dc_pdd"]
    about = json.loads(Path("s.jsonl.run.json").read_text())["inputs"]["frequencies"]
    assert about["n_documents"] == 24
    other = ("score", corpus, "--model", models["foreign"], "--frequencies", "f.npz")
    refused = leximark(*other, "--out", "t.jsonl", status=2)
    assert "the frequencies were counted with the tokenizer of" in refused


def test_detectors_of_more_passes_run_when_they_are_named(leximark, corpus, models):
    Path("known.jsonl").write_text('{"text": "a text that is not scored"}\n' * 2)
    Path("seen.jsonl").write_text('{"text": "a text that was seen"}\n')
    names = "lowercase,pac,recall,con_recall"
    leximark("score", corpus, "--model", models["suspect"], "--detectors", names, "--out", "s.csv",
             "--nonmembers", "known.jsonl", "--members", "seen.jsonl", "--shots", "1")  # fmt: skip
    assert list(read_scores(Path("s.csv")).scores) == names.split(",")


def test_neighbours_come_with_mimir(leximark, models):
    row = {"member": "one of us", "nonmember": "one of them", "member_neighbors": ["one of you"]}
    Path("m.jsonl").write_text(json.dumps(row) + "\n")
    leximark("score", "m.jsonl", "--form", "mimir", "--model", models["suspect"],
             "--detectors", "neighbourhood", "--out", "s.jsonl")  # fmt: skip
    rows = [json.loads(line) for line in Path("s.jsonl").read_text().splitlines()]
    assert [row["label"] for row in rows] == [1, 0]
    assert rows[0]["neighbourhood"] is not None
    assert json.loads(rows[1]["unscored"]) == {"neighbourhood": "it has no neighbours"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--detectors", "foo"], "no detector is called 'foo'; there are loss, zlib"),
        (["--detectors", "dc_pdd"], "make a table with `leximark frequencies`"),
        (["--detectors", "recall"], "give a file with --nonmembers"),
        (["--detectors", "neighbourhood"], "needs a column 'neighbours'"),
        (["--detectors", "ez"], "ez: needs reference"),
        (["--frequencies", "no.npz"], "there is no such file"),
    ],
)
def test_what_a_detector_lacks_is_said(leximark, corpus, models, arguments, message):
    said = leximark("score", corpus, "--model", models["suspect"], "--out", "s.csv", *arguments,
                    status=2)  # fmt: skip
    assert message in said
    assert not Path("s.csv").exists()


def test_files_are_never_replaced_and_have_a_known_form(leximark, corpus, models):
    Path("s.csv").write_text("mine")
    score = ("score", corpus, "--model", models["suspect"], "--out")
    assert "exists already" in leximark(*score, "s.csv", status=2)
    assert "ends in .parquet, .jsonl, .csv" in leximark(*score, "s.txt", status=2)
    count = ("frequencies", corpus, "--tokenizer", models["suspect"], "--out", "s.csv")
    assert "exists already" in leximark(*count, status=2)


def test_a_column_with_the_name_of_a_detector_is_refused(leximark, models):
    Path("c.jsonl").write_text('{"text": "a text", "loss": 3}\n')
    said = leximark("score", "c.jsonl", "--model", models["suspect"], "--out", "s.csv", status=2)
    assert "has a column 'loss'" in said


def test_no_tokenizer_no_frequencies(leximark, corpus, tmp_path):
    said = leximark("frequencies", corpus, "--tokenizer", tmp_path, status=2)
    assert "found no tokenizer.json" in said


def by_hand(path, n=60):
    """A score file in which members differ in a word, and one detector knows them a little."""
    rows = ["id,text,label,unscored,good,bad"]
    for i in range(n):
        text = f"{'old' if i % 2 else 'new'} text {i}"
        rows.append(f"d{i},{text},{i % 2},,{i % 2 + i % 7},{'' if i == 0 else i % 5}")
    path.write_text("\n".join(rows) + "\n")
    return path


def test_evaluate_warns_when_words_alone_do_better(leximark, tmp_path):
    said = leximark("evaluate", by_hand(tmp_path / "s.csv"), "--labels", "label")
    assert "**Beware: words and lengths alone separate the groups better than any detector" in said
    assert "| blind baseline | 1.000 |" in said
    numbers = json.loads(Path("evaluation/evaluation.json").read_text())
    assert list(numbers["detectors"]) == ["good", "bad"]
    assert numbers["detectors"]["bad"]["n_unscored"] == 1
    assert set(numbers["detectors"]["good"]["tpr"]) == {"0.05", "0.01", "0.001"}
    for name in ("evaluation.md", "roc.png", "roc.svg"):
        assert Path("evaluation", name).stat().st_size > 0
    machine = leximark("evaluate", "s.csv", "--labels", "label", "--out", "again", "--json")
    assert json.loads(machine) == numbers


def test_evaluate_says_what_is_wrong(leximark, corpus, models):
    leximark("score", corpus, "--model", models["suspect"], "--detectors", "loss", "--out", "s.csv")
    assert "in column 'topic'" in leximark("evaluate", "s.csv", "--labels", "topic", status=2)
    assert "no column 'unscored'" in leximark("evaluate", corpus, "--labels", "label", status=2)
    Path("evaluation").mkdir()
    assert "exists already" in leximark("evaluate", "s.csv", "--labels", "label", status=2)


def test_the_commands_of_the_page_on_detectors_run(leximark, corpus, models):
    page = (Path(cli.__file__).parents[1] / "docs/detectors.md").read_text(encoding="utf-8")
    block = "".join(re.findall(r"```sh\n(.*?)```", page, re.DOTALL))
    for name, target in {
        "at-large.jsonl": corpus,
        "texts.jsonl": corpus,
        "their-model": models["suspect"],
        "their-base": models["base"],
    }.items():
        Path(name).symlink_to(target)
    for line in block.strip().splitlines():
        program, *arguments = shlex.split(line)
        assert program == "leximark"
        leximark(*arguments)
    refused = ("--detectors", "unknown", "--out", "refused.csv")
    said = leximark("score", "texts.jsonl", "--model", "their-model", *refused, status=2)
    there = set(re.findall(r"\w+", said.partition("there are ")[2]))
    table = page.partition("## Which runs where")[2].partition("##")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    assert set(re.findall(r"`(\w+)`", " ".join(rows))) <= there


def test_a_server_that_only_writes_is_scored_by_what_it_writes(leximark, models):
    rows = [{"text": "one two three more of one two three"}, {"text": ""}]
    Path("c.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with serve(models["suspect"]) as server:
        model = f"chat+{server.url}"
        leximark("score", "c.jsonl", "--model", model, "--samples", 2, "--out", "s.jsonl")
        both = leximark("score", "c.jsonl", "--model", models["suspect"], "--out", "t.jsonl",
                        "--detectors", "loss,samia", status=2)  # fmt: skip
        lost = leximark("score", "c.jsonl", "--model", model, "--out", "t.jsonl",
                        "--detectors", "loss", status=2)  # fmt: skip
        assert len([r for r in server.requests if r["messages"][-1]["content"] != "The"]) >= 2
    found = [json.loads(line) for line in Path("s.jsonl").read_text().splitlines()]
    # It writes "more of one two three more"; the rest of the text is "of one two three".
    assert (found[0]["samia"], found[0]["ngram_coverage"]) == (1.0, 4 / 6)
    assert json.loads(found[1]["unscored"])["samia"] == "too short to be split"
    assert "samia: needs a suspect that writes" in both
    assert "loss: needs logprobs" in lost
    about = json.loads(Path("s.jsonl.run.json").read_text())
    assert about["inputs"]["sampling"] == {"n": 2, "temperature": 1.0, "seed": 0}


def test_a_second_run_reads_no_text_again(leximark, corpus, models, monkeypatch):
    score = ("score", corpus, "--model", models["suspect"], "--detectors", "loss,zlib")
    leximark(*score, "--cache", "cache", "--out", "a.csv")
    monkeypatch.setattr(
        "pipelines.loading.models.load_huggingface",
        lambda *a, **k: pytest.fail("a model was loaded"),
    )
    leximark(*score, "--cache", "cache", "--out", "b.csv")
    assert Path("a.csv").read_bytes() == Path("b.csv").read_bytes()
    refused = leximark(*score, "--cache", "x", "--no-cache", "--out", "c.csv", status=2)
    assert "choose one of" in refused


def test_a_reference_that_gives_less_leaves_out_what_needs_more(models, corpus, leximark):
    with serve(models["base"], max_model_len=256) as fake:
        options = ("--model", models["suspect"], "--reference", f"openai+{fake.url}#tiny")
        leximark("score", corpus, *options, "--out", "s.jsonl", "--dtype", "float32")
        first = json.loads(Path("s.jsonl").read_text().splitlines()[0])
        assert "min_k_plus_plus" in first
        assert "loss_minus_reference_per_byte" in first
        assert "min_k_plus_plus_minus_reference_per_byte" not in first
        named = ("--detectors", "min_k_plus_plus_minus_reference_per_byte", "--out", "t.jsonl")
        said = leximark("score", corpus, *options, *named, status=2)
        assert "needs moments" in said
