"""The benchmarks of DC-PDD: pretraining data of public models, every one-pass detector.

    leximark reproduce dcpdd_benchmarks --out OUT

Source: W. Zhang et al., "Pretraining Data Detection for Large Language Models: A Divergence-based
Calibration Method", EMNLP 2024. Our models differ: GPT-3 is no longer available, Baichuan needs
remote code, and OPT has no safetensors. These benchmarks are split by date or by book, so the
blind baseline, which never sees a model, stands beside every number.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from huggingface_hub import hf_hub_download

from membership.detectors import default_detectors
from membership.detectors.dc_pdd import DcPdd
from membership.evidence.blind import blind_baseline
from membership.models.checkpoint import find_tokenizer
from membership.models.local.huggingface import load_tokenizer
from membership.scoring import score_documents
from membership.token_frequencies import load_frequencies
from pipelines.experiments.runner.experiment import Experiment, Needs
from pipelines.experiments.runner.records import Cell, Measure, Row
from pipelines.experiments.runner.summary import markdown_table, mean_of, names, select_rows
from pipelines.experiments.trials.measures import measure_scores
from pipelines.experiments.trials.paper_corpora import find_dataset
from pipelines.jobs.score import frequencies_command
from pipelines.loading.labelled import Record, labels_of, read_records
from pipelines.loading.models import ModelOptions, load_model
from pipelines.loading.option_values import Form

MAX_WORDS = 512
C4, C4_SHARDS = "allenai/c4", tuple(f"en/c4-train.{i:05d}-of-01024.json.gz" for i in range(15))
CHINESE_WEB = "CASIA-LM/ChineseWebText"
"""The reference corpus for Chinese has no fixed files, so a local copy is needed."""


@dataclass(frozen=True)
class Benchmark:
    """A labelled data set and the models that may have been trained on its members."""

    dataset: str
    form: Form
    split: str
    models: tuple[str, ...]
    reference: str = C4
    """Corpus that the token frequencies are counted on."""


ENGLISH = ("EleutherAI/pythia-6.9b", "huggyllama/llama-13b", "EleutherAI/gpt-neox-20b")
BENCHMARKS = {
    **{
        f"WikiMIA {n}": Benchmark("swj0419/WikiMIA", "wikimia", f"WikiMIA_length{n}", ENGLISH)
        for n in (32, 64, 128, 256)
    },
    "BookMIA": Benchmark("swj0419/BookMIA", "bookmia", "train", ENGLISH),
    "PatentMIA": Benchmark(
        "zwc-chao/PatentMIA", "patentmia", "train", ("Qwen/Qwen1.5-14B",), CHINESE_WEB
    ),
}


def cells(seeds: int) -> list[Cell]:
    """Return the cells; only the folds of the blind baseline are random."""
    return [
        Cell("dcpdd_benchmarks", {"benchmark": name, "model": model, "seed": seed})
        for seed in range(seeds)
        for name, benchmark in BENCHMARKS.items()
        for model in benchmark.models
    ]


def run(cell: Cell, folder: Path) -> Iterator[Measure]:
    """Score a benchmark with a model."""
    benchmark, model = BENCHMARKS[str(cell.settings["benchmark"])], str(cell.settings["model"])
    source = find_dataset(benchmark.dataset)
    records = read_records(
        source,
        benchmark.form,
        split=None if Path(source).is_file() else benchmark.split,
        max_words=MAX_WORDS,
    )
    table = frequencies(benchmark.reference, model, folder.parent)
    yield from measure_benchmark(records, model, table, int(cell.settings["seed"]))


def frequencies(corpus: str, model: str, folder: Path) -> Path:
    """Return the table of token frequencies of a model's tokenizer; count it if it is missing."""
    out = folder / f"{corpus}-{model}.npz".replace("/", "--")
    if not out.exists():
        source = Path(find_dataset(corpus))
        if not source.exists():
            source = folder / corpus.replace("/", "--")
            for shard in C4_SHARDS:
                hf_hub_download(corpus, shard, repo_type="dataset", local_dir=source)
        frequencies_command(str(source), model, out)
    return out


def measure_benchmark(
    records: list[Record],
    model: str,
    table: Path,
    seed: int,
    options: ModelOptions = ModelOptions(),
) -> Iterator[Measure]:
    """Yield AUROC and TPR at 5 % FPR of each detector, and of the blind baseline."""
    members = labels_of([record.columns for record in records], "label")
    documents = [record.document for record in records]
    suspect = load_model(model, options)
    fingerprint = load_tokenizer(find_tokenizer(model)).fingerprint()
    calibrated = DcPdd(load_frequencies(table), fingerprint)
    detectors = {
        name: detector
        for name, detector in {**default_detectors(), calibrated.name: calibrated}.items()
        if detector.needs <= suspect.abilities
    }
    rows = list(score_documents(documents, detectors, suspect, None))
    scores = {name: np.array([row[name].value for row in rows]) for name in detectors}
    texts = [document.text for document in documents]
    scores["blind"] = blind_baseline(texts, members, rng=np.random.default_rng(seed)).scores
    for name, values in scores.items():
        yield from measure_scores(name, values, members)


def describe(rows: list[Row], folder: Path) -> str:
    """Return the page, with one table per benchmark."""
    lines = [
        "# Benchmarks of pretraining data",
        "",
        "AUROC / TPR at 5 % FPR. *blind* never sees the model: a detector that is not above it may "
        "have found the date or the book, not the training.",
        "",
    ]
    for benchmark in names(rows, "benchmark"):
        some = select_rows(rows, benchmark=benchmark)
        models = names(some, "model")
        lines += [f"## {benchmark}", ""]
        lines += markdown_table(
            ["detector", *models],
            ([name, *(_pair(some, name, model) for model in models)] for name in names(some, "of")),
        )
    return "\n".join(lines) + "\n"


def _pair(rows: list[Row], detector: str, model: str) -> str:
    found = (
        mean_of(r["value"] for r in select_rows(rows, model=model, of=detector, measure=measure))
        for measure in ("auroc", "tpr_at_5_fpr")
    )
    return " / ".join(f"{mean.value:.3f}" for mean in found)


EXPERIMENT = Experiment(
    name="dcpdd_benchmarks",
    title="WikiMIA, BookMIA, PatentMIA with DC-PDD and every one-pass detector",
    needs=Needs(
        models=tuple(dict.fromkeys(m for b in BENCHMARKS.values() for m in b.models)),
        datasets=(*dict.fromkeys(b.dataset for b in BENCHMARKS.values()), C4),
        local_datasets=(CHINESE_WEB,),
        gpu_gigabytes=48,
        hours=24,
    ),
    seeds=1,
    cells=cells,
    run=run,
    describe=describe,
)
