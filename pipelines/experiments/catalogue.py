"""All experiments by name; `leximark reproduce` runs them."""

from pipelines.experiments import laptop, leximark_finetune, leximark_pretrain, smoke
from pipelines.experiments.experiment import Experiment

MODULES = (smoke, laptop, leximark_finetune, leximark_pretrain)
EXPERIMENTS: dict[str, Experiment] = {
    module.EXPERIMENT.name: module.EXPERIMENT for module in MODULES
}
"""In the order in which they are listed."""
