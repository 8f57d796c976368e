import json
from typing import get_args

import pytest

from pipelines.jobs.verify import verify_command
from pipelines.loading.models import ModelOptions
from pipelines.loading.option_values import SchemeName
from pipelines.loading.schemes import change, default_schemes
from tests.pipelines.conftest import SCHEMES
from watermark.schemes.look_alikes import LookAlikes
from watermark.schemes.random_sequence import RandomSequence

OUT = ("--out", "published", "--vault", "vault")


@pytest.fixture
def audit(schemes_job, tmp_path):
    def run(name, model, references=()):
        return verify_command(
            schemes_job.vaults[name],
            str(model),
            tuple(map(str, references)),
            tmp_path / model.parent.name,
            ModelOptions(dtype="float32"),
            key_file=schemes_job.keys[name],
            n_resamples=9_999,
        )

    return run


@pytest.mark.parametrize("name", [*SCHEMES, "rewriting"])
def test_a_model_that_memorised_is_found_and_one_that_never_saw_it_is_not(
    name, schemes_job, job, audit
):
    found = audit(name, schemes_job.trained).audit.verdict
    assert found.primary.test == (SCHEMES[name][0].tests[0] if name in SCHEMES else "remark")
    assert found.words == "trained on it", found.primary.pvalue
    assert found.departures == ("number of re-draws: 99,999 by default, 9,999 used",)
    never = audit(name, job.other).audit.verdict
    assert never.words in ("no evidence", "cannot tell"), never.primary.pvalue


def test_the_plan_keeps_the_scheme_and_its_settings(tmp_path, command):
    (tmp_path / "in.jsonl").write_text('{"text": "A text."}\n{"text": "Another."}\n')
    settings = ("--set", "scope=document", "--set", "length=7", "--set", r"separator=\n\n")
    done = command(
        "leximark", "mark", "in.jsonl", *OUT, "--scheme", "random_sequence", *settings, "--json"
    )
    assert done.status == 0, done.err
    plan = json.loads(done.out)
    wanted = RandomSequence(scope="document", length=7, separator="\n\n").describe()
    assert plan["scheme"] == wanted
    assert (plan["test"], plan["detector"]) == ("remark", "loss")
    first = json.loads((tmp_path / "published/in.jsonl").read_text().splitlines()[0])["text"]
    assert first.startswith("A text.\n\n")
    assert len(first) == len("A text.\n\n") + 7


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--scheme", "look_alikes", "-m", "3"], "--n-candidates is an option of leximark"),
        (["--scheme", "look_alikes", "--set", "length=3"], "has no setting 'length=3'"),
        (["--scheme", "look_alikes", "--set", "scope=page"], "scope must be letter or word"),
        (["--scheme", "random_sequence", "--set", "length=0"], "length must be 1 or more"),
        (["--scheme", "random_sequence", "--set", "length=long"], "must be of type int"),
        (["--scheme", "random_sequence", "--set", "share=2"], "share must lie in"),
        (["--scheme", "random_sequence", "--test", "redraw"], "choose remark or holdout"),
        (["--scheme", "nothing"], "--scheme"),
        (["--set", "words_per_sentence=1"], "give it as --words-per-sentence"),
        (["--scheme", "rewriting", "--max-failures", "2"], "--max-failures is an option of lexi"),
        (["--set", "then.length=3"], "name it with --then"),
        (["--rule", "published", "--then", "traps"], "the key draws"),
        (["--set", "select=shortest"], "select must be one of"),
        (["--set", "percentage=2"], "percentage must lie in"),
    ],
)
def test_settings_that_are_none_are_refused(tmp_path, command, options, words):
    (tmp_path / "in.jsonl").write_text('{"text": "A text."}\n')
    done = command("leximark", "mark", "in.jsonl", *OUT, *options)
    assert done.status == 2, done.err
    assert words in done.err
    assert "Traceback" not in done.err


def test_every_setting_of_every_scheme_that_is_a_plain_value_can_be_changed():
    for scheme in default_schemes().values():
        assert change(scheme, ()) == scheme
    assert change(LookAlikes(), ["share=0.5", "scope=word", "min_letters=4"]) == LookAlikes(
        share=0.5, scope="word", min_letters=4
    )


def test_null_keys_are_refused_where_nothing_can_be_redrawn(schemes_job, tmp_path, command):
    options = ["--corpus", schemes_job.vaults["sequence"], "--model", schemes_job.trained]
    options += ["--key-file", schemes_job.keys["sequence"], "--simulate-null", "9"]
    done = command("verify", *options)
    assert done.status == 2
    assert "no site that it could use" in done.err


def test_two_schemes_are_marked_and_planned(tmp_path, command):
    row = json.dumps({"text": "The committee purchased a large building near the old harbour."})
    (tmp_path / "in.jsonl").write_text(row + "\n")
    options = ("--then", "random_sequence", "--set", "select=commonest", "--set", "then.length=5")
    done = command("leximark", "mark", "in.jsonl", *OUT, "--holdout", "0", *options, "--json")
    assert done.status == 0, done.err
    scheme = json.loads(done.out)["scheme"]
    assert scheme["first"]["select"] == "commonest"
    assert scheme["second"]["length"] == 5
    text = json.loads((tmp_path / "published/in.jsonl").read_text())["text"]
    assert len(text.rpartition("\n")[2]) == 5


def test_every_scheme_can_be_named_on_the_command_line():
    assert set(get_args(SchemeName)) == set(default_schemes())
