"""The job behind `verify` for a model that only answers in words."""

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from membership.audit.audit import Audit
from membership.audit.corpus import AuditCorpus, load_audit_corpus
from membership.audit.departures import WORDS, departures
from membership.audit.observations import Observations, SiteLogprobs
from membership.audit.verdict import Verdict
from membership.audit.word_answers import (
    Cost,
    ask,
    ask_within_budget,
    betting_result,
    cost_of,
    questions_of,
    redraw_result,
)
from membership.choices.answers import Chooser
from membership.choices.cache import CachedChooser
from membership.choices.question import SiteQuestion, Window
from membership.evidence.redraw import simulate_null
from membership.evidence.result import TestResult
from membership.evidence.score_table import ScoreTable
from membership.models.server.address import Address, parse_address
from membership.models.server.open_chooser import open_chooser
from membership.traces.suspect_protocol import Suspect
from pipelines.jobs.case import write_case
from pipelines.jobs.evidence import NOTHING_MORE, Evidence, begin_audit, check_level
from pipelines.loading.models import ModelOptions, load_model
from pipelines.loading.references import choose_references, references_line
from pipelines.loading.vaults import open_owned
from pipelines.reporting.provenance import describe_model, describe_run
from pipelines.reporting.report import Report
from watermark.atomic import refuse_existing
from watermark.errors import PrerequisiteError, ToolkitError
from watermark.keys import KEY_BYTES, Key
from watermark.vault.plan import COMMITMENT, PLAN, file_sha256


@dataclass(frozen=True)
class Asking:
    """How a model is asked."""

    answers: int = 1
    """Answers to each question; more of them cost more calls and say more."""
    budget: int | None = None
    """Maximum number of calls; with one, the evidence is anytime-valid and the asking stops as soon
    as it is enough. None to ask everything."""
    words: int | None = None
    """Words of original text before the blank; None for 12, and 30 for a chat model."""
    flip: bool = False
    """Show the options in reverse order."""


USUAL = Asking()
"""One answer to each question, and all questions."""


def only_answers(model: str) -> Address | None:
    """Return the address of a model that only answers in words; None for any other model."""
    address = parse_address(model)
    return address if address is not None and address.api in ("text", "chat") else None


def window_of(address: Address, asking: Asking) -> Window:
    """Return how much text a question shows: chat models also see what follows the blank."""
    if address.api == "chat":
        words = asking.words or 30
        return Window(words, words // 2)
    return Window(asking.words or 12, 0)


def plan_questions(
    vault_folder: Path, address: Address, asking: Asking, key_file: Path | None = None
) -> Cost:
    """Return what an audit would cost, without a call to the model.

    Raises:
        ToolkitError: The vault was altered, or it has no sites to ask about.
    """
    corpus = load_audit_corpus(open_owned(vault_folder, key_file))
    cost = cost_of(_questions(corpus, address, asking), asking.answers)
    if asking.budget is None or asking.budget >= cost.n_calls:
        return cost
    share = asking.budget / cost.n_calls
    return Cost(
        int(cost.n_questions * share), asking.budget, int(cost.n_prompt_tokens * share),
        int(cost.n_answer_tokens * share),
    )  # fmt: skip


def verify_choices_command(
    vault_folder: Path,
    address: Address,
    references: tuple[str, ...] | None,
    out: Path,
    options: ModelOptions,
    asking: Asking,
    *,
    key_file: Path | None = None,
    alpha: float | None = None,
    n_resamples: int = 99_999,
    seed: int = 0,
    n_null_keys: int = 0,
    evidence: Evidence = NOTHING_MORE,
) -> Report:
    """Audit a model that only answers in words, write the report, and return it.

    Answers are kept in the cache as they come: a run that was cut, or that has a larger budget
    later, asks nothing twice.

    Raises:
        ToolkitError: The report's folder exists, the vault was altered, or a model is not one.
    """
    check_level(alpha)
    began = datetime.now(UTC), time.monotonic()
    for target in filter(None, (out, evidence.bundle)):
        refuse_existing(target)
    vault = open_owned(vault_folder, key_file)
    corpus = load_audit_corpus(vault)
    questions = _questions(corpus, address, asking)
    samples = [question.question for question in questions[:2]]
    chooser: Chooser = open_chooser(address, samples, policy=options.policy())
    if options.cache is not None:
        chooser = CachedChooser(chooser, options.cache)
    chosen = choose_references(references, vault.plan)
    others = {name: load_model(source, options) for name, source in chosen.sources.items()}
    asked = vars(replace(asking, words=window_of(address, asking).left_words))
    record = begin_audit(
        vault, evidence, "", chooser.fingerprint, [other.fingerprint for other in others.values()],
        alpha=alpha, n_resamples=n_resamples, seed=seed, asking=asked,
    )  # fmt: skip
    level = record.level
    result, table = _run(
        corpus, chooser, others, questions, vault.key, asking, level, n_resamples, seed
    )
    said = departures(
        [vault.plan], test=result.test, alpha=level, references=tuple(others), seed=seed,
        n_resamples=None if result.test == "betting" else n_resamples, candidates=WORDS,
    )  # fmt: skip
    verdict = Verdict(result, level, (), said, {})
    run = describe_run(
        {
            "vault": {name: file_sha256(vault_folder / name) for name in (PLAN, COMMITMENT)},
            "suspect": {
                "name": chooser.name, "fingerprint": chooser.fingerprint, "settings": chooser.way,
            },
            "references": {name: describe_model(other) for name, other in others.items()},
            "asking": asked,
        },
        {"resampling": seed},
    )  # fmt: skip
    observations = Observations(corpus, SiteLogprobs((), (), {}, corpus.language), {})
    null = _simulated_null(table, seed, n_null_keys) if n_null_keys else None
    beforehand = record.conclude(result.test, result.pvalue)
    line = references_line(others, chosen)
    report = Report(Audit(verdict, observations, table), vault.plan, run, beforehand, null, line)
    write_case(report, record, out, seconds=time.monotonic() - began[1], began=began[0])
    return report


def _simulated_null(table: ScoreTable, seed: int, n_keys: int) -> NDArray[np.float64]:
    rng = np.random.default_rng([seed, 1])
    keys = [Key(rng.bytes(KEY_BYTES)) for _ in range(n_keys)]
    return simulate_null(table, keys, seed=seed)


def _questions(corpus: AuditCorpus, address: Address, asking: Asking) -> list[SiteQuestion]:
    if asking.answers < 1 or (asking.budget is not None and asking.budget < 1):
        raise ToolkitError(
            f"wanted at least 1 answer to a question and a budget of at least 1 call, got "
            f"{asking.answers} and {asking.budget}"
        )
    questions = questions_of(corpus, window_of(address, asking), flip=asking.flip)
    if not questions:
        raise PrerequisiteError(
            "the vault has no site whose candidates could be asked about: its marks are "
            "insertions, or no key chose them"
        )
    return questions


def _run(
    corpus: AuditCorpus,
    chooser: Chooser,
    references: dict[str, Suspect],
    questions: list[SiteQuestion],
    key: Key,
    asking: Asking,
    alpha: float,
    n_resamples: int,
    seed: int,
) -> tuple[TestResult, ScoreTable]:
    total = len(questions) if asking.budget is None else asking.budget
    unit = " questions" if asking.budget is None else " calls"
    with tqdm(total=total, desc=f"asking {chooser.name}", unit=unit, disable=None) as bar:

        def progress(done: int, of: int) -> None:
            bar.update(done - bar.n)

        how = {"n": asking.answers, "seed": seed, "progress": progress}
        if asking.budget is not None:
            found = ask_within_budget(
                corpus, chooser, references, questions, key,
                budget=asking.budget, alpha=alpha, **how,  # type: ignore[arg-type]
            )  # fmt: skip
            bets = betting_result(found, way=chooser.way, alpha=alpha, seed=seed)
            return found.asked.checked(bets, key), found.asked.table()
        asked = ask(corpus, chooser, references, questions, **how)  # type: ignore[arg-type]
    result = redraw_result(
        asked, key, way=chooser.way, alpha=alpha, n_resamples=n_resamples, seed=seed
    )
    return result, asked.table()
