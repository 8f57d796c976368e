"""A transformers sentence encoder: one vector per passage and one for the word in it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import transformers
from torch import Tensor

from membership.models.checkpoint import find_checkpoint, fingerprint
from watermark.errors import as_model_error
from watermark.substitution.model_features import Encoding
from watermark.substitution.target import TargetContext

WINDOW = 256
"""Maximum tokens of a passage that are used."""
BATCH_TOKENS = 4096


@dataclass(frozen=True)
class SentenceEncoder:
    """An encoder in memory; see `load_encoder`."""

    name: str
    fingerprint: str
    tokenizer: Any = field(repr=False)
    model: Any = field(repr=False)

    def encode(self, contexts: Sequence[TargetContext]) -> list[Encoding]:
        """Return vectors for each passage, in order; batches depend only on the list."""
        order = sorted(range(len(contexts)), key=lambda i: len(contexts[i].text))
        found: dict[int, Encoding] = {}
        for first, last in _batches([len(contexts[i].text) for i in order]):
            batch = order[first:last]
            found.update(zip(batch, self._run([contexts[i] for i in batch]), strict=True))
        return [found[index] for index in range(len(contexts))]

    @torch.inference_mode()
    def _run(self, contexts: Sequence[TargetContext]) -> list[Encoding]:
        batch = self.tokenizer(
            [context.text for context in contexts],
            padding=True,
            truncation=True,
            max_length=WINDOW,
            return_offsets_mapping=True,
            return_tensors="pt",
        )
        spans_BT2 = batch.pop("offset_mapping")
        hidden_BTD = self.model(**batch).last_hidden_state
        mask_BT = batch["attention_mask"].bool()
        bounds = torch.tensor([(p.start, p.end) for p in contexts])
        word_BT = (spans_BT2[..., 0] < bounds[:, 1:]) & (spans_BT2[..., 1] > bounds[:, :1])
        sentence_BD, word_BD = _mean(hidden_BTD, mask_BT), _mean(hidden_BTD, word_BT & mask_BT)
        return [
            Encoding(one, other)
            for one, other in zip(sentence_BD.numpy(), word_BD.numpy(), strict=True)
        ]


def _batches(lengths: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Group ascending lengths in characters into batches of about `BATCH_TOKENS` with padding."""
    first = 0
    for last, length in enumerate(lengths):
        if (last + 1 - first) * min(WINDOW, length // 4 + 4) > BATCH_TOKENS and last > first:
            yield first, last
            first = last
    if lengths:
        yield first, len(lengths)


def _mean(hidden_BTD: Tensor, chosen_BT: Tensor) -> Tensor:
    """Average the chosen tokens; the vector is zero for a word beyond the window."""
    weight = chosen_BT.to(hidden_BTD.dtype)[..., None]
    total = (hidden_BTD * weight).sum(1) / weight.sum(1).clamp_min(1)
    return torch.nn.functional.normalize(total.float(), dim=-1)


def load_encoder(name_or_folder: str | Path) -> SentenceEncoder:
    """Load an encoder from a folder or the hub; safetensors only, no code is executed.

    Raises:
        ModelError: It cannot be loaded or is unsafe.
    """
    folder = find_checkpoint(name_or_folder)
    with as_model_error(f"{name_or_folder}: cannot be loaded as an encoder"):
        tokenizer = transformers.AutoTokenizer.from_pretrained(
            folder, trust_remote_code=False, local_files_only=True
        )
        model = transformers.AutoModel.from_pretrained(
            folder, use_safetensors=True, trust_remote_code=False, local_files_only=True
        )
    return SentenceEncoder(
        folder.name, fingerprint(folder), tokenizer, model.float().requires_grad_(False).eval()
    )
