"""How an audit departs from the plan that was fixed before publication."""

from collections.abc import Iterator, Sequence, Sized

from watermark.vault.plan import Plan

N_RESAMPLES, SEED = 99_999, 0
"""What an audit uses by default; plans do not name them."""
LOGPROBS, WORDS = "log-probabilities", "answers in words"
"""From what the preferences of a suspect are known; a plan means log-probabilities."""


def departures(
    plans: Sequence[Plan],
    *,
    test: str,
    alpha: float,
    references: Sequence[str],
    seed: int,
    n_resamples: int | None,
    detectors: Sequence[str] = (),
    candidates: str = LOGPROBS,
) -> tuple[str, ...]:
    """Return a sentence for everything that is not as planned, or not as by default.

    Args:
        plans: The plan of the vault, or those of its instalments.
        test: The primary test.
        alpha: Its level.
        references: Names of the references.
        seed: Seed of the re-draws.
        n_resamples: Number of re-draws; None if the test makes none.
        detectors: The detectors of the primary test; empty if it uses none.
        candidates: From what the preferences are known.
    """
    lines: list[str] = []
    for plan in plans:
        planned = planned_detector(plan, references)
        pairs = [
            ("test", plan.test, test),
            ("detector", planned, ", ".join(detectors) or planned),
            ("alpha", f"{plan.alpha:g}", f"{alpha:g}"),
            ("candidates", LOGPROBS, candidates),
            *_reference_departure(plan, references),
        ]
        lines += [
            f"{what}: {ours} planned, {used} used" for what, ours, used in pairs if ours != used
        ]
    usual = [("seed of the re-draws", SEED, seed)]
    if n_resamples is not None:
        usual.append(("number of re-draws", N_RESAMPLES, n_resamples))
    lines += [
        f"{what}: {ours:,} by default, {used:,} used" for what, ours, used in usual if ours != used
    ]
    return tuple(dict.fromkeys(lines))


def planned_detector(plan: Plan, references: Sized) -> str:
    """Return the detector that a plan names for an audit with or without references."""
    return plan.detector_with_reference if references else plan.detector


def _reference_departure(plan: Plan, used: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Yield what was planned and what was used, if the references are not those of the plan.

    A plan that names public models leaves room for the suspect's base, which nobody knows before
    there is a suspect; it leaves no room for an audit without any reference.
    """
    planned = plan.references or plan.public_references
    if planned is None or set(planned) == set(used) or (used and planned and not plan.references):
        return
    yield "references", ", ".join(planned) or "none", ", ".join(used) or "none"
