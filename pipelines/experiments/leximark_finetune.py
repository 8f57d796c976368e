"""Table of the LexiMark paper: QLoRA fine-tuning of four models of about 7 billion parameters.

    leximark reproduce leximark_finetune --out OUT

Needs a CUDA GPU and the hub. Published numbers: Min-K%++ (k = 20 %), no mark and LexiMark with
k = 5 and synonyms by concatenation.
"""

from pipelines.experiments.paper_grid import grid_cells, grid_describe, grid_run
from pipelines.experiments.runner.experiment import Experiment, Needs
from pipelines.experiments.trials.paper_corpora import BOOKMIA, PILE
from pipelines.training.presets import FINETUNE

PYTHIA, LLAMA1, LLAMA3, MISTRAL = MODELS = (
    "EleutherAI/pythia-6.9b",
    "huggyllama/llama-7b",
    "meta-llama/Llama-3.1-8B",
    "mistralai/Mistral-7B-v0.1",
)
PUBLISHED = {
    ("BookMIA", PYTHIA): (69.1, 94.8),
    ("BookMIA", LLAMA1): (73.2, 95.9),
    ("BookMIA", LLAMA3): (79.0, 96.9),
    ("BookMIA", MISTRAL): (84.7, 96.7),
    ("Enron Emails", PYTHIA): (65.6, 72.3),
    ("Enron Emails", LLAMA1): (65.6, 69.8),
    ("Enron Emails", LLAMA3): (71.3, 75.3),
    ("Enron Emails", MISTRAL): (78.1, 81.6),
    ("PubMed Abstracts", PYTHIA): (68.7, 76.0),
    ("PubMed Abstracts", LLAMA1): (72.2, 80.7),
    ("PubMed Abstracts", LLAMA3): (78.4, 83.3),
    ("PubMed Abstracts", MISTRAL): (83.8, 88.7),
    ("Wikipedia (en)", PYTHIA): (65.5, 74.5),
    ("Wikipedia (en)", LLAMA1): (63.1, 73.0),
    ("Wikipedia (en)", LLAMA3): (70.8, 78.9),
    ("Wikipedia (en)", MISTRAL): (77.2, 84.6),
    ("FreeLaw", PYTHIA): (67.7, 83.3),
    ("FreeLaw", LLAMA1): (57.2, 61.6),
    ("FreeLaw", LLAMA3): (70.9, 87.0),
    ("FreeLaw", MISTRAL): (80.1, 92.0),
    ("USPTO Backgrounds", PYTHIA): (63.4, 76.1),
    ("USPTO Backgrounds", LLAMA1): (65.0, 78.5),
    ("USPTO Backgrounds", LLAMA3): (72.4, 82.5),
    ("USPTO Backgrounds", MISTRAL): (82.0, 89.8),
}

EXPERIMENT = Experiment(
    name="leximark_finetune",
    title="the paper's QLoRA table: six data sets, four 7B models, all schemes and detectors",
    needs=Needs(models=MODELS, datasets=(BOOKMIA, PILE), gpu_gigabytes=48, hours=400),
    seeds=1,
    cells=grid_cells("leximark_finetune", MODELS),
    run=grid_run(FINETUNE),
    describe=grid_describe(PUBLISHED),
)
