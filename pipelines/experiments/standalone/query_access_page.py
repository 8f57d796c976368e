"""The page of the experiment `query_access`."""

from collections.abc import Mapping, Sequence
from typing import Any

from scipy.stats import binomtest

from pipelines.experiments.standalone.proof import ALPHA

N_SUBSETS, POWER = 100, 0.8
N_NULL_KEYS, SEED = 1_000, 3


def documents_needed(power: Mapping[str, int]) -> str:
    """Return the least number of documents with a power of 0.8, for a reader."""
    if not power:
        return "-"
    enough = [int(size) for size, hits in power.items() if hits >= POWER * N_SUBSETS]
    return str(min(enough)) if enough else f"more than {max(map(int, power))}"


def describe(results: Mapping[str, Any]) -> str:
    """Return the page of the results."""
    lines = [
        "# The same model, asked in other ways",
        "",
        "SmolLM2-135M fine-tuned for one epoch on marked news (`leximark reproduce proof`), "
        f"{results['n_documents']} documents with sites. Each way to ask gives a table "
        "[site x candidate] for the re-draw test. Local answers are drawn from the model's own "
        "probabilities, so they contain no loss from prompting. "
        f"Documents needed: the least size at which {POWER:.0%} of {N_SUBSETS} random subsets have "
        f"p < {ALPHA:g} (subsets of one trained model overlap; of 1,999 re-draws none may reach "
        "the observed statistic, which understates the power). Null: "
        f"Kolmogorov-Smirnov p of {N_NULL_KEYS:,} re-keyed p-values against uniform.",
        "",
        "| asked | reference | p | z | sites | documents needed | power at 30 (95 %) | null |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, found in results["ways"].items():
        way, _, reference = name.partition("; ")
        lines.append(_row(way, reference, found))
    budget = results["budget"]
    lines += [
        *_served_lines(results.get("served", [])),
        "",
        "With a budget of 7,000 calls, 3 forced answers a site and the base as reference, the bets "
        f"stopped after {budget['n_calls']:,} calls ({budget['stopped']}): anytime p = "
        f"{budget['pvalue']:.2g}.",
        "",
        "    python -m pipelines.experiments.standalone.query_access PROOF OUT",
        "",
        f"Machine: {', '.join(results['run']['machine'].values())} cores. Seed {SEED}.",
    ]
    return "\n".join(lines) + "\n"


def _row(way: str, reference: str, found: Mapping[str, Any]) -> str:
    power = found["power"]
    at_30 = _share(power.get("30")) if power else "-"
    return (
        f"| {way} | {reference} | {found['pvalue']:.2g} | {found['zscore']:.1f} | "
        f"{found['n_sites']} | {documents_needed(power)} | {at_30} | {found['null_ks']:.2f} |"
    )


def _served_lines(served: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the rows of real servers with what became of their answers; none without one."""
    if not served:
        return []
    rows = [
        _row(one["name"], reference, found)
        for one in served
        for reference, found in one["tests"].items()
    ]
    counts = [
        f"- {one['name']} ({one['way']}): {one['answers']['n_asked']:,.0f} answers, "
        f"{one['answers']['n_candidates']:,.0f} a candidate, {one['answers']['n_other']:,.0f} "
        f"something else, {one['answers']['n_refused']:,.0f} refused"
        for one in served
    ]
    return [
        "",
        "## Behind a real server, asked for words only",
        "",
        "vLLM on the CPU serves the fine-tuned model (`trained`) or the model before fine-tuning "
        "(`base`) on loopback; every answer was sampled by the server. `text` asks for "
        "completions, `chat` for chat completions, which show the options. All runs have the "
        "same seeds for sampling: they are not independent of each other.",
        "",
        "| served, asked by | reference | p | z | sites | documents needed | power at 30 (95 %) | "
        "null |",
        "|---|---|---|---|---|---|---|---|",
        *rows,
        "",
        *counts,
    ]


def _share(hits: int | None) -> str:
    if hits is None:
        return "1.00 at fewer"
    interval = binomtest(hits, N_SUBSETS).proportion_ci(0.95, method="exact")
    return f"{hits / N_SUBSETS:.2f} ({interval.low:.2f} to {interval.high:.2f})"
