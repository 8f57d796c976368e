"""All experiments by name; `leximark reproduce` runs them."""

from pipelines.experiments import (
    ablations,
    attacks,
    attacks_schemes,
    attacks_smollm2,
    dcpdd_benchmarks,
    hubble_ladder,
    laptop,
    leximark_finetune,
    leximark_pretrain,
    proof,
    records_needed,
    smoke,
)
from pipelines.experiments.runner.experiment import Experiment

MODULES = (
    smoke,
    laptop,
    proof,
    hubble_ladder,
    ablations,
    records_needed,
    attacks,
    attacks_smollm2,
    attacks_schemes,
    leximark_finetune,
    leximark_pretrain,
    dcpdd_benchmarks,
)
EXPERIMENTS: dict[str, Experiment] = {
    module.EXPERIMENT.name: module.EXPERIMENT for module in MODULES
}
"""The experiments, in the order in which they are listed."""
