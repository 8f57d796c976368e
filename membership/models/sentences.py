"""Vectors of sentences, from a small encoder."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import transformers
from numpy.typing import NDArray

from membership.foreign import as_model_error
from membership.models.checkpoint import find_checkpoint

BATCH = 64
MAX_TOKENS = 256


def sentence_similarity(
    folder: str | Path, pairs: Sequence[tuple[str, str]]
) -> NDArray[np.float64]:
    """Return the cosine of the two sentences of each pair: 1 means the same.

    Args:
        folder: An encoder whose sentence vector is the mean over its tokens, such as MiniLM.
        pairs: Pairs of sentences.

    Raises:
        ModelError: The encoder cannot be loaded.
    """
    checkpoint = find_checkpoint(str(folder))
    with as_model_error(f"{folder}: cannot be loaded as an encoder"):
        tokenizer = transformers.AutoTokenizer.from_pretrained(checkpoint, local_files_only=True)
        model = transformers.AutoModel.from_pretrained(
            checkpoint, use_safetensors=True, local_files_only=True
        ).eval()
    texts = sorted({text for pair in pairs for text in pair}, key=lambda t: (len(t), t))
    vectors: dict[str, NDArray[np.float64]] = {}
    for first in range(0, len(texts), BATCH):
        some = texts[first : first + BATCH]
        batch = tokenizer(
            some, padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt"
        )
        with torch.inference_mode():
            hidden_BTD = model(**batch).last_hidden_state
        mask_BT1 = batch["attention_mask"][..., None].float()
        mean_BD = (hidden_BTD * mask_BT1).sum(1) / mask_BT1.sum(1)
        unit_BD = torch.nn.functional.normalize(mean_BD.float(), dim=-1)
        vectors.update(zip(some, unit_BD.double().numpy(), strict=True))
    return np.array([vectors[a] @ vectors[b] for a, b in pairs])
