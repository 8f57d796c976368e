"""The main claim on real text: does `verify` find the model that was trained, and no other?

    leximark reproduce proof --out OUT
    python -m pipelines.experiments.standalone.proof OUT [--unrelated MODEL]

The second way names an unrelated model as one more reference.

Marks 333 news passages with the default settings of `leximark mark` (10 % are held out, so 300 are
published), fine-tunes SmolLM2-135M on the published ones for one epoch, and audits

    trained      the fine-tuned model
    base         the model before fine-tuning
    wrong key    the fine-tuned model, with the vault of the same passages marked with another key
    unmarked     a model fine-tuned on the originals of the same passages

with the base as reference (the base itself has none). Then the power of the test on random subsets
of the trained documents, with the base, without a reference, and with an unrelated model if one is
named. Needs `leximark assets --all`. An interrupted run continues where it stopped.
"""

import argparse
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import binomtest

from membership.audit.observations import SiteLogprobs
from membership.evidence.redraw import redraw_test
from membership.evidence.result import rounded_up
from pipelines.experiments.trials.passages import passages
from pipelines.jobs.mark import make_intent, make_leximark, mark_command
from pipelines.jobs.verify import verify_command
from pipelines.loading.models import ModelOptions
from pipelines.reporting.report import Report
from pipelines.training.training import TrainingSettings, load_base, train_once
from watermark.assets import find_model
from watermark.errors import PrerequisiteError
from watermark.keys import KEY_BYTES, Key, write_key
from watermark.substitution.acceptability import Quality
from watermark.vault.vault import Vault, open_vault

N_PASSAGES = 333
CORPUS, SEED = "news", 2
QUALITY: Quality = "best"
"""What `leximark mark` has where its models are installed, which this experiment needs as well."""
TRAINING = TrainingSettings(learning_rate=1e-4, epochs=1, batch_size=4, seed=SEED)
SUBSETS, N_SUBSETS, ALPHA = (5, 10, 15, 30, 45, 60, 100), 300, 0.001
ALL_PUBLISHED, WITH_SITES = "published passages, with a site or without", "passages with a site"
"""What the subsets are drawn from, and what those of older results were."""
N_NULL_KEYS = 500


def main() -> None:
    """Run what is missing, then write `results.json` and `README.md`."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path, help="folder for everything; an earlier run is gone on")
    parser.add_argument("--unrelated", help="another language model, as an unrelated reference")
    arguments = parser.parse_args()
    results = run(arguments.out, arguments.unrelated)
    (arguments.out / "README.md").write_text(describe(results), encoding="utf-8")


def run(out: Path, unrelated: str | None = None, seed: int = SEED) -> dict[str, Any]:
    """Run the experiment and return its numbers."""
    out.mkdir(parents=True, exist_ok=True)
    base = str(find_model("smollm2-135m"))
    vaults = {
        name: mark_passages(out / name, number, seed)
        for number, name in enumerate(("ours", "other"))
    }
    ours = vaults["ours"]
    published = [(d, m) for d, m in ours.marked() if d.status == "published"]
    texts = {
        "trained": [m.document.text for _, m in published],
        "unmarked": [d.original for d, _ in published],
    }
    models = {name: fine_tune(out / "models" / name, t, seed) for name, t in texts.items()}
    suspects = {
        "trained": (ours, models["trained"], (base,)),
        "trained, no reference": (ours, models["trained"], ()),
        "base": (ours, base, ()),
        "wrong key": (vaults["other"], models["trained"], (base,)),
        "unmarked": (ours, models["unmarked"], (base,)),
    }
    if unrelated:
        suspects["trained, unrelated reference"] = (ours, models["trained"], (unrelated,))
    results: dict[str, Any] = {"audits": {}, "power": {}, "subsets_of": ALL_PUBLISHED}
    for name, (vault, model, references) in suspects.items():
        audited = once(
            out / "audits" / f"{name.replace(', ', '-').replace(' ', '-')}.json",
            lambda: audit(out, vault, model, references, name, seed),  # noqa: B023 - called at once
        )
        results["audits"][name] = audited["report"]
        if "power" in audited:
            results["power"][name] = audited["power"]
    results["training"] = TRAINING.of_seed(seed).__dict__ | {"model": "smollm2-135m"}
    (out / "results.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return results


def once(path: Path, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return the contents of a file, which is made first if it does not exist."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(make(), indent=2)
        path.with_suffix(".partial").write_text(text, encoding="utf-8")
        path.with_suffix(".partial").rename(path)
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def mark_passages(folder: Path, number: int, seed: int) -> Vault:
    """Mark the passages with one of two fixed keys."""
    key_file, scheme = folder / "key", make_leximark(QUALITY)
    if not (folder / "vault").exists():
        folder.mkdir(parents=True, exist_ok=True)
        if not key_file.exists():
            write_key(key_file, Key(np.random.default_rng([seed, number]).bytes(KEY_BYTES)))
        corpus = folder / "passages.jsonl"
        rows = (d.__dict__ for d in passages(CORPUS, N_PASSAGES, seed=seed))
        corpus.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        mark_command(
            corpus,
            folder / "published",
            folder / "vault",
            make_intent(scheme),
            id_column="id",
            key_file=key_file,
        )
    vault = open_vault(folder / "vault", key_file)
    if vault.plan.scheme != json.loads(json.dumps(scheme.describe())):
        raise PrerequisiteError(
            f"{folder}: marked with other settings than the defaults of today; choose a new OUT"
        )
    return vault


def fine_tune(folder: Path, texts: list[str], seed: int) -> str:
    """Fine-tune the base model on texts, all weights, one epoch."""
    settings = replace(TRAINING.of_seed(seed), checkpoint_steps=25)
    base = find_model("smollm2-135m")
    return str(train_once(lambda: load_base(base, settings), texts, folder, settings))


def audit(
    out: Path, vault: Vault, model: str, references: tuple[str, ...], name: str, seed: int
) -> dict[str, Any]:
    """Run `verify` and, for the trained model, the power on subsets."""
    key_file = vault.folder.with_name("key")
    folder = out / "reports" / name.replace(", ", "-").replace(" ", "-")
    if folder.exists():  # cut between report and numbers
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
    report = verify_command(
        vault.folder,
        model,
        references,
        folder,
        ModelOptions(cache=out / "traces"),
        key_file=key_file,
        n_null_keys=N_NULL_KEYS,
    )
    found: dict[str, Any] = {"report": report.as_dict()}
    if name.startswith("trained"):
        found["power"] = power(report, vault.key, seed)
    return found


def power(report: Report, key: Key, seed: int) -> dict[str, list[int]]:
    """Return how many of the random subsets of each size have p below `ALPHA`.

    They are drawn from all published documents, whether a document has a site or not.
    """
    rng = np.random.default_rng(seed)
    found = report.audit.observations
    readings, corpus = found.site_logprobs, found.corpus
    ids = [d.id for d, out in zip(corpus.documents, corpus.published, strict=True) if out]
    return {
        str(size): [
            sum(
                _detected(readings, set(rng.choice(ids, size, replace=False)), key)
                for _ in range(N_SUBSETS)
            ),
            N_SUBSETS,
        ]
        for size in SUBSETS
    }


def _detected(readings: SiteLogprobs, documents: set[str], key: Key) -> bool:
    try:
        table = readings.table(documents=documents)
        return redraw_test(table, key, alpha=ALPHA, n_resamples=9_999).pvalue < ALPHA
    except PrerequisiteError:
        return False  # a subset without a usable site


def describe(results: Mapping[str, Any]) -> str:
    """Return the page that stands beside the numbers."""
    run = results["audits"]["trained"]["run"]
    corpus = results["audits"]["trained"]["corpus"]
    lines = [
        "# The main job on real text",
        "",
        f"{corpus['n_documents']} news passages of about 130 tokens, marked with the default "
        f"settings: {corpus['n_sites']} sites, {corpus['n_changed']} words changed, "
        f"{corpus['n_held_out']} passages held out. SmolLM2-135M, all weights, "
        f"{TRAINING.epochs:g} epoch, learning rate {TRAINING.learning_rate:g}, batch "
        f"{TRAINING.batch_size}, seed {results['training']['seed']}.",
        "",
        "    python -m pipelines.experiments.standalone.proof OUT",
        "",
        "| suspect | reference | re-draw p | bound on p | z | effect (nats) | detectable | sites | "
        "draws | hold-out p | AUROC | null: KS p |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
        *(_audit_row(name, report) for name, report in results["audits"].items()),
        "",
        "Each p is from 99,999 re-draws, so 1e-05 is the least that can be seen. *z* counts "
        "standard deviations above the mean of the null and is an effect size, not a test. The "
        f"hold-out test compares {corpus['n_documents'] - corpus['n_held_out']} published with "
        f"{corpus['n_held_out']} withheld passages; its detector is the plan's. The last column "
        f"re-keys the same table {N_NULL_KEYS} times and tests the p-values for uniformity.",
        "",
        "The two tests ask different questions. The unmarked model was trained on the originals of "
        "the published passages: it knows the passages, as the hold-out test says, and not our "
        "coins, as the re-draw test says. A reference that cuts text into other tokens is "
        "compared per byte.",
        "",
        f"## Power: share of random subsets of the trained passages with p < {ALPHA:g}",
        "",
        f"{N_SUBSETS} subsets a size of the {results.get('subsets_of', WITH_SITES)}, 9,999 "
        "re-draws each; 95 % Clopper-Pearson intervals. The subsets overlap and come from one "
        "trained model, so the intervals do not cover what another training run would change.",
        "",
        "| documents | " + " | ".join(results["power"]) + " |",
        "|---|" + "---|" * len(results["power"]),
    ]
    for size in results["power"]["trained"]:
        cells = [_share(*counts[size]) for counts in results["power"].values()]
        lines.append(f"| {size} | " + " | ".join(cells) + " |")
    versions = ", ".join(f"{k} {v}" for k, v in run["versions"].items())
    machine = ", ".join(run["machine"].values()) + " cores"
    lines += ["", f"Machine: {machine}. Versions: {versions}. Commit {run['commit']}."]
    return "\n".join(lines) + "\n"


def _audit_row(name: str, report: Mapping[str, Any]) -> str:
    first = report["primary"]
    second = next(iter(report["others"]), None)
    reference = ", ".join(m["name"] for m in report["run"]["inputs"]["references"].values())
    cells = [
        name.partition(",")[0],
        reference or "none",
        f"{first['pvalue']:.2g}",
        rounded_up(first["chernoff_bound"]),
        f"{first['zscore']:.1f}",
        f"{first['effect']:.2f}",
        "-" if first["detectable_effect"] is None else f"{first['detectable_effect']:.2f}",
        str(first["details"]["n_sites"]),
        str(first["details"]["n_draws"]),
        f"{second['pvalue']:.2g}" if second else "-",
        f"{second['effect']:.3f}" if second else "-",
        f"{report['simulated_null']['ks_pvalue']:.2g}",
    ]
    return "| " + " | ".join(cells) + " |"


def _share(found: int, n: int) -> str:
    interval = binomtest(found, n).proportion_ci(0.95, method="exact")
    return f"{found / n:.2f} ({interval.low:.2f} to {interval.high:.2f})"


if __name__ == "__main__":
    main()
