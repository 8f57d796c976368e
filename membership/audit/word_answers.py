"""Audit a model that only answers in words: ask, tabulate the answers, test.

Questions come from the original texts, in a public random order, and the table of answers does not
see the key, so the re-draw test over it is exact. With a budget the questions are asked draw by
draw and each draw is bet on; the bets may stop at any time.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from membership.audit.corpus import AuditCorpus
from membership.choices.answers import Answers, Chooser, answer_counts, answers_sentence
from membership.choices.local_model import LocalChooser
from membership.choices.question import SiteQuestion, Window, asking_order, site_questions
from membership.evidence.answer_table import answer_table, reference_tables
from membership.evidence.betting import (
    STRONG_GROWTH,
    BettingState,
    bet,
    detectable_growth,
    out_of_reach,
)
from membership.evidence.redraw import ASSUMPTION, draw_table, redraw_test
from membership.evidence.reference_check import reference_pvalues, with_reference_check
from membership.evidence.result import TestResult
from membership.evidence.score_table import ScoreTable
from membership.traces.suspect_protocol import Suspect
from watermark.keys import Key

BATCH_DRAWS = 64
"""Draws asked about together when there is a budget; fixed, so that a later run goes on."""
CHARACTERS_A_TOKEN = 4
"""Characters per token of English text, roughly; only used to estimate the cost."""


@dataclass(frozen=True)
class Asked:
    """The questions of a corpus, in the order in which they are asked, and their answers."""

    questions: tuple[SiteQuestion, ...]
    answers: tuple[Answers, ...]
    """One for each question."""
    references: Mapping[str, tuple[NDArray[np.float64], ...]]
    """For each reference its probabilities of each question's options; NaN where unreadable."""
    language: str = "en"
    """Language of the candidates."""

    def table(self) -> ScoreTable:
        """Return the table of the re-draw test."""
        return answer_table(self.questions, self.answers, self.references, language=self.language)

    def checked(self, result: TestResult, key: Key) -> TestResult:
        """Return a result that says which references depend on the key."""
        tables = reference_tables(self.questions, self.references, language=self.language)
        return with_reference_check(result, reference_pvalues(tables, [key]))


@dataclass(frozen=True)
class Cost:
    """What an audit by questions takes, before the first of them is asked."""

    n_questions: int
    n_calls: int
    n_prompt_tokens: int
    """Estimated."""
    n_answer_tokens: int
    """Estimated: 4 for each call."""


@dataclass(frozen=True)
class BudgetedEvidence:
    """What betting on the answers came to."""

    asked: Asked
    state: BettingState
    n_calls: int
    bets: tuple[tuple[str, tuple[float, ...]], ...]
    """Each draw that was bet on, with the gain of each of its options, in order."""
    stopped: str
    """Why the asking ended: `evidence`, `budget`, `out of reach` or `all asked`."""


def questions_of(corpus: AuditCorpus, window: Window, *, flip: bool = False) -> list[SiteQuestion]:
    """Return the questions of a corpus: those of one draw together, draws in public order."""
    found = list(site_questions(corpus.readable(), window, flip=flip))
    place = {draw: i for i, draw in enumerate(asking_order(found))}
    return sorted(found, key=lambda question: place[question.site.draw])


def cost_of(questions: Sequence[SiteQuestion], n: int, overhead_characters: int = 250) -> Cost:
    """Estimate what asking takes.

    Args:
        questions: What is asked.
        n: Answers to each.
        overhead_characters: Length of the instructions around each question.
    """
    size = sum(len(q.question.cloze) + overhead_characters for q in questions)
    n_calls = len(questions) * n
    return Cost(len(questions), n_calls, n * size // CHARACTERS_A_TOKEN, 4 * n_calls)


def ask(
    corpus: AuditCorpus,
    chooser: Chooser,
    references: Mapping[str, Suspect],
    questions: Sequence[SiteQuestion],
    *,
    n: int,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Asked:
    """Ask a model all questions, and read the references' probabilities of the same options."""
    asked = [question.question for question in questions]
    found: list[Answers | None] = [None] * len(asked)
    for done, (index, answers) in enumerate(chooser.choose(asked, n, seed), 1):
        found[index] = answers
        progress(done, len(asked))
    complete = [a for a in found if a is not None]
    return Asked(
        tuple(questions), tuple(complete), read_references(references, questions), corpus.language
    )


def read_references(
    references: Mapping[str, Suspect], questions: Sequence[SiteQuestion]
) -> dict[str, tuple[NDArray[np.float64], ...]]:
    """Return each reference's probabilities of each question's options, adding up to 1."""
    asked = [question.question for question in questions]
    return {
        name: tuple(softmax(logprob) for logprob in LocalChooser(model).logprobs(asked))
        for name, model in references.items()
    }


def ask_within_budget(
    corpus: AuditCorpus,
    chooser: Chooser,
    references: Mapping[str, Suspect],
    questions: Sequence[SiteQuestion],
    key: Key,
    *,
    n: int,
    budget: int,
    alpha: float,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> BudgetedEvidence:
    """Ask draw by draw and bet on each, until there is evidence or the budget is spent.

    The adjustment of a batch uses the answers up to it, and the bet on a draw the outcomes of the
    draws before it: nothing that is bet with depends on the coin that is bet on.

    Args:
        corpus: The corpus of the vault.
        chooser: The model under audit.
        references: Models known not to have seen the marked text, by name.
        questions: From `questions_of`: those of one draw together, in public order.
        key: The key the corpus was marked with.
        n: Answers to each question.
        budget: Maximum number of calls.
        alpha: The asking stops when the e-value reaches 1 / alpha.
        seed: Seed for sampling.
        progress: Told how many calls of the budget were made.
    """
    state, n_calls, stopped = BettingState(), 0, "all asked"
    kept: list[SiteQuestion] = []
    answers: list[Answers] = []
    known: dict[str, list[NDArray[np.float64]]] = {name: [] for name in references}
    bets: list[tuple[str, tuple[float, ...]]] = []
    draws_left = len({question.site.draw for question in questions})
    for batch in _batches(questions):
        if n_calls + n * len(batch) > budget:
            stopped = "budget"
            break
        found = ask(corpus, chooser, references, batch, n=n, seed=seed)
        kept += found.questions
        answers += found.answers
        for name, values in found.references.items():
            known[name] += values
        n_calls += n * len(batch)
        progress(n_calls, budget)
        new = {question.site.draw for question in batch}
        draws_left -= len(new)
        table = _asked(corpus, kept, answers, known).table()
        for name, gains in _gains_of(table, new):
            state = bet(state, np.array(gains), key.draw(name, len(gains)))
            bets.append((name, gains))
        if state.log_e >= -np.log(alpha):
            stopped = "evidence"
            break
        affordable = min(draws_left, (budget - n_calls) // n)
        if affordable and out_of_reach(state, affordable, alpha):
            stopped = "out of reach"
            break
    return BudgetedEvidence(
        _asked(corpus, kept, answers, known), state, n_calls, tuple(bets), stopped
    )


def _asked(
    corpus: AuditCorpus,
    questions: Sequence[SiteQuestion],
    answers: Sequence[Answers],
    known: Mapping[str, Sequence[NDArray[np.float64]]],
) -> Asked:
    references = {name: tuple(values) for name, values in known.items()}
    return Asked(tuple(questions), tuple(answers), references, corpus.language)


def _batches(questions: Sequence[SiteQuestion]) -> Iterator[list[SiteQuestion]]:
    """Yield the questions of `BATCH_DRAWS` draws at a time."""
    batch: list[SiteQuestion] = []
    names: set[str] = set()
    for question in questions:
        if question.site.draw not in names and len(names) == BATCH_DRAWS:
            yield batch
            batch, names = [], set()
        names.add(question.site.draw)
        batch.append(question)
    if batch:
        yield batch


def _gains_of(table: ScoreTable, new: set[str]) -> Iterator[tuple[str, tuple[float, ...]]]:
    """Yield the new draws, each with what its options add to the statistic."""
    draws = draw_table(table)
    for row, name in enumerate(draws.names):
        if name in new:
            yield name, tuple(draws.value[row, : int(draws.n_options[row])].tolist())


def redraw_result(
    asked: Asked, key: Key, *, way: str, alpha: float, n_resamples: int, seed: int
) -> TestResult:
    """Run the re-draw test on answers in words.

    Raises:
        PrerequisiteError: No question was answered with a candidate.
    """
    result = redraw_test(
        asked.table(), key, alpha=alpha, n_resamples=n_resamples, seed=seed, unit="share of answers"
    )
    result = asked.checked(result, key)
    return replace(
        result,
        title="re-draw test on answers in words",
        left_out=(*result.left_out, answers_sentence(asked.answers, way)),
        details={**result.details, **answer_counts(asked.answers), "way": way},
    )


def betting_result(found: BudgetedEvidence, *, way: str, alpha: float, seed: int) -> TestResult:
    """Report the bets as a test: p is anytime-valid and needs no resamples."""
    n_draws = len(found.state.path)
    documents = {each.site.document_id for each in found.asked.questions}
    return TestResult(
        test="betting",
        title="bets on the key's coins, valid at any stopping time",
        basis=(
            f"Based on {n_draws:,} independent draws at {len(found.asked.questions):,} sites in "
            f"{len(documents):,} published documents; e-value {np.exp(found.state.log_e):.3g}, "
            f"at most {np.exp(max(0.0, *found.state.path)):.3g}; stopped: {found.stopped}"
        ),
        n_units=n_draws,
        statistic=found.state.log_e,
        pvalue=found.state.pvalue,
        n_resamples=0,
        null=np.zeros(0),
        seed=seed,
        effect=found.state.log_e / max(1, n_draws),
        detectable_effect=detectable_growth(n_draws, alpha),
        effect_unit="nats by which the wealth grew at each draw",
        strong_effect=STRONG_GROWTH,
        assumption=ASSUMPTION,
        grade="A",
        left_out=(answers_sentence(found.asked.answers, way),),
        path=found.state.path,
        bets=found.bets,
        details={
            **answer_counts(found.asked.answers),
            "way": way,
            "n_calls": found.n_calls,
            "stopped": found.stopped,
            "n_draws": n_draws,
        },
    )
