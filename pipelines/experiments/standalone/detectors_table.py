"""Every detector on the fine-tuned model of the main job: members against passages never shown.

    python -m pipelines.experiments.standalone.detectors_table OUT --proof PROOF --report FOLDER

PROOF is the folder of `pipelines.experiments.standalone.proof`. Members are published passages that
the model was trained on; nonmembers are the passages held out, and more of the same random order of
news, marked with the same key and never trained on. The base is the reference. Token frequencies
for DC-PDD, and the prefix of ReCaLL, come from further passages. An interrupted run continues where
it stopped.
"""

import argparse
import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from membership.roc import FPRS, Separation
from pipelines.experiments.standalone.proof import CORPUS, N_PASSAGES, SEED
from pipelines.experiments.trials.passages import passages
from pipelines.jobs.evaluate import Evaluation, evaluate_command, table_lines
from pipelines.jobs.mark import make_intent, mark_command
from pipelines.jobs.score import Extras, frequencies_command, score_command
from pipelines.loading.labelled import read_records
from pipelines.loading.models import ModelOptions
from watermark.assets import find_model
from watermark.schemes.leximark import LexiMark
from watermark.vault.vault import open_vault

N_EACH = 200
N_PREFIX, N_FREQUENCIES = 2, 2000
STAGES: dict[str, tuple[str, ...]] = {
    "one-pass": (),
    "more-passes": ("lowercase", "pac", "recall"),
}


def main() -> None:
    """Run what is missing, then write the report."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("out", type=Path, help="folder for everything; an earlier run is gone on")
    parser.add_argument("--proof", type=Path, required=True, help="folder of the main job")
    parser.add_argument("--report", type=Path, help="folder for README.md and table.csv")
    parser.add_argument(
        "--more-passes", action="store_true", help="also detectors that read more texts: hours"
    )
    arguments = parser.parse_args()
    stages = list(STAGES)[: 2 if arguments.more_passes else 1]
    evaluations = run(arguments.out, arguments.proof, stages)
    write_report(arguments.report or arguments.out, arguments.out, evaluations)


def run(out: Path, proof: Path, stages: Sequence[str]) -> dict[str, Evaluation]:
    """Run stages of the experiment and return an evaluation for each."""
    base = str(find_model("smollm2-135m"))
    corpus = write_corpus(out, proof)
    frequencies = out / "frequencies.npz"
    if not frequencies.exists():
        at_large = out / "at-large.jsonl"
        _write(at_large, [{"text": t} for t in _further(N_FREQUENCIES, N_PREFIX)])
        frequencies_command(str(at_large), base, frequencies)
    extras = Extras(frequencies, nonmembers=tuple(_further(N_PREFIX, 0)))
    evaluations = {}
    for stage in stages:
        detectors = STAGES[stage]
        scores = out / f"{stage}.parquet"
        if not scores.exists():
            scores.with_name(scores.name + ".run.json").unlink(missing_ok=True)
            records = read_records(str(corpus), id_column="id")
            model, other = str(proof / "models" / "trained"), None if detectors else base
            own = extras if not detectors else replace(extras, frequencies=None)
            score_command(
                records, model, other, scores, ModelOptions(), detectors=detectors, extras=own
            )
        folder = out / f"evaluation-{stage}"
        if folder.exists():
            for file in folder.iterdir():
                file.unlink()
            folder.rmdir()
        evaluations[stage] = evaluate_command(scores, "label", folder, seed=SEED)
    return evaluations


def write_corpus(out: Path, proof: Path) -> Path:
    """Write members and nonmembers, as many of each, into one labelled file."""
    path = out / "corpus.jsonl"
    if path.exists():
        return path
    key_file = proof / "ours" / "key"
    rows = list(open_vault(proof / "ours" / "vault", key_file).marked())
    members = [m.document for row, m in rows if row.status == "published"][:N_EACH]
    nonmembers = [m.document for row, m in rows if row.status != "published"]
    fresh = passages(CORPUS, N_EACH - len(nonmembers), seed=SEED, skip=N_PASSAGES)
    _write(out / "fresh.jsonl", [document.__dict__ for document in fresh])
    mark_command(
        out / "fresh.jsonl",
        out / "fresh",
        out / "fresh-vault",
        make_intent(LexiMark(sources=("wordnet",)), holdout_share=0.0),
        id_column="id",
        key_file=key_file,
    )
    marked = [record.document for record in read_records(str(out / "fresh"), id_column="id")]
    groups = ((1, members), (0, [*nonmembers, *marked]))
    _write(path, [{**d.__dict__, "label": label} for label, of in groups for d in of])
    return path


def _further(n: int, skip: int) -> list[str]:
    """Return passages that are neither in the main job nor scored here."""
    found = passages(CORPUS, n, seed=SEED, skip=N_PASSAGES + N_EACH + skip)
    return [document.text for document in found]


def _write(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def write_report(folder: Path, out: Path, evaluations: dict[str, Evaluation]) -> None:
    """Write a page and a table of all detectors."""
    folder.mkdir(parents=True, exist_ok=True)
    first = next(iter(evaluations.values()))
    found = {name: s for e in evaluations.values() for name, s in e.detectors.items()}
    ordered = dict(sorted(found.items(), key=lambda item: -item[1].auroc))
    both = replace(first, detectors=ordered)
    run_of = json.loads((out / "one-pass.parquet.run.json").read_text(encoding="utf-8"))
    lines = [
        "# Every detector on the fine-tuned model of the main job",
        "",
        f"{N_EACH} marked news passages that SmolLM2-135M was fine-tuned on for one epoch, against "
        f"{N_EACH} of the same random order, marked with the same key, that it was not. The base "
        "is the reference; 95 % intervals from 2,000 bootstrap samples of the documents.",
        "",
        "    python -m pipelines.experiments.standalone.detectors_table OUT --proof PROOF",
        "",
        *table_lines(both),
        "",
        *_below_chance(ordered),
        f"Machine: {_said(run_of['machine'])}. Versions: {_said(run_of['versions'])}. Commit "
        f"{run_of['commit']}.",
    ]
    (folder / "README.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    with (folder / "table.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["detector", "auroc", "low", "high", *(f"tpr_at_{r:g}" for r in FPRS)])
        for name, s in {"blind baseline": first.blind_separation, **ordered}.items():
            writer.writerow([name, s.auroc, s.low, s.high, *s.tpr.values()])


def _below_chance(found: Mapping[str, Separation]) -> list[str]:
    """Name the detectors whose direction does not hold here."""
    names = [name for name, s in found.items() if s.high < 0.5]
    if not names:
        return []
    return [
        f"Below one half with the whole interval: {', '.join(names)}. The direction of a detector "
        "is fixed in advance by its paper's argument, and nothing is flipped.",
        "",
    ]


def _said(record: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in record.items())


if __name__ == "__main__":
    main()
