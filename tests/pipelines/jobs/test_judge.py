"""A challenge in words: the same verdicts as numbers, and no answerer gets away with noise."""

import json
import re
import shutil
from datetime import UTC, date, datetime

import numpy as np
import pytest

from pipelines.jobs.answer import answer_command
from pipelines.jobs.challenge import challenge_command
from pipelines.jobs.judge import judge_command
from pipelines.loading.models import ModelOptions
from tests.support.fake_choices import FakeChoices, published_words, serve_choices
from tests.support.time_stamp_authority import found_authority, serve
from watermark.vault.vault import open_vault


@pytest.fixture(scope="module")
def asked(job, tmp_path_factory):
    folder = tmp_path_factory.mktemp("words")
    shutil.copytree(job.vault, folder / "vault")
    with pytest.MonkeyPatch.context() as patch:  # one random name in a hundred lets noise pass
        patch.setattr("pipelines.jobs.challenge.os.urandom", bytes)
        challenge_command(folder / "vault", folder / "q", job.key_file, "words")
    for name, model in (("trained", job.trained), ("other", job.other)):
        answer_command(folder / "q", str(model), folder / name, ModelOptions(dtype="float32"), 5)
    return folder


def judged(job, asked, name, references=(), **settings):
    return judge_command(
        asked / "vault", asked / name, [asked / each for each in references], job.key_file,
        **settings,
    )  # fmt: skip


def test_answers_in_words_give_the_verdict_too(job, asked):
    found = judged(job, asked, "trained", ["other"])
    assert found.credibility.problems == ()
    assert found.words == "trained on it"
    assert "candidates: log-probabilities planned, answers in words used" in found.departures
    assert "reference_pvalues" in found.result.details
    other = judged(job, asked, "other")
    assert other.credibility.problems == ()
    assert other.words in ("no evidence", "cannot tell")
    assert other.result.effect_unit.startswith("share of answers")


def test_a_chat_model_answers_and_is_judged(job, asked, command):
    chosen = published_words(job)
    vault = open_vault(job.vault, job.key_file)
    texts = [row.original for row in vault.documents()]

    def answer(shown, allowed):
        """What was published at sites; elsewhere what the text has, which a good model knows."""
        options = allowed or re.findall(r"^- (.*)$", shown, re.MULTILINE)
        if frozenset(options) in chosen:
            return chosen[frozenset(options)]
        left = shown.partition("____")[0][-60:]
        return next((o for o in options if any(left + o in text for text in texts)), options[0])

    with serve_choices(FakeChoices("grammar", answer)) as fake:
        done = command(
            "leximark", "answer", asked / "q", "--model", f"chat+{fake.url}#tiny", "--no-cache"
        )
    assert done.status == 0, done.err
    done = command("leximark", "judge", asked / "vault", "answers", "--key-file", job.key_file)
    assert done.status == 0, done.err
    assert "\nVerdict: trained on it\n" in done.out


@pytest.mark.parametrize("way", ["random", "first"])
def test_noise_is_found_out(job, asked, way):
    rng = np.random.default_rng(0)
    folder = asked / way
    shutil.copytree(asked / "trained", folder)
    rows = [json.loads(line) for line in (folder / "answers.jsonl").read_text().splitlines()]
    for row in rows:
        n = len(row["counts"])
        at = rng.integers(n) if way == "random" else 0
        row["counts"] = [5 * int(i == at) for i in range(n)]
        row["other"] = row["refused"] = 0
    (folder / "answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = judged(job, asked, way)
    assert found.words == "answers not credible"


def test_a_model_date_is_compared_with_the_stamps(job, asked, tmp_path, command):
    authority = found_authority(tmp_path / "authority")
    shutil.copytree(asked / "vault", tmp_path / "vault")
    with serve(authority.stamp) as url:
        command("leximark", "stamp", "vault", "--tsa", url, "--tsa-root", authority.root)
    given = ("vault", asked / "trained", "--key-file", job.key_file, "--tsa-root", authority.root)
    done = command("leximark", "judge", *given, "--model-date", "2999-01-01")
    assert done.out.startswith("Fixed before")
    done = command("leximark", "judge", *given, "--model-date", "2020-01-01")
    assert done.out.startswith("Not fixed beforehand: fixed before")
    assert judged(job, asked, "trained", model_date=date(2020, 1, 1)).beforehand.model_date
    assert datetime.now(UTC).year < 2999
