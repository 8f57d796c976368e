"""Is the power that `leximark plan` foresees the power that an audit has?

    python -m pipelines.experiments.standalone.plan_check PROOF OUT --unrelated MODEL

PROOF is the folder of `pipelines.experiments.standalone.proof`. Twenty settings, fixed beforehand:

- the tiny model of the experiment `attacks`, with its base as reference and none, 3 to 30
  documents. What a site shows is measured on runs with some passages and the power on runs with
  others; each set of passages is marked with several keys, and each key has a model of its own;
- SmolLM2-135M fine-tuned as in `proof`, with its base, an unrelated model and with forced choices.
  What a site shows is measured on the model of `proof`; the power is that of a second training on
  the same passages marked with another key.

An interrupted run continues.
"""

import argparse
import json
from collections.abc import Collection, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from membership.audit.corpus import AuditCorpus, load_audit_corpus
from membership.audit.observations import SiteLogprobs, observe
from membership.audit.word_answers import ask, questions_of
from membership.choices.local_model import LocalChooser
from membership.choices.question import Window
from membership.evidence.prediction import map_sites, predict_power
from membership.evidence.score_table import ScoreTable
from membership.evidence.sensitivity import Sensitivity, measure_sensitivity, pool_sensitivities
from membership.scoring import assemble_panel
from pipelines.experiments.standalone.proof import SEED as PROOF_SEED
from pipelines.experiments.standalone.proof import fine_tune, once
from pipelines.experiments.standalone.query_access import of_documents
from pipelines.experiments.trials.forecast_runs import (
    ALPHA,
    N_PASSAGES,
    N_RESAMPLES,
    N_SUBSETS,
    REFERENCES,
    MakeTable,
    draws_of,
    ids_of,
    power_of_subsets,
    train_and_audit,
)
from pipelines.loading.models import ModelOptions, load_model
from pipelines.reporting.provenance import describe_run
from watermark.assets import find_model
from watermark.vault.vault import Vault, open_vault

SEED, TOLERANCE, WANTED, N_SIMULATED = 11, 0.1, 16, 2_000
MEASURED_TEXTS, CHECKED_TEXTS, N_KEYS = (11, 12, 13), (14, 15, 16, 17, 18, 19), 3
TINY_SIZES = (3, 5, 8, 15, 30)
CHOICES = "3 forced choices, base"
SMOLLM2_SIZES = {"base": (3, 5, 8, 15), "unrelated": (8, 15, 30, 60), CHOICES: (60, 120)}


def main() -> None:
    """Run what is missing, then write `results.json` and `README.md`."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("proof", type=Path, help="folder of the experiment `proof`")
    parser.add_argument("out", type=Path, help="folder for everything")
    parser.add_argument("--unrelated", required=True, help="a model of another family")
    arguments = parser.parse_args()
    out = arguments.out
    results = {
        "settings": tiny(out) + smollm2(arguments.proof, out, arguments.unrelated),
        "run": describe_run({}, {"subsets": SEED}).as_dict() | {"command": ""},
    }
    (out / "results.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    (out / "README.md").write_text(describe(results), encoding="utf-8")


def tiny(out: Path) -> list[dict[str, Any]]:
    """Return the settings of the tiny model."""

    def runs(texts: int, sizes: tuple[int, ...]) -> list[dict[str, Any]]:
        make = partial(train_and_audit, out, texts, N_KEYS, sizes)
        found = once(out / f"tiny-{texts}.json", lambda: {"runs": list(make())})
        return list(found["runs"])

    measured = [run for texts in MEASURED_TEXTS for run in runs(texts, ())]
    checked = [run for texts in CHECKED_TEXTS for run in runs(texts, TINY_SIZES)]
    found = []
    for reference in REFERENCES:
        shown = pool_sensitivities(
            [Sensitivity(**run[reference]["sensitivity"]) for run in measured]
        )
        for n in TINY_SIZES:
            foreseen = [
                _foreseen(run["draws"], n, shown) for run in checked[::N_KEYS]
            ]  # the sites of a set of passages are the same for every key
            powers = [run[reference]["power"][str(n)] for run in checked]
            found.append(_setting("tiny", reference, n, shown, float(np.mean(foreseen)), powers))
    return found


def smollm2(proof: Path, out: Path, unrelated: str) -> list[dict[str, Any]]:
    """Return the settings of SmolLM2: measured on one training, checked on the next."""
    first = open_vault(proof / "ours/vault", proof / "ours/key")
    second = open_vault(proof / "other/vault", proof / "other/key")
    texts = [m.document.text for row, m in second.marked() if row.status == "published"]
    model = fine_tune(out / "smollm2-second", texts, PROOF_SEED + 1)
    shown = {
        name: measure_sensitivity(table_of(ids_of(corpus)), first.key)
        for name, (corpus, table_of) in _tables(
            first, str(proof / "models/trained"), out, unrelated
        ).items()
    }
    found = []
    for name, (corpus, table_of) in _tables(second, model, out, unrelated).items():
        ids = ids_of(corpus)
        for n in SMOLLM2_SIZES[name]:
            power = power_of_subsets(table_of, ids, n, second.key, SEED)
            foreseen = _foreseen(draws_of(corpus, ids), n, shown[name])
            found.append(_setting("SmolLM2-135M", name, n, shown[name], foreseen, [power]))
    return found


def _tables(
    vault: Vault, model: str, out: Path, unrelated: str
) -> dict[str, tuple[AuditCorpus, MakeTable]]:
    """Return for each way to ask the table of any documents of a vault."""
    corpus, options = load_audit_corpus(vault), ModelOptions(cache=out / "cache")
    suspect = load_model(model, options)
    base = load_model(str(find_model("smollm2-135m")), options)
    found: dict[str, tuple[AuditCorpus, MakeTable]] = {}
    for name, reference in (("base", base), ("unrelated", load_model(unrelated, options))):
        logprobs = observe(corpus, assemble_panel({}, suspect, {name: reference})).site_logprobs
        found[name] = corpus, partial(_table, logprobs)
    questions = questions_of(corpus, Window())
    asked = ask(corpus, LocalChooser(suspect), {"base": base}, questions, n=3, seed=SEED)
    found[CHOICES] = corpus, of_documents(asked)
    return found


def _table(logprobs: SiteLogprobs, ids: Collection[str]) -> ScoreTable:
    return logprobs.table(documents=ids)


def _foreseen(draws: list[list[tuple[str, int]]], n: int, shown: Sensitivity) -> float:
    sites = map_sites(draws)
    return predict_power(sites, n, shown, alpha=ALPHA, n_simulated=N_SIMULATED, seed=SEED)


def _setting(
    model: str,
    reference: str,
    n: int,
    sensitivity: Sensitivity,
    foreseen: float,
    observed: list[float],
) -> dict[str, Any]:
    return {
        "model": model, "reference": reference, "documents": n,
        "sensitivity": asdict(sensitivity), "foreseen": foreseen,
        "observed": float(np.mean(observed)), "observed_by_run": observed,
    }  # fmt: skip


def describe(results: Mapping[str, Any]) -> str:
    """Return the page of the results."""
    settings = results["settings"]
    close = sum(abs(s["foreseen"] - s["observed"]) <= TOLERANCE for s in settings)
    lines = [
        "# Is the power that is foreseen the power that there is?",
        "",
        f"Foreseen minus observed power is within {TOLERANCE:g} in **{close} of {len(settings)}** "
        f"settings (wanted: {WANTED} of 20). Observed: share of {N_SUBSETS} random subsets a run "
        f"with p < {ALPHA:g} ({N_RESAMPLES:,} re-draws). *Effect* (with its error) and *noise* are "
        "in nats a site (share of answers for choices), measured on other runs.",
        "",
        "| model | asked with | documents | effect | noise | correlation | foreseen | observed | "
        "least to most of the runs | difference |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for s in settings:
        shown, runs = s["sensitivity"], s["observed_by_run"]
        spread = f"{min(runs):.2f} to {max(runs):.2f}" if len(runs) > 1 else "one run"
        lines.append(
            f"| {s['model']} | {s['reference']} | {s['documents']} | {shown['effect']:.2f} ± "
            f"{shown['error']:.2f} | {shown['noise']:.2f} | {shown['correlation']:.2f} | "
            f"{s['foreseen']:.2f} | {s['observed']:.2f} | {spread} | "
            f"{s['foreseen'] - s['observed']:+.2f} |"
        )
    lines += [
        "",
        f"The tiny model: {N_PASSAGES} marked passages, three epochs, {N_KEYS} keys for each set "
        f"of passages and one training a key; effects from passages of seeds "
        f"{', '.join(map(str, MEASURED_TEXTS))}, power from seeds "
        f"{', '.join(map(str, CHECKED_TEXTS))}. SmolLM2-135M: effects from the model of "
        "[proof](../proof/README.md), power from a second training on the same passages, marked "
        "with another key. Subsets of one run share its coins and its model, so runs differ by "
        "more than the subsets of one, and the settings of one model are not independent of each "
        "other.",
        "",
        "    python -m pipelines.experiments.standalone.plan_check PROOF OUT --unrelated MODEL",
        "",
        f"Machine: {', '.join(results['run']['machine'].values())} cores.",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
