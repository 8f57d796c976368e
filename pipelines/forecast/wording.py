"""The forecast for a corpus in words, for a terminal."""

import shlex
from collections.abc import Iterator

from pipelines.forecast.effects import load_effects
from pipelines.forecast.forecast import LEVELS, CorpusPlan, Marking, Row


def plan_lines(plan: CorpusPlan, corpus: str) -> Iterator[str]:
    """Yield the forecast: what was surveyed, what each suspect would show, what to do.

    Args:
        plan: The forecast.
        corpus: What the user called the corpus, for the command to run next.
    """
    yield (
        f"{plan.n_documents:,} documents, of which {plan.n_published:,} would be published; "
        f"{plan.n_surveyed:,} surveyed: {plan.sites_per_document:.1f} sites a document, "
        f"{plan.n_draws:,} independent draws."
    )
    yield f"Spread of preferences: {plan.spread:.2f} nats ({plan.spread_source})."
    effects = load_effects()
    for name, training in effects.trainings.items():
        yield ""
        yield f"{training.words} ({'measured' if training.measured else 'derived, not measured'}):"
        for row in plan.rows:
            if row.training == name:
                yield f"  {effects.suspects[row.suspect].words}: {_row_words(row, plan)}"
    yield ""
    yield from _advice(plan, corpus)
    yield (
        "A forecast, not a promise: effects were measured on one small model and differ between "
        "models and ways of training (docs/plan.md)."
    )


def _row_words(row: Row, plan: CorpusPlan) -> str:
    return "; ".join(_level_words(row, alpha, plan) for alpha in LEVELS)


def _level_words(row: Row, alpha: float, plan: CorpusPlan) -> str:
    needed = row.needed[alpha]
    if needed is None:
        return f"p < {alpha:g} is out of reach"
    about = "about " if needed > plan.n_surveyed else ""
    return f"p < {alpha:g} needs {about}{needed:,} documents, power here {row.power[alpha]:.2f}"


def _advice(plan: CorpusPlan, corpus: str) -> Iterator[str]:
    suspect, training, alpha, power = plan.target
    effects = load_effects()
    aim = (
        f"p < {alpha:g} with a power of {power:g} against a suspect of this kind: "
        f"{effects.trainings[training].words}; {effects.suspects[suspect].words}"
    )
    if plan.advice is None:
        most = [marking.needed for marking in plan.markings if marking.needed is not None]
        least = f"about {min(most):,} documents" if most else "more sites than these texts have"
        yield f"No marking that was tried can win: {aim}."
        yield f"It needs {least}; {plan.n_published:,} would be published."
        return
    yield f"The gentlest marking that is enough for {aim}:"
    yield f"  {command(plan.advice, corpus)}"
    marking = plan.advice
    yield (
        f"It marks {marking.share:.0%} of the documents ({marking.needed:,} are needed) and "
        f"changes {marking.changed_per_100_words:.1f} of 100 words in these."
    )


def command(marking: Marking, corpus: str) -> str:
    """Return the command that marks in this way."""
    share = "" if marking.share in (None, 1.0) else f" --set share={marking.share:g}"
    return (
        f"leximark mark {shlex.quote(corpus)} --out published/ --vault vault/ "
        f"--min-fit {marking.min_fit:g} --words-per-sentence {marking.words_per_sentence}{share}"
    )
