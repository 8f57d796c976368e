"""What `answer` refuses, before any model is asked."""

import json
import shutil

import pytest

from pipelines.jobs.answer import answer_command
from pipelines.jobs.challenge import challenge_command
from pipelines.loading.models import ModelOptions
from watermark.errors import ToolkitError


def vault_of(job, tmp_path):
    shutil.copytree(job.vault, tmp_path / "vault")
    return tmp_path / "vault"


def test_answers_in_words_come_as_often_as_asked(job, tmp_path):
    challenge_command(vault_of(job, tmp_path), tmp_path / "q", job.key_file, "words")
    options = ModelOptions(dtype="float32")
    n = answer_command(tmp_path / "q", str(job.other), tmp_path / "a", options, 3)
    rows = [json.loads(line) for line in (tmp_path / "a/answers.jsonl").read_text().splitlines()]
    assert [row["number"] for row in rows] == list(range(n))
    assert {sum(row["counts"]) + row["other"] + row["refused"] for row in rows} == {3}
    about = json.loads((tmp_path / "a/answers.json").read_text())
    assert (about["form"], len(about["model"]["fingerprint"])) == ("words", 64)


def test_a_model_that_only_answers_in_words_cannot_give_log_probabilities(job, tmp_path):
    challenge_command(vault_of(job, tmp_path), tmp_path / "q", job.key_file)
    with pytest.raises(ToolkitError, match="--form words"):
        answer_command(tmp_path / "q", "chat+http://h/v1#m", tmp_path / "a", ModelOptions())
    challenge_command(tmp_path / "vault", tmp_path / "w", job.key_file, "words")
    with pytest.raises(ToolkitError, match="at least 1 answer"):
        answer_command(tmp_path / "w", str(job.other), tmp_path / "a", ModelOptions(), 0)
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"form": "poems"}, "form logprobs or words, got 1 and 'poems'"),
        ({"format": 2}, "wanted questions of format 1"),
        ({"questions_sha256": "0"}, "altered since it was written"),
    ],
)
def test_questions_that_this_program_cannot_answer_are_refused(job, tmp_path, change, named):
    challenge_command(vault_of(job, tmp_path), tmp_path / "challenge", job.key_file)
    path = tmp_path / "challenge/challenge.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ToolkitError, match=named):
        answer_command(tmp_path / "challenge", str(job.other), tmp_path / "a", ModelOptions())
    assert not (tmp_path / "a").exists()
