"""The table of the re-draw test from answers in words: counts instead of log-probabilities.

Any table [site x candidate] that is made without the key keeps the test exact, and counts of
answers are one. Preferences are compared as shares of the answers: with a handful of answers a
site, logarithms of counts are mostly infinite or noise.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from membership.choices.answers import Answers
from membership.choices.question import SiteQuestion
from membership.evidence.score_table import ScoreTable, adjust_preferences, rarity_differences

NO_ANSWER = "no answer was one of the candidates"
POSITION = "position"
"""Name of the covariate that takes out a habit of choosing by position."""


def answer_table(
    questions: Sequence[SiteQuestion],
    suspect: Sequence[Answers],
    references: Mapping[str, Sequence[NDArray[np.float64]]],
    *,
    language: str = "en",
) -> ScoreTable:
    """Return the score table of a suspect's answers.

    The share of answers for each candidate, less that for the first, is regressed on the same
    difference of the references' shares, on the difference in rarity, on how the options were
    ordered, and an intercept. None of these sees the key. A site none of whose answers was a
    candidate is counted as unusable: it would add the regression's guess and nothing else.

    Args:
        questions: One for each site.
        suspect: The answers to each.
        references: For each reference the share of its answers for each option of each question,
            or the probabilities it gives to them, in the order of the question's options.
        language: Language in which the rarity of candidates is looked up.
    """
    usable = [i for i, answers in enumerate(suspect) if _is_usable(answers, references, i)]
    kept = [questions[i] for i in usable]
    shares = [np.array(suspect[i].counts) / suspect[i].n_asked for i in usable]
    features = {
        f"reference {name}": _differences(kept, [values[i] for i in usable])
        for name, values in references.items()
    }
    return _table(kept, shares, features, len(questions) - len(usable), language)


def reference_tables(
    questions: Sequence[SiteQuestion],
    references: Mapping[str, Sequence[NDArray[np.float64]]],
    *,
    language: str = "en",
) -> dict[str, ScoreTable]:
    """Return the table of each reference as if it was the suspect, without a reference.

    The arguments are those of `answer_table`.
    """
    found = {}
    for name, values in references.items():
        usable = [i for i, value in enumerate(values) if np.isfinite(value).all() and value.any()]
        kept, shares = [questions[i] for i in usable], [values[i] for i in usable]
        found[name] = _table(kept, shares, {}, len(questions) - len(usable), language)
    return found


def _table(
    questions: Sequence[SiteQuestion],
    shares: Sequence[NDArray[np.float64]],
    features: Mapping[str, NDArray[np.float64]],
    n_unusable: int,
    language: str,
) -> ScoreTable:
    sites = [question.site for question in questions]
    preference = _differences(questions, shares)
    free = {
        "rarity": rarity_differences(sites, preference.shape, language),
        POSITION: _positions(questions, preference.shape),
    }
    n_candidates = np.array([len(site.candidates) for site in sites], dtype=np.int64)
    score, adjustment = adjust_preferences(n_candidates, preference, free, features, robust=False)
    return ScoreTable(
        tuple(site.document_id for site in sites),
        tuple(site.draw for site in sites),
        n_candidates,
        score,
        {NO_ANSWER: n_unusable} if n_unusable else {},
        adjustment,
        tuple(site.start for site in sites),
    )


def shares_of(answers: Sequence[Answers]) -> list[NDArray[np.float64]]:
    """Return what share of all calls went to each option, each in [0, 1]."""
    return [np.array(a.counts) / max(1, a.n_asked) for a in answers]


def _is_usable(
    answers: Answers, references: Mapping[str, Sequence[NDArray[np.float64]]], i: int
) -> bool:
    known = all(np.isfinite(values[i]).all() for values in references.values())
    return sum(answers.counts) > 0 and known


def _differences(
    questions: Sequence[SiteQuestion], values: Sequence[NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Return each candidate's value less the first's, in the candidates' order, then 0."""
    width = max((len(question.order) for question in questions), default=2)
    table = np.zeros((len(questions), width))
    for row, question, value in zip(table, questions, values, strict=True):
        row[list(question.order)] = value
        row[: value.size] -= row[0]
    return table


def _positions(questions: Sequence[SiteQuestion], shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return how much later each candidate was shown than the first, in places."""
    table = np.zeros(shape)
    for row, question in zip(table, questions, strict=True):
        row[list(question.order)] = np.arange(len(question.order))
        row[: len(question.order)] -= row[0]
    return table
