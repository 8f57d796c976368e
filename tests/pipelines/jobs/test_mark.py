import json
import os
import resource
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest

from pipelines import cli
from pipelines.loading.embedded_text import paragraphs
from watermark.vault.vault import open_vault

OUT = ("--out", "published", "--vault", "vault")


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "news.jsonl"
    rows = [{"id": i, "text": text} for i, text in enumerate(islice(paragraphs(), 30))]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_marking_prints_the_plan_for_machines(corpus, tmp_path, command):
    done = command(
        "leximark", "mark", corpus, *OUT, "--id-column", "id", "--alpha", "0.01", "--json"
    )
    assert done.status == 0, done.err
    plan = json.loads(done.out)
    assert plan["alpha"] == 0.01
    assert plan["corpus"]["n_documents"] == 30
    assert open_vault(tmp_path / "vault").plan.alpha == 0.01


def test_options_reach_the_scheme(corpus, tmp_path, command):
    (tmp_path / "protected.txt").write_text("Statement\nexpression\n")
    (tmp_path / "stop.txt").write_text("value\n")
    done = command(
        "leximark",
        "mark",
        corpus,
        *OUT,
        *("--rule", "published", "--scope", "site", "-k", "2", "-m", "3", "--no-keep-original"),
        *("--min-letters", "5", "--min-rarity-bits", "10", "--min-fit", "0.2", "--holdout", "0.2"),
        *("--sites-per-coin", "7", "--max-frequency-ratio", "3", "--quotations"),
        *("--detector", "zlib"),
        *("--stop-words", "stop.txt", "--protected-words", "protected.txt"),
        *("--reference", "org/base", "--json"),
    )
    assert done.status == 0, done.err
    plan = json.loads(done.out)
    scheme = plan["scheme"]
    assert scheme["stop_words"] == ["value"]
    assert scheme["protected_words"] == ["expression", "statement"]
    wanted = {
        "rule": "published",
        "scope": "site",
        "words_per_sentence": 2,
        "n_candidates": 3,
        "keep_original": False,
        "sites_per_coin": 7,
        "max_frequency_ratio": 3.0,
        "min_letters": 5,
        "min_rarity_bits": 10.0,
        "quotations": True,
    }
    assert {name: scheme[name] for name in wanted} == wanted
    assert scheme["fit"]["min_fit"] == 0.2
    assert (plan["test"], plan["detector"]) == ("holdout", "zlib")
    assert plan["references"] == ["org/base"]
    assert plan["corpus"]["n_held_out"] == 6


@pytest.mark.parametrize(
    ("what", "content", "words"),
    [
        ("empty corpus", b"", "empty"),
        ("no such column", b'{"body": "x"}\n', "'text'"),
        ("not UTF-8", b'{"text": "caf\xe9"}\n', "news.jsonl:1"),
        ("malformed", b'{"text": "a"}\n{"text": \n', "news.jsonl:2"),
        ("nothing to mark", b'{"text": ""}\n{"text": "1 2 3"}\n', "but none"),
        ("not text", b'{"text": 7}\n', "must hold a string"),
    ],
)
def test_a_corpus_that_will_not_do_is_one_message_and_leaves_nothing(
    tmp_path, command, what, content, words
):
    (tmp_path / "news.jsonl").write_bytes(content)
    done = command("leximark", "mark", "news.jsonl", *OUT)
    assert done.status == 2, done.err
    assert words in done.err
    assert len(done.err.strip().splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["news.jsonl"]
    assert (tmp_path / "news.jsonl").read_bytes() == content


def test_missing_and_double_ids_are_named(tmp_path, command):
    (tmp_path / "news.jsonl").write_text('{"id": 1, "text": "a"}\n{"id": 1, "text": "b"}\n')
    done = command("leximark", "mark", "news.jsonl", *OUT, "--id-column", "id")
    assert (done.status, "'1'" in done.err) == (2, True), done.err
    done = command("leximark", "mark", "news.jsonl", *OUT, "--id-column", "name")
    assert (done.status, "--id-column" in done.err) == (2, True), done.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--min-fit", "1.5"], "'--min-fit': Input should"),
        (["--holdout", "0.7"], "'--holdout': Input should"),
        (["--alpha", "0"], "alpha"),
        (["--detector", "vibes"], "no detector 'vibes'"),
        (["--detector", "loss_minus_reference"], "needs a reference"),
        (["--rule", "published", "--test", "redraw"], "cannot be tested by redraw"),
        (["--test", "holdout", "--holdout", "0"], "held out"),
        (["--stop-words", "nowhere.txt"], "nowhere.txt"),
        (["-m", "1"], "--n-candidates"),
        (["--language", "German"], "wanted a code: ar, "),
    ],
)
def test_options_that_do_not_go_together_are_refused(corpus, tmp_path, command, options, words):
    done = command("leximark", "mark", corpus, *OUT, *options)
    assert done.status == 2, done.err
    assert words in done.err
    assert "Traceback" not in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["news.jsonl"]


def test_a_wrong_key_file_is_refused(corpus, tmp_path, command):
    (tmp_path / "key").write_bytes(b"too short")
    done = command("leximark", "mark", corpus, *OUT, "--key-file", "key")
    assert done.status == 2
    assert "wanted 32 raw bytes, found 9" in done.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--out", "there", "--vault", "vault"), "there: exists"),
        (("--out", "vault/out", "--vault", "vault"), "neither may lie inside"),
        ((*OUT, "--key-file", "no-key"), "no-key"),
        ((*OUT, "--language", "de"), "source listed knows English alone"),
    ],
)
def test_what_can_be_refused_at_once_is_refused_before_the_corpus_is_read(
    tmp_path, command, options, words
):
    (tmp_path / "news.jsonl").write_bytes(b"no row at all\n")  # reading it would be refused
    (tmp_path / "there").mkdir()
    done = command("leximark", "mark", "news.jsonl", *options)
    assert (done.status, words in done.err) == (2, True), done.err


def test_a_command_to_copy_is_quoted(corpus, command):
    done = command("leximark", "mark", corpus, "--out", "my texts", "--vault", "my vault")
    assert "`leximark stamp 'my vault'`" in done.out, done.err


def test_a_vault_is_not_a_corpus(corpus, command):
    assert command("leximark", "mark", corpus, *OUT).status == 0
    done = command("leximark", "mark", "vault", "--out", "again", "--vault", "vault-2")
    assert (done.status, "vault: is a vault; name the data set" in done.err) == (2, True), done.err


def test_a_full_disk_is_one_message_and_the_run_can_be_taken_up_again(corpus, tmp_path, command):
    code = "from pipelines.cli import main; main()"
    # As the fixtures have it in this process:
    given = (corpus, *OUT, "--no-reference", "--quality", "fast")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, "mark", *given],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[1])},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000)),
    )
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "published").exists()
    assert not (tmp_path / "vault").exists()
    assert command("leximark", "mark", *given).status == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["news.jsonl", "published", "vault"]


@pytest.mark.slow
def test_a_document_of_ten_megabytes_is_marked(tmp_path, command):
    text = "\n\n".join(paragraphs())
    text *= 10_000_000 // len(text) + 1
    (tmp_path / "books").mkdir()
    (tmp_path / "books/one.txt").write_text(text, encoding="utf-8")
    (tmp_path / "books/two.txt").write_text("A short one.", encoding="utf-8")
    done = command("leximark", "mark", "books", *OUT, "--holdout", "0")
    assert done.status == 0, done.err
    assert (tmp_path / "published/one.txt").stat().st_size > 9_000_000


def test_two_workers_give_what_one_gives(corpus, tmp_path, command):
    (tmp_path / "owner.key").write_bytes(bytes(range(32)))
    for name, workers in (("one", 1), ("two", 2)):
        out = ("--out", f"{name}/published", "--vault", f"{name}/vault")
        (tmp_path / name).mkdir()
        done = command(
            *("leximark", "mark", corpus, *out, "--key-file", "owner.key"),
            *("--workers", workers),
        )
        assert done.status == 0, done.err
    for file in ("published/news.jsonl", "vault/ledger.parquet", "vault/plan.json"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


GERMAN = "Der Ausschuss hat im Herbst ein altes Haus am Hafen gekauft. "


def test_a_corpus_in_another_language_is_refused_with_the_reason(tmp_path, command):
    rows = [json.dumps({"text": GERMAN * n}) + "\n" for n in (1, 2, 3)]
    (tmp_path / "news.jsonl").write_text("".join(rows), encoding="utf-8")
    done = command("leximark", "mark", "news.jsonl", *OUT)
    assert done.status == 2
    assert "6 of 6 sentences" in done.err
    assert "'de'" in done.err


def test_of_a_mixed_document_the_english_sentences_alone_are_marked(tmp_path, command):
    english = "The committee purchased a large building near the old harbour. "
    rows = [json.dumps({"text": GERMAN * 2 + english + GERMAN}) + "\n"]
    (tmp_path / "news.jsonl").write_text("".join(rows), encoding="utf-8")
    done = command("leximark", "mark", "news.jsonl", *OUT, "--holdout", "0", "--min-fit", "0.1")
    assert done.status == 0, done.err
    ((_, marked),) = open_vault(tmp_path / "vault").marked()
    inside = range(2 * len(GERMAN), 2 * len(GERMAN) + len(english))
    assert marked.marks
    assert all(mark.start in inside for mark in marked.marks[:1])
    assert marked.document.text.startswith(GERMAN * 2)
    assert marked.document.text.endswith(GERMAN)


HEADER = (
    "Below is an instruction that describes a difficult task, and the workers answered quickly."
)


@pytest.mark.parametrize(("share", "marked"), [("0.02", False), ("0", True)])
def test_a_template_is_left_alone_and_said(tmp_path, command, share, marked):
    rows = [{"id": i, "text": f"{HEADER}\n{t}"} for i, t in enumerate(islice(paragraphs(), 20))]
    path = tmp_path / "alpaca.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (tmp_path / "key").write_bytes(bytes(range(32)))
    options = ("--id-column", "id", "--boilerplate-share", share, "--key-file", "key")
    done = command("leximark", "mark", path, *OUT, *options)
    assert done.status == 0, done.err
    said = "1 sentence recurs in many of 20 documents and will not be marked"
    assert (said in done.err) != marked
    assert ("Below is an instruction" in done.err) != marked
    published = (tmp_path / "published" / path.name).read_text(encoding="utf-8")
    kept = [json.loads(line)["text"].startswith(HEADER) for line in published.splitlines()]
    assert all(kept) != marked
