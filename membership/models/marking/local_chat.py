"""A chat model in memory that answers requests about many texts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import transformers

from membership.models.checkpoint import find_checkpoint
from membership.models.local.huggingface import display_name
from membership.models.local.weights import load_weights
from watermark.errors import ModelError, as_model_error

BATCH = 64
"""Texts answered at once."""
MARGIN = 1.5, 32
"""Longest answer in tokens: so many for a token of the text, and so many more."""


@dataclass(frozen=True)
class LocalChat:
    """A transformers chat model in memory with one prompt; see `load_local_chat`."""

    model: Any = field(repr=False)
    """The transformers model."""
    tokenizer: Any = field(repr=False)
    """Its tokenizer, which has a chat template and pads on the left."""
    prompt: str
    n_failures: int = 0
    """A model in memory answers every text."""

    def ask(self, texts: Sequence[str]) -> list[str | None]:
        """Return the model's answer to each text, without sampling.

        An answer that reaches one and a half times the length of its text, and 32 tokens more, is
        cut off there.
        """
        order = sorted(range(len(texts)), key=lambda number: len(texts[number]))
        answers: list[str | None] = [None] * len(texts)
        for first in range(0, len(order), BATCH):
            numbers = order[first : first + BATCH]
            found = self._answers([texts[number] for number in numbers])
            for number, answer in zip(numbers, found, strict=True):
                answers[number] = answer
        return answers

    @torch.inference_mode()
    def _answers(self, texts: Sequence[str]) -> list[str]:
        talks = [
            [{"role": "system", "content": self.prompt}, {"role": "user", "content": text}]
            for text in texts
        ]
        asked = self.tokenizer.apply_chat_template(
            talks,
            add_generation_prompt=True,
            padding=True,
            return_tensors="pt",
            return_dict=True,
        ).to(self.model.device)
        lengths = [len(ids) for ids in self.tokenizer(list(texts))["input_ids"]]
        factor, more = MARGIN
        limits = [int(factor * length) + more for length in lengths]
        written = self.model.generate(
            **asked,
            do_sample=False,
            max_new_tokens=max(limits),
            pad_token_id=self.tokenizer.pad_token_id,
        )
        start = asked["input_ids"].shape[1]
        return [
            self.tokenizer.decode(ids[start : start + limit], skip_special_tokens=True).strip()
            for ids, limit in zip(written, limits, strict=True)
        ]


def load_local_chat(name_or_folder: str | Path, prompts: Sequence[str]) -> list[LocalChat]:
    """Load a chat model once, for several prompts; safetensors only, no code is run.

    Args:
        name_or_folder: A folder, or the id of a hub model, with a chat template.
        prompts: Prompts placed before each text, one for each model that is returned.

    Raises:
        ModelError: It cannot be loaded, is unsafe, or has no chat template.
    """
    folder = find_checkpoint(name_or_folder)
    name = display_name(name_or_folder)
    with as_model_error(f"{name}: cannot be loaded as a chat model"):
        tokenizer = transformers.AutoTokenizer.from_pretrained(
            folder, trust_remote_code=False, local_files_only=True, padding_side="left"
        )
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        model = load_weights(folder, name, torch.float32, device)
    if tokenizer.pad_token_id is None:  # any will do: the attention mask hides it
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.convert_ids_to_tokens(0)
    if tokenizer.chat_template is None:
        raise ModelError(
            f"{name}: its tokenizer has no chat template; wanted a model that was tuned to "
            "answer, such as HuggingFaceTB/SmolLM2-1.7B-Instruct"
        )
    return [LocalChat(model.eval(), tokenizer, prompt) for prompt in prompts]
