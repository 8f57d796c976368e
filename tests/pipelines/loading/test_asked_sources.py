import json

import pytest

from tests.support.fake_chat import serve_chat
from tests.support.tiny_masked import save_masked_model
from watermark.vault.vault import open_vault

OUT = ("--out", "published", "--vault", "vault", "--holdout", "0")
TEXT = "The committee purchased a large building near the old harbour. She likes to sing at night."


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "in.jsonl"
    path.write_text(json.dumps({"text": TEXT}) + "\n")
    return path


def answer(question):
    if "*harbour*" in question:
        raise ValueError("too hard")
    return "edifice" if "*building*" in question else "none"


def marks_of(tmp_path):
    ((_, marked),) = open_vault(tmp_path / "vault").marked()
    return {mark.original: mark.candidates for mark in marked.marks}


def test_a_chat_model_proposes_and_what_it_fails_on_stays(corpus, tmp_path, command):
    with serve_chat(answer) as address:
        options = ("--source", f"llm={address}", "--max-failures", "1")
        done = command("leximark", "mark", corpus, *OUT, *options)
    assert done.status == 0, done.err
    assert marks_of(tmp_path) == {"building": ("building", "edifice")}
    assert "a word stays as it is" in done.err
    assert "too hard" in done.err


def test_beyond_max_failures_marking_stops_and_goes_on_later(corpus, tmp_path, command):
    with serve_chat(answer) as address:
        options = ("mark", corpus, *OUT, "--source", f"llm={address}")
        done = command("leximark", *options)
        assert done.status == 2
        assert "no answer to 1 texts, of which max_failures allows 0" in done.err
        assert not (tmp_path / "vault").exists()
    port = address.split(":")[2].split("/")[0]
    with serve_chat(lambda question: answer(question.replace("*harbour*", "")), int(port)):
        done = command("leximark", *options)
    assert done.status == 0, done.err
    assert marks_of(tmp_path) == {"building": ("building", "edifice")}


def test_whoever_is_stopped_by_failures_may_allow_more(corpus, tmp_path, command):
    with serve_chat(answer) as address:
        options = ("mark", corpus, *OUT, "--source", f"llm={address}")
        assert command("leximark", *options).status == 2
        done = command("leximark", *options, "--max-failures", "1")
    assert done.status == 0, done.err
    assert marks_of(tmp_path) == {"building": ("building", "edifice")}


def test_several_processes_are_refused(corpus, command):
    options = ("--source", "llm=chat+http://127.0.0.1:9/v1#m", "--workers", "2")
    done = command("leximark", "mark", corpus, *OUT, *options)
    assert done.status == 2
    assert "leave out --workers" in done.err


def test_a_chat_model_answers_for_single_places(tmp_path, command):
    start = TEXT.index("building")
    places = tmp_path / "places.jsonl"
    places.write_text(json.dumps({"text": TEXT, "start": start, "end": start + 8}) + "\n")
    with serve_chat(answer) as address:
        done = command("leximark", "candidates", places, "--source", f"llm={address}")
    assert done.status == 0, done.err
    assert [c["word"] for c in json.loads(done.out)["candidates"]] == ["edifice"]


@pytest.mark.parametrize("way", ["lexsub_dropout", "lexsub_concatenation"])
def test_a_masked_model_proposes(tmp_path, command, way):
    corpus = tmp_path / "in.jsonl"
    corpus.write_text(json.dumps({"text": "The big dog ran far. The red paint dried soon."}) + "\n")
    folder = save_masked_model(tmp_path / "masked")
    done = command("leximark", "mark", corpus, *OUT, "-k", "5", "--source", f"{way}=2@{folder}")
    assert done.status == 0, done.err
    found = marks_of(tmp_path)
    assert found["big"][1] in {"large", "gigantic"}
    assert found["red"][1] in {"purple", "crimson"}
