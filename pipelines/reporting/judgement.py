"""What the answers to a challenge come to, for people and for machines."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from membership.audit.challenge import Credibility
from membership.evidence.result import TestResult
from pipelines.reporting.report import test_dict
from watermark.vault.beforehand import Beforehand


@dataclass(frozen=True)
class Judgement:
    """What the answers to a challenge are evidence of."""

    beforehand: Beforehand
    result: TestResult
    alpha: float
    departures: tuple[str, ...]
    """How the audit differs from the plan that was fixed before publication."""
    credibility: Credibility
    model: Mapping[str, str]
    """Name, fingerprint and settings of the model, as whoever answered states them."""

    @property
    def words(self) -> str:
        """The verdict; answers that are not a model's are never evidence of innocence."""
        if self.credibility.problems:
            return "answers not credible"
        return self.result.words(self.alpha)


def judgement_lines(found: Judgement) -> Iterator[str]:
    """Yield the verdict in plain words, for a terminal; what it rests on comes first."""
    result, credible = found.result, found.credibility
    yield from found.beforehand.lines()
    yield f"Verdict: {found.words}"
    for problem in credible.problems:
        yield f"Not credible: {problem}"
    yield (
        f"{result.title} over the answers, p = {result.pvalue:.2g}, z = {result.zscore:.1f}; level "
        f"{found.alpha:g}"
    )
    yield from (f"Caution: {caution}" for caution in result.cautions)
    yield from result.left_out
    yield f"Effect: {result.effect_words}"
    yield f"Valid if: {result.assumption}"
    yield (
        f"Repeated questions answered alike: {credible.share_repeated:.0%}; word of the text "
        f"preferred in decoys: {credible.share_decoys:.0%} (a coin: 50%)"
    )
    yield from (f"Not in the plan: {departure}" for departure in found.departures)
    yield f"Answered by: {found.model['name']}, fingerprint {found.model['fingerprint']}"
    yield (
        "Nothing here shows that the answers are those of the model in question: compare its "
        "fingerprint. Neither no evidence nor cannot tell is evidence of innocence."
    )


def judgement_dict(found: Judgement) -> dict[str, Any]:
    """Return the judgement for machines."""
    return {
        "beforehand": found.beforehand.as_dict(),
        "verdict": found.words,
        "pvalue": found.result.pvalue,
        "alpha": found.alpha,
        "in_plan": not found.departures,
        "departures": list(found.departures),
        "credibility": asdict(found.credibility) | {"problems": list(found.credibility.problems)},
        "test": test_dict(found.result),
        "model": dict(found.model),
    }
