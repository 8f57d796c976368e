import json

import pytest

from pipelines.challenge.files import (
    AnswersError,
    read_about_answers,
    read_answer_lines,
    read_challenge,
    write_answers,
    write_challenge,
)

MODEL = {"model": {"name": "m", "fingerprint": "f", "settings": "s"}}


@pytest.fixture
def exchanged(tmp_path):
    digest = write_challenge(tmp_path / "q", "name", "words", ['{"number": 0}\n'])
    about, form, lines = read_challenge(tmp_path / "q")
    assert (form, lines, about["questions_sha256"]) == ("words", ['{"number": 0}\n'], digest)
    write_answers(tmp_path / "a", about, MODEL, ['{"number": 0}\n'])
    return tmp_path, digest


def change(path, **fields):
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


def test_answers_name_their_challenge_and_their_model(exchanged):
    folder, digest = exchanged
    assert read_about_answers(folder / "a") == ("name", "words")
    model, rows = read_answer_lines(folder / "a", digest, 1)
    assert model == MODEL["model"]
    assert [fields for _, fields in rows] == [{"number": 0}]


def test_what_the_other_side_changed_is_named(exchanged):
    folder, digest = exchanged
    with pytest.raises(AnswersError, match="answers other questions"):
        read_answer_lines(folder / "a", "0" * 64, 1)
    with pytest.raises(AnswersError, match="wanted 2 answers, got 1"):
        read_answer_lines(folder / "a", digest, 2)
    (folder / "a/answers.jsonl").write_text('{"number": 1}\n')
    with pytest.raises(AnswersError, match="out of order"):
        read_answer_lines(folder / "a", digest, 1)
    change(folder / "a/answers.json", model={"name": 5})
    with pytest.raises(AnswersError, match="which model answered"):
        read_answer_lines(folder / "a", digest, 1)
    change(folder / "a/answers.json", form="poems")
    with pytest.raises(AnswersError, match="which challenge"):
        read_about_answers(folder / "a")
    (folder / "q/questions.jsonl").write_text("{}\n")
    with pytest.raises(AnswersError, match="altered since it was written"):
        read_challenge(folder / "q")
    (folder / "q/challenge.json").write_bytes(b"[" * 100_000)
    with pytest.raises(AnswersError, match="malformed"):
        read_challenge(folder / "q")
