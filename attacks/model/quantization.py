"""Round the weights of the linear layers and the output head to 8 or 4 bits."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor

from attacks.attack import ModelAttack
from attacks.model.checkpoint import edit_linear_layers


@dataclass(frozen=True)
class Quantization(ModelAttack):
    """Rounds the weights of the linear layers and the output head, and writes them as float32.

    Source: symmetric round-to-nearest, as weight-only quantization does without calibration: each
    `group` of weights of a row shares one scale. Ours stores the rounded values as float32, so that
    any auditor reads the folder; the information that is lost is the same. Embeddings keep their
    precision unless the model ties them to the head. Not torchao, which writes to stderr whenever
    transformers is imported.
    """

    name: ClassVar[str] = "quantization"
    bits: int = 8
    """From 2 to 8."""
    group: int = 32
    """Weights of a row that share a scale."""

    def __post_init__(self) -> None:
        """Reject an invalid number of bits or weights."""
        if not 2 <= self.bits <= 8:
            raise ValueError(f"bits must lie in [2, 8], got {self.bits}")
        if self.group < 1:
            raise ValueError(f"group must be 1 or more, got {self.group}")

    def transform(self, model: Path, out: Path) -> None:
        """Write the model with rounded weights.

        Raises:
            ModelError: There is no linear layer besides the head.
        """
        edit_linear_layers(model, out, lambda _, weight: rounded(weight, self.bits, self.group))


def rounded(weight: Tensor, bits: int, group: int) -> Tensor:
    """Return a matrix after rounding; the last group of a row may be shorter."""
    largest = 2 ** (bits - 1) - 1
    groups = []
    for part in torch.split(weight, group, dim=1):
        scale = part.abs().amax(1, keepdim=True).clamp_min(1e-12) / largest
        groups.append((part / scale).round() * scale)
    return torch.cat(groups, dim=1)
