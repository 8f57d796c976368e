from pathlib import Path

import pytest

from pipelines.instalments.verify import verify_parts
from pipelines.jobs.evidence import Evidence
from pipelines.jobs.verify_choices import Asking
from pipelines.loading.models import ModelOptions
from pipelines.reporting.editions import EditionsReport
from watermark.errors import ToolkitError

BUNDLE = Evidence(bundle=Path("case.zip"))
OPTIONS = ModelOptions(dtype="float32")


def verify(stream, out, *, vault=None, **settings):
    given = {"by_licensee": False, "instalments": None, "n_resamples": 999, **settings}
    return verify_parts(vault or stream.vault, str(stream.model), (), out, OPTIONS, **given)


def test_a_vault_with_instalments_is_tested_with_all_of_them(stream, tmp_path):
    report = verify(stream, tmp_path / "r")
    assert report.audit.verdict.primary.details["instalments"] == ["first", "one", "two"]


def test_an_instalment_alone_is_a_vault_as_any_other(stream, tmp_path):
    report = verify(stream, tmp_path / "r", vault=stream.vault / "instalments/two")
    assert report.audit.verdict.primary.title == "re-draw test"
    assert report.audit.verdict.primary.zscore > 3


def test_editions_are_tested_on_request(stream, tmp_path):
    assert isinstance(verify(stream, tmp_path / "r", by_licensee=True), EditionsReport)


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"by_licensee": True, "instalments": "one"}, "folder of an instalment"),
        ({"instalments": " , "}, "got none"),
        ({"instalments": "one", "n_null_keys": 9}, "--simulate-null"),
        ({"instalments": "one", "evidence": BUNDLE}, "name one as --corpus .*instalments/NAME"),
        ({"by_licensee": True, "evidence": BUNDLE}, "leave out --bundle, or --editions"),
        ({"by_licensee": True, "asking": Asking(3)}, "log-probabilities"),
    ],
)
def test_options_that_do_not_go_together_are_refused(stream, tmp_path, settings, match):
    with pytest.raises(ToolkitError, match=match):
        verify(stream, tmp_path / "r", **settings)


def test_the_commands_do_what_the_jobs_do(stream, tmp_path, command):
    made = ("--scheme", "look_alikes", "--set", "scope=word", "--id-column", "id")
    corpus = stream.corpora / "three.jsonl"
    done = command(
        "leximark", "mark", corpus, "--out", "p", "--append-to", stream.vault,
        "--instalment", "three", *made,
    )  # fmt: skip
    assert done.status == 0, done.err
    done = command("leximark", "instalments", stream.vault)
    assert "three: 30 documents" in done.out
    done = command("leximark", "edition", stream.vault, "--licensee", "Charlie", "--out", "c")
    assert "27 documents" in done.out
    done = command("leximark", "mark", corpus, "--out", "q", *made)
    assert done.status == 2
    assert "--append-to" in done.err
    done = command(
        "verify", "--corpus", stream.vault, "--model", stream.model, "--editions",
        "--exit-code", "--dtype", "float32",
    )  # fmt: skip
    assert done.status == 3, done.err
    assert "licensees named: Bravo Media" in done.out
