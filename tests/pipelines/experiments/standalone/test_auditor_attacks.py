"""Attacks on the auditor fail safe: p stays valid, or the report says why it may not be."""

import re
import shutil

import numpy as np
import pytest

from attacks.auditor.evasive_suspect import EvasiveSuspect
from membership.audit.audit import Settings, audit
from membership.detectors import default_detectors
from membership.evidence.redraw import simulate_null
from pipelines.experiments.standalone.auditor_attacks import (
    OPTIONS,
    Case,
    audited,
    changed,
    chosen_key,
    evaded,
    seeds_tried,
    write_page,
)
from pipelines.jobs.evidence import Evidence
from pipelines.jobs.mark import make_intent, mark_command
from pipelines.jobs.verify import verify_command
from pipelines.loading.models import load_model
from tests.pipelines.conftest import DENSE
from tests.support.fake_choices import FakeChoices, memorised, published_words, serve_choices
from watermark.keys import Key, write_key
from watermark.vault.vault import open_vault


@pytest.fixture(scope="module")
def case(job):
    return Case(open_vault(job.vault, job.key_file), job.trained, job.other)


def test_a_vault_forged_after_the_model_has_a_small_p_and_says_so_first(job, case, tmp_path):
    key, pvalue = chosen_key(case, 2_000)
    assert pvalue <= 0.005
    write_key(tmp_path / "key", key)
    mark_command(
        job.corpus, tmp_path / "published", tmp_path / "vault", make_intent(DENSE),
        id_column="id", key_file=tmp_path / "key",
    )  # fmt: skip
    report = verify_command(
        tmp_path / "vault", str(job.other), (), tmp_path / "report", OPTIONS,
        key_file=tmp_path / "key", evidence=Evidence(bundle=tmp_path / "case.zip"),
    )  # fmt: skip
    assert report.audit.verdict.primary.pvalue <= 0.005
    assert not report.beforehand.is_shown
    page = (tmp_path / "report/report.html").read_text()
    assert page.index("Not fixed beforehand") < page.index("<h1>")
    assert "can be made up afterwards" in page


def test_settings_tried_until_p_is_small_are_counted_and_hardly_move_p(job, case, tmp_path):
    pvalues = seeds_tried(case, 3)
    assert max(pvalues) - min(pvalues) < 0.01  # the seed decides the digits, not the p
    shutil.copytree(job.vault, tmp_path / "vault")
    (tmp_path / "vault/custody.jsonl").unlink(missing_ok=True)
    reports = [
        verify_command(
            tmp_path / "vault", str(job.other), (), tmp_path / f"r{seed}", OPTIONS,
            key_file=job.key_file, seed=seed, evidence=Evidence(family=True),
        )
        for seed in range(3)
    ]  # fmt: skip
    assert [report.beforehand.audits_before for report in reports] == [0, 1, 2]
    assert reports[2].audit.verdict.alpha == pytest.approx(0.001 / 12)
    assert "seed of the re-draws: 0 by default, 2 used" in reports[2].audit.verdict.departures


def test_whatever_else_an_auditor_may_set_is_a_departure_from_the_plan(case):
    innocent = load_model(str(case.innocent), OPTIONS)
    lenient = Settings(alpha=0.999, n_resamples=999, seed=5)
    verdict = audit(case.vault, innocent, {}, default_detectors(), lenient).verdict
    assert verdict.words == "trained on it"  # the level says so, and the report says the level
    for setting in ("alpha", "number of re-draws", "seed of the re-draws"):
        assert any(setting in line for line in verdict.departures), verdict.departures


def test_marks_unlearned_in_the_weights_hide_evidence(case, tmp_path):
    evasive = changed(case, case.trained, "unlearned", tmp_path / "evasive", 12)
    assert audited(case, evasive).words != "trained on it"


def test_a_reference_that_unlearned_the_marks_makes_no_evidence_unless_it_is_named(case, tmp_path):
    """Negative: it lowers p; what makes it small enough for a verdict shows in the reference."""
    reference = changed(case, case.innocent, "unlearned", tmp_path / "unlearned", 12)
    innocent = load_model(str(case.innocent), OPTIONS)
    verdict = audited(case, innocent, {"base": reference})
    named = any("Reference base depends on the key itself" in c for c in verdict.primary.cautions)
    assert named or verdict.words != "trained on it"
    clean = audited(case, innocent)
    assert clean.primary.cautions == ()


def test_a_reference_that_learned_the_marks_can_only_hide_evidence_and_is_named(case, tmp_path):
    reference = changed(case, case.innocent, "learned", tmp_path / "learned", 8)
    innocent = load_model(str(case.innocent), OPTIONS)
    verdict = audited(case, innocent, {"base": reference})
    assert verdict.words != "trained on it"
    assert any("Reference base depends on the key itself" in c for c in verdict.primary.cautions)


@pytest.mark.parametrize("evasion", ["uniform", "noise", "swap", "refuse"])
def test_an_innocent_model_that_evades_is_never_convicted(case, evasion):
    suspect = EvasiveSuspect(load_model(str(case.innocent), OPTIONS), evasion)
    found = audit(case.vault, suspect, {}, default_detectors(), Settings())
    assert found.verdict.words != "trained on it"
    if evasion in ("noise", "swap"):
        rng = np.random.default_rng(0)
        pvalues = simulate_null(found.table, [Key(rng.bytes(32)) for _ in range(200)])
        assert 0.35 < pvalues.mean() < 0.65


def test_uniform_answers_cannot_tell_and_are_called_what_they_are(case):
    verdict = evaded(case, "uniform", case.trained)
    assert (verdict.words, verdict.primary.pvalue) == ("cannot tell", 1)
    assert verdict.primary.cautions == (
        "The suspect prefers no word to any other, as no language model does",
    )


def test_swapped_answers_show_that_the_model_depends_on_the_key(case):
    verdict = evaded(case, "swap", case.trained)
    assert verdict.words in ("no evidence", "cannot tell")
    (caution,) = verdict.primary.cautions
    assert "words that were NOT published (p = 1e-05 in that direction)" in caution


def test_refusals_leave_another_test_and_the_report_says_which(case):
    verdict = evaded(case, "refuse", case.trained)
    assert verdict.primary.test != "redraw"
    assert "the model gave no answer" in verdict.skipped["redraw"]
    assert any(line.startswith("test: redraw planned") for line in verdict.departures)


def served(job, case, answer, tmp_path, name):
    from pipelines.jobs.verify_choices import Asking, only_answers, verify_choices_command

    shutil.copytree(job.vault, tmp_path / name)
    with serve_choices(FakeChoices("grammar", answer)) as fake:
        address = only_answers(f"chat+{fake.url}#tiny")
        assert address is not None
        return verify_choices_command(
            tmp_path / name, address, (), tmp_path / f"{name}-report", OPTIONS, Asking(),
            key_file=job.key_file,
        )  # fmt: skip


def test_behind_a_server_evasion_hides_evidence_and_shows(job, case, tmp_path):
    chosen = published_words(job)
    honest = memorised(chosen)

    def options_of(shown, allowed):
        return allowed or re.findall(r"^- (.*)$", shown, re.MULTILINE)

    def swap(shown, allowed):
        options = options_of(shown, allowed)
        return next(o for o in options if o != honest(shown, allowed))

    rng, other = np.random.default_rng(0), np.random.default_rng(1)
    ways = {
        "honest": honest,
        "swap": swap,
        "uniform": lambda shown, allowed: rng.choice(options_of(shown, allowed)),
        "noise": lambda shown, allowed: (
            other.choice(options_of(shown, allowed))
            if other.random() < 0.5
            else honest(shown, allowed)
        ),
        "refuse": lambda shown, allowed: (
            "REFUSAL" if rng.random() < 0.9 else honest(shown, allowed)
        ),
    }
    found = {
        name: served(job, case, way, tmp_path, name).audit.verdict for name, way in ways.items()
    }
    assert found["honest"].words == "trained on it"
    assert found["swap"].words != "trained on it"
    assert "NOT published" in found["swap"].primary.cautions[0]
    assert found["uniform"].primary.pvalue > 0.001
    assert found["noise"].words == "trained on it"  # half of the answers are true
    assert "refused" in found["refuse"].primary.left_out[-1]
    assert found["refuse"].primary.details["n_refused"] > 100


def test_the_page_is_a_table(tmp_path):
    write_page([("an attack", "0.5", "nothing")], tmp_path / "page.md", lambda: "# Title\n\n")
    assert (tmp_path / "page.md").read_text().endswith("| an attack | 0.5 | nothing |\n")
