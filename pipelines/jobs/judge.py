"""The job behind `judge`: what the answers to a challenge are evidence of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from membership.audit.challenge import Credibility, credibility, make_challenge, site_readings
from membership.audit.corpus import AuditCorpus, load_audit_corpus
from membership.audit.departures import LOGPROBS, N_RESAMPLES, SEED, WORDS, departures
from membership.audit.observations import reference_tables
from membership.audit.word_challenge import (
    credibility_in_words,
    make_word_challenge,
    site_answers,
)
from membership.evidence.answer_table import answer_table, shares_of
from membership.evidence.answer_table import reference_tables as answered_tables
from membership.evidence.redraw import redraw_test
from membership.evidence.reference_check import reference_pvalues, with_reference_check
from membership.evidence.score_table import ScoreTable, build_table
from pipelines.challenge import logprob_rows, word_rows
from pipelines.challenge.files import (
    AnswersError,
    Form,
    digest_of,
    read_about_answers,
    read_answer_lines,
)
from pipelines.jobs.evidence import Evidence, begin_audit
from pipelines.loading.vaults import open_owned
from pipelines.reporting.judgement import Judgement
from watermark.keys import Key


@dataclass(frozen=True)
class Reading:
    """What the answers of all models come to, before any outcome is looked at."""

    table: ScoreTable
    credibility: Credibility
    model: Mapping[str, str]
    """The suspect, as whoever answered states it."""
    references: tuple[Mapping[str, str], ...]
    """The same of each reference."""
    reference_tables: Mapping[str, ScoreTable]
    """The answers of each reference, as if it was the suspect."""
    unit: str


def judge_command(
    vault_folder: Path,
    answers: Path,
    references: Sequence[Path] = (),
    key_file: Path | None = None,
    tsa_roots: Sequence[Path] = (),
    model_date: date | None = None,
) -> Judgement:
    """Return what answers are evidence of; the vault's custody log gets a line.

    Args:
        vault_folder: The vault that made the challenge.
        answers: The suspect's answers.
        references: Answers of other models to the same challenge.
        key_file: The key, if it is not in the vault.
        tsa_roots: Certificates of time-stamping authorities that are trusted.
        model_date: First day on which the suspect, or a model that it was made from, could be used.

    Raises:
        ToolkitError: Answers are incomplete, twice, out of order, or to other questions.
    """
    vault = open_owned(vault_folder, key_file)
    name, form = read_about_answers(answers)
    corpus = load_audit_corpus(vault)
    read = _in_words if form == "words" else _in_numbers
    found = read(corpus, vault.key, name, answers, references)
    alpha = vault.plan.alpha
    result = redraw_test(
        found.table, vault.key, alpha=alpha, n_resamples=N_RESAMPLES, seed=SEED, unit=found.unit
    )
    pvalues = reference_pvalues(found.reference_tables, [vault.key])
    result = with_reference_check(result, pvalues)
    record = begin_audit(
        vault, Evidence(model_date, tuple(tsa_roots)), "", found.model["fingerprint"],
        [each["fingerprint"] for each in found.references],
        alpha=None, n_resamples=N_RESAMPLES, seed=SEED,
    )  # fmt: skip
    said = departures(
        [vault.plan], test=result.test, alpha=alpha, seed=SEED, n_resamples=N_RESAMPLES,
        references=[each["name"] for each in found.references],
        candidates=WORDS if form == "words" else LOGPROBS,
    )  # fmt: skip
    known = record.conclude(_noted(form), result.pvalue)
    return Judgement(known, result, alpha, said, found.credibility, found.model)


def _noted(form: Form) -> str:
    """Return what the custody log calls the test, which is no repetition of the planned one."""
    return "challenge" if form == "logprobs" else "challenge in words"


def _in_numbers(
    corpus: AuditCorpus, key: Key, name: str, answers: Path, references: Sequence[Path]
) -> Reading:
    made = make_challenge(corpus, key, name)
    digest, n = digest_of(logprob_rows.question_lines(made)), len(made.questions)
    model, rows = read_answer_lines(answers, digest, n)
    said = logprob_rows.read_answers(rows, made)
    sites, readings = site_readings(made, said)
    others, models = {}, []
    for folder in references:
        theirs, rows = _of_reference(folder, digest, n, model)
        others[str(folder)] = site_readings(made, logprob_rows.read_answers(rows, made))[1]
        models.append(theirs)
    table = build_table(sites, readings, others, language=made.language)
    tables = reference_tables(sites, others, made.language)
    return Reading(table, credibility(made, said), model, tuple(models), tables, "nats")


def _in_words(
    corpus: AuditCorpus, key: Key, name: str, answers: Path, references: Sequence[Path]
) -> Reading:
    made = make_word_challenge(corpus, key, name)
    digest, n = digest_of(word_rows.question_lines(made)), len(made.questions)
    model, rows = read_answer_lines(answers, digest, n)
    said = word_rows.read_answers(rows, made)
    questions, found = site_answers(made, said)
    others, models = {}, []
    for folder in references:
        theirs, rows = _of_reference(folder, digest, n, model)
        others[str(folder)] = shares_of(site_answers(made, word_rows.read_answers(rows, made))[1])
        models.append(theirs)
    table = answer_table(questions, found, others, language=made.language)
    credible = credibility_in_words(made, said)
    tables = answered_tables(questions, others, language=made.language)
    return Reading(table, credible, model, tuple(models), tables, "share of answers")


def _of_reference(
    folder: Path, digest: str, n: int, suspect: Mapping[str, str]
) -> tuple[Mapping[str, str], list[tuple[str, dict[str, object]]]]:
    model, rows = read_answer_lines(folder, digest, n)
    if model["fingerprint"] == suspect["fingerprint"]:
        raise AnswersError(f"{folder}: is of the suspect itself: name another model's answers")
    return model, rows
