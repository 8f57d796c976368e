"""All experiments by name; `leximark reproduce` runs them."""

from pipelines.experiments import laptop, smoke
from pipelines.experiments.experiment import Experiment

EXPERIMENTS: dict[str, Experiment] = {
    module.EXPERIMENT.name: module.EXPERIMENT for module in (smoke, laptop)
}
"""In the order in which they are listed."""
