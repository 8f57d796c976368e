"""Set the smallest weights to zero."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import torch

from attacks.attack import ModelAttack, check_fraction
from attacks.model.checkpoint import edit_weights


@dataclass(frozen=True)
class Pruning(ModelAttack):
    """Sets a share of each matrix to zero, those of least magnitude, without retraining.

    Source: Han et al., "Learning both weights and connections", NeurIPS 2015, per matrix as in the
    magnitude baseline of SparseGPT (Frantar and Alistarh, ICML 2023). Embeddings are pruned too.
    """

    name: ClassVar[str] = "pruning"
    share: float = 0.3
    """Share of the weights of each matrix that is set to zero, in [0, 1]."""

    def __post_init__(self) -> None:
        """Reject an invalid share."""
        check_fraction("share", self.share)

    def transform(self, model: Path, out: Path) -> None:
        """Write the pruned model."""
        edit_weights(model, out, lambda _, weight: self._pruned(weight))

    def _pruned(self, weight: torch.Tensor) -> torch.Tensor:
        n = round(self.share * weight.numel())
        if not n:
            return weight
        smallest = weight.abs().flatten().topk(n, largest=False).indices
        kept = torch.ones(weight.numel(), dtype=torch.bool, device=weight.device)
        kept[smallest] = False
        return weight * kept.reshape(weight.shape)
