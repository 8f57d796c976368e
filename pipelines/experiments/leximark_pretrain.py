"""Table of the LexiMark paper: continued pre-training of three Pythia models, all weights.

    leximark reproduce leximark_pretrain --out OUT

Needs the hub and, for the two larger models, a GPU. Published numbers: Min-K%++ (k = 20 %), no mark
and LexiMark with k = 5 and synonyms by concatenation.
"""

from pipelines.experiments.paper_grid import grid_cells, grid_describe, grid_run
from pipelines.experiments.runner.experiment import Experiment, Needs
from pipelines.experiments.trials.paper_corpora import BOOKMIA, PILE
from pipelines.training.presets import PRETRAIN

M160, M410, M1000 = MODELS = (
    "EleutherAI/pythia-160m",
    "EleutherAI/pythia-410m",
    "EleutherAI/pythia-1b",
)
PUBLISHED = {
    ("BookMIA", M160): (77.5, 95.0),
    ("BookMIA", M410): (87.3, 97.0),
    ("BookMIA", M1000): (88.1, 96.2),
    ("Enron Emails", M160): (79.1, 85.2),
    ("Enron Emails", M410): (84.6, 87.6),
    ("Enron Emails", M1000): (85.8, 89.0),
    ("PubMed Abstracts", M160): (69.9, 77.9),
    ("PubMed Abstracts", M410): (86.5, 89.0),
    ("PubMed Abstracts", M1000): (93.8, 96.5),
    ("Wikipedia (en)", M160): (68.4, 74.5),
    ("Wikipedia (en)", M410): (76.8, 84.5),
    ("Wikipedia (en)", M1000): (80.2, 87.9),
    ("FreeLaw", M160): (67.2, 79.8),
    ("FreeLaw", M410): (73.9, 87.1),
    ("FreeLaw", M1000): (78.1, 91.4),
    ("USPTO Backgrounds", M160): (69.5, 79.4),
    ("USPTO Backgrounds", M410): (80.5, 89.8),
    ("USPTO Backgrounds", M1000): (83.5, 92.0),
}

EXPERIMENT = Experiment(
    name="leximark_pretrain",
    title="the paper's continued pre-training: six data sets, three Pythia models, all schemes",
    needs=Needs(models=MODELS, datasets=(BOOKMIA, PILE), gpu_gigabytes=24, hours=120),
    seeds=1,
    cells=grid_cells("leximark_pretrain", MODELS),
    run=grid_run(PRETRAIN),
    describe=grid_describe(PUBLISHED),
)
