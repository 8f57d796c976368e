"""Audit the instalments of a stream together: one re-draw test, and bets that may stop any time."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from membership.audit.corpus import AuditCorpus
from membership.audit.observations import SiteLogprobs
from membership.evidence.redraw import (
    ASSUMPTION,
    choices_of,
    draw_table,
    redraw_test,
    standard_deviation,
    statistic,
)
from membership.evidence.reference_check import reference_pvalues, with_reference_check
from membership.evidence.result import TestResult
from membership.evidence.score_table import ScoreTable
from membership.evidence.streams import StreamState, bet_instalment
from watermark.errors import PrerequisiteError
from watermark.keys import Key

WINDOW = 30
"""The adjustment of an instalment is fitted on it and on at most this many before it."""
_BEHIND = "/"
"""Separator after the instalment's name in the names of its draws and documents."""


@dataclass(frozen=True)
class JoinedKey:
    """The keys of several instalments, whose draws are named `INSTALMENT/draw`."""

    keys: Mapping[str, Key]

    def draw(self, name: str, n_options: int) -> int:
        """Return the outcome of a draw under the key of its instalment."""
        instalment, _, rest = name.partition(_BEHIND)
        return self.keys[instalment].draw(rest, n_options)


def join_corpora(parts: Mapping[str, AuditCorpus]) -> AuditCorpus:
    """Return the corpora of several instalments as one; draws and ids begin with the instalment.

    Raises:
        PrerequisiteError: They are in different languages, so they have no common adjustment.
    """
    languages = sorted({corpus.language for corpus in parts.values()})
    if len(languages) > 1:
        raise PrerequisiteError(
            f"instalments in {', '.join(languages)} are not tested together: name those of one "
            "language with --instalments"
        )
    renamed = [_renamed(name, corpus) for name, corpus in parts.items()]
    return AuditCorpus(
        documents=tuple(d for part in renamed for d in part.documents),
        published=np.concatenate([part.published for part in renamed]),
        originals=tuple(d for part in renamed for d in part.originals),
        sites=tuple(s for part in renamed for s in part.sites),
        choices=tuple(c for part in renamed for c in part.choices),
        language=languages[0],
    )


def _renamed(name: str, corpus: AuditCorpus) -> AuditCorpus:
    before = f"{name}{_BEHIND}"
    return replace(
        corpus,
        documents=tuple(replace(d, id=before + d.id) for d in corpus.documents),
        originals=tuple(replace(d, id=before + d.id) for d in corpus.originals),
        sites=tuple(
            tuple(
                replace(s, document_id=before + s.document_id, draw=before + s.draw) for s in some
            )
            for some in corpus.sites
        ),
    )


def instalment_of(document_id: str) -> str:
    """Return the instalment of a document of a joined corpus."""
    return document_id.partition(_BEHIND)[0]


def stream_results(
    readings: SiteLogprobs,
    key: JoinedKey,
    left_out: tuple[str, ...],
    *,
    alpha: float,
    n_resamples: int,
    seed: int,
) -> tuple[ScoreTable, TestResult, TestResult]:
    """Test all instalments together, and bet on one after the other.

    Args:
        readings: Log-probabilities at the sites of the joined corpus.
        key: The keys of the instalments, in the order of the stream.
        left_out: Sentences about what is not in the corpus.
        alpha: Level of the tests.
        n_resamples: Number of fresh keys.
        seed: Seed for the fresh keys.

    Returns:
        The table of all instalments, the re-draw test, and the bets.

    Raises:
        PrerequisiteError: There is no usable site.
    """
    table = readings.table()
    joint = redraw_test(table, key, alpha=alpha, n_resamples=n_resamples, seed=seed)
    pvalues = reference_pvalues(readings.reference_tables(), [key])
    joint = with_reference_check(joint, pvalues)
    n = len(key.keys)
    joint = replace(
        joint,
        title=f"re-draw test over {n:,} instalments" if n > 1 else joint.title,
        left_out=(*joint.left_out, *left_out),
        details={**joint.details, "instalments": list(key.keys)},
    )
    return table, joint, _betting_result(readings, key)


def _betting_result(readings: SiteLogprobs, key: JoinedKey) -> TestResult:
    names = list(key.keys)
    documents: dict[str, set[str]] = {name: set() for name in names}
    for site in readings.sites:
        documents[instalment_of(site.document_id)].add(site.document_id)
    state, rows = StreamState(), []
    for number, name in enumerate(names):
        window = names[max(0, number - WINDOW) : number + 1]
        table = readings.table(documents=set().union(*(documents[each] for each in window)))
        draws = draw_table(rows_of(table, name))
        choices = choices_of(key, draws)
        before = state.path[-1] if state.path else 0.0
        state = bet_instalment(state, draws, choices)
        spread = standard_deviation(draws)
        zscore = statistic(draws, choices) / spread if spread else 0.0
        rows.append(
            {
                "instalment": name,
                "n_draws": len(choices),
                "zscore": zscore,
                "log_e": state.path[-1] - before,
                "log_e_so_far": state.path[-1],
            }
        )
    return _as_result(state, rows)


def rows_of(table: ScoreTable, instalment: str) -> ScoreTable:
    """Return the rows of one instalment."""
    keep = np.array([instalment_of(i) == instalment for i in table.document_ids], dtype=bool)
    chosen = np.flatnonzero(keep)
    return replace(
        table,
        document_ids=tuple(table.document_ids[i] for i in chosen),
        draws=tuple(table.draws[i] for i in chosen),
        n_candidates=table.n_candidates[keep],
        score=table.score[keep],
    )


def _as_result(state: StreamState, rows: list[dict[str, object]]) -> TestResult:
    best = int(np.argmax(state.path))
    return TestResult(
        test="stream",
        title="bets on one instalment after the other, valid whenever one looks",
        basis=(
            f"Based on {len(rows):,} instalments; e-value {np.exp(state.path[-1]):.3g}, at most "
            f"{np.exp(max(0.0, *state.path)):.3g} (after {rows[best]['instalment']})"
        ),
        n_units=len(rows),
        statistic=state.path[-1],
        pvalue=state.pvalue,
        n_resamples=0,
        null=np.zeros(0),
        seed=0,
        effect=state.path[-1] / len(rows),
        detectable_effect=float("inf"),
        effect_unit="nats by which the wealth grew in each instalment",
        assumption=ASSUMPTION,
        grade="A",
        path=state.path,
        details={"instalments": rows},
    )
