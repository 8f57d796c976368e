"""The chance that a reader accepts a candidate: a logistic regression over its features.

The regression of `best` has the log-odds of that of `fast` among its features.

The weights are in `acceptability.json` beside this file. They were fitted to human judgements by
`pipelines/experiments/standalone/acceptability.py`, which also says how good they are.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from math import exp
from pathlib import Path
from typing import Literal

Quality = Literal["fast", "best"]
"""`fast` needs no model; `best` needs a language model, and for WordNet's words an encoder."""

FILE = Path(__file__).with_name("acceptability.json")


@dataclass(frozen=True)
class AcceptabilityModel:
    """A fitted regression."""

    weights: Mapping[str, float]
    """One for each feature that counts, in the feature's own unit."""
    intercept: float
    threshold: float
    """The least chance that marking asks for by default, in (0, 1)."""
    offer_threshold: float
    """The least chance of what is shown as a candidate by default: lower, and measured."""

    def probability(self, features: Mapping[str, float]) -> float:
        """Return the chance, in (0, 1), that a reader accepts a candidate with these features."""
        return 1 / (1 + exp(-self.log_odds(features)))

    def log_odds(self, features: Mapping[str, float]) -> float:
        """Return the logarithm of the odds that a reader accepts it, in [-50, 50]."""
        score = self.intercept + sum(w * features[name] for name, w in self.weights.items())
        return max(-50.0, min(50.0, score))


@cache
def load_acceptability(quality: Quality) -> AcceptabilityModel:
    """Return the regression for a quality."""
    stored = json.loads(FILE.read_text(encoding="utf-8"))[quality]
    return AcceptabilityModel(
        stored["weights"], stored["intercept"], stored["threshold"], stored["offer_threshold"]
    )
