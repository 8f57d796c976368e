"""What marks were measured to leave in a model: the table that forecasts of power rest on.

The numbers and their sources are in `effects.json` beside this file.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from membership.evidence.sensitivity import Sensitivity

FILE = Path(__file__).with_name("effects.json")


@dataclass(frozen=True)
class SuspectKind:
    """What a suspect returns and what it is compared with."""

    words: str
    effect: float
    """By how many nats (choices: what share of answers) one epoch of fine-tuning lets a published
    word gain, mean over sites."""
    error: float
    """Standard error of the effect, from one training."""
    noise: float
    correlation: float
    coefficients: int
    """How many coefficients the adjustment of the score table fits."""
    scales_with_spread: bool
    """Whether the noise grows with the spread of the preferences in a corpus."""
    source: str


@dataclass(frozen=True)
class Training:
    """How often and when a model reads the texts."""

    words: str
    share_of_effect: float
    """Share of the effect of one epoch of fine-tuning."""
    measured: bool
    """Whether marks were measured under it; otherwise the effect is derived from detection."""
    source: str


@dataclass(frozen=True)
class Effects:
    """The whole table."""

    suspects: Mapping[str, SuspectKind]
    trainings: Mapping[str, Training]
    stand_in: str
    """Asset of the language model whose spread stands for that of suspects."""
    spread: float
    """Its spread on the corpus of the measurements."""

    def sensitivity(self, suspect: str, training: str, spread: float) -> Sensitivity:
        """Return what a suspect would show of the marks of a corpus.

        Args:
            suspect: What the suspect returns.
            training: How it was trained.
            spread: Spread of the stand-in on the corpus.
        """
        kind, share = self.suspects[suspect], self.trainings[training].share_of_effect
        noise = kind.noise * (spread / self.spread if kind.scales_with_spread else 1.0)
        return Sensitivity(
            kind.effect * share, noise, kind.correlation, kind.error * share, kind.coefficients
        )


@cache
def load_effects() -> Effects:
    """Return the table that ships with the program."""
    stored = json.loads(FILE.read_text(encoding="utf-8"))
    return Effects(
        {name: SuspectKind(**row) for name, row in stored["suspects"].items()},
        {name: Training(**row) for name, row in stored["trainings"].items()},
        stored["stand_in"]["model"],
        stored["stand_in"]["spread"],
    )
