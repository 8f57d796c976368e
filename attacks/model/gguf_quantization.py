"""Round the weights of the linear layers and the output head to a block format of llama.cpp."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor

from attacks.attack import ModelAttack
from attacks.extras import require_package
from attacks.model.checkpoint import edit_linear_layers
from watermark.errors import ModelError

FORMATS = ("Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0")


@dataclass(frozen=True)
class GgufQuantization(ModelAttack):
    """Packs the weights of linear layers and output head as in a GGUF file, and unpacks them.

    Source: the block formats of llama.cpp, by the package gguf, which rounds as llama.cpp does:
    32 weights of a row share a scale in 16 bits, those of Q4_1 and Q5_1 a minimum too. Embeddings
    keep their precision unless the model ties them to the head. The formats with K in their name,
    such as Q4_K_M, are not here: gguf reads them but does not write them.
    """

    name: ClassVar[str] = "gguf_quantization"
    format: str = "Q4_0"
    """`Q4_0`, `Q4_1`, `Q5_0`, `Q5_1` or `Q8_0`."""

    def __post_init__(self) -> None:
        """Reject an unknown format."""
        if self.format not in FORMATS:
            raise ValueError(f"format must be one of {', '.join(FORMATS)}, got {self.format!r}")

    def transform(self, model: Path, out: Path) -> None:
        """Write the model with rounded weights.

        Raises:
            PrerequisiteError: gguf is not installed.
            ModelError: The rows of a layer do not consist of whole blocks, or there is no linear
                layer besides the head.
        """
        require_package("gguf", self.name)

        def packed(name: str, weight: Tensor) -> Tensor:
            if weight.shape[1] % 32:
                raise ModelError(
                    f"{self.name}: {model}: rows of {name} have {weight.shape[1]} weights, and "
                    "GGUF packs them by 32: use the attack quantization"
                )
            return through_gguf(weight, self.format)

        edit_linear_layers(model, out, packed)


def through_gguf(weight: Tensor, form: str) -> Tensor:
    """Return a matrix after packing and unpacking; its rows consist of blocks of 32."""
    import gguf

    kind = gguf.GGMLQuantizationType[form]
    packed = gguf.quantize(weight.detach().contiguous().cpu().numpy(), kind)
    return torch.from_numpy(gguf.dequantize(packed, kind))
