"""Is the power that `leximark plan` foresees the power that an audit has?

    python -m pipelines.experiments.standalone.plan_check PROOF OUT [--unrelated MODEL]

PROOF is the folder of `pipelines.experiments.standalone.proof`. Twenty settings, fixed beforehand:

- the tiny model of the experiment `attacks`, with its base as reference and none, 3 to 30
  documents. What a site shows is measured on runs of two seeds and the power on runs of two others,
  with other passages, keys and models;
- SmolLM2-135M fine-tuned as in `proof`, with its base, an unrelated model and with forced choices.
  There is one trained model: what a site shows is measured on one half of its documents and the
  power on the other half, so these settings check the forecast from sites, not how far one training
  run differs from the next.

A run that was cut goes on.
"""

import argparse
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from membership.audit.corpus import AuditCorpus, load_audit_corpus
from membership.audit.observations import SiteLogprobs, observe
from membership.audit.word_answers import ask, questions_of
from membership.choices.local_model import LocalChooser
from membership.choices.question import Window
from membership.evidence.prediction import SiteMap, map_sites, predict_power
from membership.evidence.redraw import redraw_test
from membership.evidence.score_table import ScoreTable
from membership.evidence.sensitivity import Sensitivity, measure_sensitivity
from membership.scoring import assemble_panel
from pipelines.experiments.standalone.any_door import of_documents
from pipelines.experiments.standalone.proof import once
from pipelines.experiments.trials.halves import experiment_key, mark_documents
from pipelines.experiments.trials.small import TRAINING, small_base
from pipelines.experiments.trials.tiny import OPTIONS, fresh_passages
from pipelines.loading.models import ModelOptions, load_model
from pipelines.reporting.provenance import describe_run
from pipelines.training.training import load_base, train_once
from watermark.assets import find_model
from watermark.errors import PrerequisiteError
from watermark.keys import Key
from watermark.schemes.leximark import LexiMark
from watermark.vault.vault import open_vault

ALPHA, SEED, N_SUBSETS, TOLERANCE, WANTED = 0.001, 11, 100, 0.1, 16
SCHEME = LexiMark(sources=("wordnet",))
N_TINY, MEASURED_SEEDS, CHECKED_SEEDS = 80, (0, 1), (2, 3)
TINY_SIZES = (3, 5, 8, 15, 30)
SMOLLM2_SIZES = {
    "base": (3, 5, 8, 15),
    "unrelated": (8, 15, 30, 60),
    "3 forced choices, base": (60, 120),
}
N_RESAMPLES = 1_999
MakeTable = Callable[[Collection[str]], ScoreTable]


def main() -> None:
    """Run what is missing, then write `results.json` and `README.md`."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("proof", type=Path, help="folder of the experiment `proof`")
    parser.add_argument("out", type=Path, help="folder for everything")
    parser.add_argument("--unrelated", help="another language model, as an unrelated reference")
    arguments = parser.parse_args()
    out = arguments.out
    settings = tiny(out) + smollm2(arguments.proof, out, arguments.unrelated)
    results = {
        "settings": settings,
        "run": describe_run({}, {"subsets": SEED}).as_dict() | {"command": ""},
    }
    (out / "results.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    (out / "README.md").write_text(describe(results), encoding="utf-8")


def tiny(out: Path) -> list[dict[str, Any]]:
    """Return the settings of the tiny model."""
    runs = {
        seed: once(out / f"tiny-{seed}.json", partial(_tiny_run, out, seed))
        for seed in (*MEASURED_SEEDS, *CHECKED_SEEDS)
    }
    found = []
    for reference in ("base", "none"):
        shown = [runs[seed][reference]["sensitivity"] for seed in MEASURED_SEEDS]
        mean = Sensitivity(**{k: float(np.mean([s[k] for s in shown])) for k in shown[0]})
        for size in TINY_SIZES:
            checked = [runs[seed] for seed in CHECKED_SEEDS]
            powers = [run[reference]["power"][str(size)] for run in checked]
            foreseen = [
                predict_power(_map(run["draws"]), size, mean, alpha=ALPHA, seed=SEED)
                for run in checked
            ]
            own = [
                predict_power(
                    _map(run["draws"]), size, Sensitivity(**run[reference]["sensitivity"]),
                    alpha=ALPHA, seed=SEED,
                )
                for run in checked
            ]  # fmt: skip
            setting = _setting("tiny", reference, size, mean, foreseen, powers)
            found.append(setting | {"foreseen_by_own_effect": float(np.mean(own))})
    return found


def _tiny_run(out: Path, seed: int) -> dict[str, Any]:
    folder = out / f"tiny-{seed}"
    base = small_base(out / "tiny-base")
    documents = fresh_passages(N_TINY, seed)
    vault = mark_documents(folder, documents, SCHEME, experiment_key(seed, 9), 0.0)
    corpus, settings = load_audit_corpus(vault), TRAINING.of_seed(seed)
    texts = [document.text for document in corpus.documents]
    model = train_once(lambda: load_base(str(base), settings), texts, folder / "model", settings)
    references = {"base": load_model(str(base), OPTIONS)}
    panel = assemble_panel({}, load_model(str(model), OPTIONS), references)
    logprobs = observe(corpus, panel).site_logprobs
    found: dict[str, Any] = {"draws": _draws(corpus, _ids(corpus))}
    for name, some in (("base", logprobs), ("none", replace(logprobs, references={}))):
        table_of = _tables(some)
        found[name] = {
            "sensitivity": asdict(measure_sensitivity(table_of(_ids(corpus)), vault.key)),
            "power": {
                str(n): _power(table_of, _ids(corpus), n, vault.key, seed) for n in TINY_SIZES
            },
        }
    return found


def smollm2(proof: Path, out: Path, unrelated: str | None) -> list[dict[str, Any]]:
    """Return the settings of SmolLM2: measured on one half, checked on the other."""
    vault = open_vault(proof / "ours/vault", proof / "ours/key")
    corpus, options = load_audit_corpus(vault), ModelOptions(cache=out / "cache")
    suspect = load_model(str(proof / "models/trained"), options)
    base = load_model(str(find_model("smollm2-135m")), options)
    ids = [str(i) for i in np.random.default_rng(SEED).permutation(_ids(corpus))]
    measured, checked = set(ids[: len(ids) // 2]), sorted(ids[len(ids) // 2 :])
    names = {"base": base}
    if unrelated:
        names["unrelated"] = load_model(unrelated, options)
    tables: dict[str, MakeTable] = {}
    for name, reference in names.items():
        panel = assemble_panel({}, suspect, {name: reference})
        tables[name] = _tables(observe(corpus, panel).site_logprobs)
    questions = questions_of(corpus, Window())
    chooser = LocalChooser(suspect)
    tables["3 forced choices, base"] = of_documents(
        ask(corpus, chooser, {"base": base}, questions, n=3, seed=SEED)
    )
    found = []
    for name, table_of in tables.items():
        mean = measure_sensitivity(table_of(measured), vault.key)
        sites = _map(_draws(corpus, checked))
        for n in SMOLLM2_SIZES[name]:
            power = _power(table_of, checked, n, vault.key, SEED)
            foreseen = predict_power(sites, n, mean, alpha=ALPHA, seed=SEED)
            found.append(_setting("SmolLM2-135M", name, n, mean, [foreseen], [power]))
    return found


def _setting(
    model: str,
    reference: str,
    n: int,
    sensitivity: Sensitivity,
    foreseen: list[float],
    observed: list[float],
) -> dict[str, Any]:
    return {
        "model": model, "reference": reference, "documents": n,
        "sensitivity": asdict(sensitivity), "foreseen": float(np.mean(foreseen)),
        "observed": float(np.mean(observed)), "observed_by_run": observed,
    }  # fmt: skip


def _ids(corpus: AuditCorpus) -> list[str]:
    return sorted(document.id for document, _ in corpus.readable())


def _draws(corpus: AuditCorpus, ids: Collection[str]) -> list[list[tuple[str, int]]]:
    return [
        [(site.draw, len(site.candidates)) for site in sites]
        for document, sites in corpus.readable()
        if document.id in ids
    ]


def _map(draws: list[list[tuple[str, int]]]) -> SiteMap:
    return map_sites(draws)


def _tables(logprobs: SiteLogprobs) -> MakeTable:
    return lambda ids: logprobs.table(documents=ids)


def _power(table_of: MakeTable, ids: list[str], n: int, key: Key, seed: int) -> float:
    rng, hits = np.random.default_rng([seed, n]), 0
    for _ in range(N_SUBSETS):
        try:
            table = table_of(set(rng.choice(ids, n, replace=False)))
            hits += redraw_test(table, key, alpha=ALPHA, n_resamples=N_RESAMPLES).pvalue < ALPHA
        except PrerequisiteError:
            continue  # a subset without a usable site
    return hits / N_SUBSETS


def describe(results: Mapping[str, Any]) -> str:
    """Return the page of the results."""
    settings = results["settings"]
    close = sum(abs(s["foreseen"] - s["observed"]) <= TOLERANCE for s in settings)
    lines = [
        "# Is the power that is foreseen the power that there is?",
        "",
        f"Foreseen minus observed power is within {TOLERANCE:g} in **{close} of {len(settings)}** "
        f"settings (wanted: {WANTED} of 20). Observed: share of {N_SUBSETS} random subsets with "
        f"p < {ALPHA:g} ({N_RESAMPLES:,} re-draws). *Effect* and *noise* are in nats a "
        "site (share of answers for choices), measured on other runs (tiny) or on other documents "
        "of the same run (SmolLM2).",
        "",
        "| model | asked with | documents | effect | noise | correlation | foreseen | observed | "
        "difference | foreseen by the run's own effect |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for s in settings:
        shown, difference = s["sensitivity"], s["foreseen"] - s["observed"]
        lines.append(
            f"| {s['model']} | {s['reference']} | {s['documents']} | {shown['effect']:.2f} | "
            f"{shown['noise']:.2f} | {shown['correlation']:.2f} | {s['foreseen']:.2f} | "
            f"{s['observed']:.2f} | {difference:+.2f} | {_own(s)} |"
        )
    lines += [
        "",
        f"The tiny model: {N_TINY} marked passages, three epochs; effects from seeds "
        f"{', '.join(map(str, MEASURED_SEEDS))}, power from seeds "
        f"{', '.join(map(str, CHECKED_SEEDS))}. SmolLM2-135M: the model of "
        "[proof](../proof/README.md); there is one, so these rows do not show how far one training "
        "run differs from the next. Subsets overlap, and the settings of one model are not "
        "independent of each other. The last column uses the effect of the runs whose power is "
        "shown: what is left of the difference there is the fault of the forecast, the rest is how "
        "far two trainings differ.",
        "",
        "    python -m pipelines.experiments.standalone.plan_check PROOF OUT [--unrelated MODEL]",
        "",
        f"Machine: {', '.join(results['run']['machine'].values())} cores.",
    ]
    return "\n".join(lines) + "\n"


def _own(setting: Mapping[str, Any]) -> str:
    own = setting.get("foreseen_by_own_effect")
    return "-" if own is None else f"{own:.2f}"


if __name__ == "__main__":
    main()
