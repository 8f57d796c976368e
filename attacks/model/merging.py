"""Merge the weights of a model with those of another, such as its base."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import torch

from attacks.attack import ModelAttack, check_fraction
from attacks.model.checkpoint import load_checkpoint, save_checkpoint
from watermark.errors import ModelError


@dataclass(frozen=True)
class Merging(ModelAttack):
    """Averages each tensor with that of the other model, on a line or on an arc.

    Source: linear merging as in model soups (Wortsman et al., ICML 2022); spherical interpolation
    (Shoemake, SIGGRAPH 1985) of each tensor as one vector. Tensors that are nearly parallel are
    merged linearly.
    """

    name: ClassVar[str] = "merging"
    other: Path
    """Folder of the other model, of the same architecture."""
    share: float = 0.5
    """Weight of the other model, in [0, 1]."""
    method: str = "linear"
    """`linear` or `slerp`."""

    def __post_init__(self) -> None:
        """Reject an invalid share or method."""
        check_fraction("share", self.share)
        if self.method not in ("linear", "slerp"):
            raise ValueError(f"method must be linear or slerp, got {self.method!r}")

    def transform(self, model: Path, out: Path) -> None:
        """Write the merged model, with the tokenizer of the attacked one.

        Raises:
            ModelError: The models have different tensors or vocabularies.
        """
        loaded, tokenizer = load_checkpoint(model)
        other, other_tokenizer = load_checkpoint(self.other)
        if other_tokenizer.get_vocab() != tokenizer.get_vocab():
            raise ModelError(
                f"merging: {self.other} has another vocabulary than the model: name a model with "
                "the same tokenizer"
            )
        others = dict(other.named_parameters())
        self._check_shapes(dict(loaded.named_parameters()), others)
        merge = _slerp if self.method == "slerp" else torch.lerp
        with torch.no_grad():
            for name, weight in loaded.named_parameters():
                weight.copy_(merge(weight, others[name], self.share))
        save_checkpoint(loaded, tokenizer, out)

    def _check_shapes(
        self, ours: Mapping[str, torch.Tensor], others: Mapping[str, torch.Tensor]
    ) -> None:
        for name in sorted(ours.keys() | others.keys()):
            shapes = [tuple(each[name].shape) if name in each else None for each in (ours, others)]
            if shapes[0] != shapes[1]:
                raise ModelError(
                    f"merging: tensor {name} has the shape {shapes[0]} in the model and "
                    f"{shapes[1]} in {self.other} (None: it is not there): name a model of the "
                    "same architecture and size"
                )


def _slerp(one: torch.Tensor, other: torch.Tensor, share: float) -> torch.Tensor:
    cosine = torch.nn.functional.cosine_similarity(one.flatten(), other.flatten(), dim=0)
    angle = cosine.clamp(-1, 1).arccos()
    if angle.sin() < 1e-4:
        return torch.lerp(one, other, share)
    return (((1 - share) * angle).sin() * one + (share * angle).sin() * other) / angle.sin()
