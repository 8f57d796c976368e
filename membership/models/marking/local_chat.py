"""A chat model in memory that answers requests about many texts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import transformers
from jinja2 import TemplateError

from membership.models.checkpoint import find_checkpoint
from membership.models.local.huggingface import display_name
from membership.models.local.inference_settings import auto_dtype, preferred_device
from membership.models.local.weights import load_weights
from watermark.errors import ModelError, as_model_error

BATCH = 64
"""Texts answered at once."""
GROWTH, MARGIN = 1.5, 32
"""Tokens allowed in an answer per token of the text, plus a constant."""


@dataclass
class LocalChat:
    """A transformers chat model in memory with one prompt; see `load_local_chat`."""

    model: Any = field(repr=False)
    """The transformers model."""
    tokenizer: Any = field(repr=False)
    """Its tokenizer, which has a chat template and pads on the left."""
    prompt: str
    growth: float = GROWTH
    """Tokens that an answer may have for each token of the text, and 32 beside."""
    n_failures: int = 0
    """Texts so far that were too long for the model, or got an empty answer."""
    n_retryable: int = 0
    """Those of them that may get an answer in another run: none, because answers are greedy."""

    def ask(self, texts: Sequence[str]) -> list[str | None]:
        """Return the model's answer to each text, in order; greedy, without sampling.

        An answer that reaches its greatest length is cut off there. A text that does not fit into
        the model's context together with its answer gets none.
        """
        asked = [self._conversation(text) for text in texts]
        limits = [self._limit(text) for text in texts]
        answers: list[str | None] = [None] * len(texts)
        fitting = [n for n in range(len(texts)) if self._fits(asked[n], limits[n])]
        fitting.sort(key=lambda number: len(texts[number]))
        for first in range(0, len(fitting), BATCH):
            numbers = fitting[first : first + BATCH]
            found = self._answers([asked[n] for n in numbers], [limits[n] for n in numbers])
            for number, answer in zip(numbers, found, strict=True):
                answers[number] = answer or None
        self.n_failures += answers.count(None)
        return answers

    def _conversation(self, text: str) -> str:
        """Return prompt and text in the form in which the model was tuned."""
        return render(self.tokenizer, self.prompt, text)

    def _limit(self, text: str) -> int:
        return int(self.growth * len(self.tokenizer(text)["input_ids"])) + MARGIN

    def _fits(self, conversation: str, limit: int) -> bool:
        room = getattr(self.model.config, "max_position_embeddings", None)
        ids = self.tokenizer(conversation, add_special_tokens=False)["input_ids"]
        return room is None or len(ids) + limit <= room

    @torch.inference_mode()
    def _answers(self, conversations: Sequence[str], limits: Sequence[int]) -> list[str]:
        asked = self.tokenizer(
            list(conversations), add_special_tokens=False, padding=True, return_tensors="pt"
        ).to(self.model.device)
        settings = transformers.GenerationConfig(
            do_sample=False,
            max_new_tokens=max(limits),
            eos_token_id=self.model.generation_config.eos_token_id,
            pad_token_id=self.tokenizer.pad_token_id,
        )
        written = self.model.generate(
            input_ids=asked["input_ids"],
            attention_mask=asked["attention_mask"],
            generation_config=settings,
        )
        start = asked["input_ids"].shape[1]
        return [
            self.tokenizer.decode(ids[start : start + limit], skip_special_tokens=True).strip()
            for ids, limit in zip(written, limits, strict=True)
        ]


def render(tokenizer: Any, prompt: str, text: str) -> str:
    """Return the conversation that a chat model continues.

    The prompt is the system message, or precedes the text where the template knows no such message.

    Raises:
        ModelError: The chat template leaves out the prompt.
        jinja2.TemplateError: It takes no such conversation.
    """
    system = [{"role": "system", "content": prompt}, {"role": "user", "content": text}]
    alone = [{"role": "user", "content": f"{prompt}\n\n{text}"}]
    try:
        rendered = _rendered(tokenizer, system)
    except TemplateError:
        rendered = ""
    if prompt.strip() in rendered:
        return rendered
    rendered = _rendered(tokenizer, alone)
    if prompt.strip() in rendered:
        return rendered
    raise ModelError(
        f"{tokenizer.name_or_path}: its chat template leaves out the prompt, as a system message "
        "and before the text; wanted a template that holds what it is given"
    )


def _rendered(tokenizer: Any, messages: list[dict[str, str]]) -> str:
    return str(tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))


def load_local_chat(
    name_or_folder: str | Path, prompts: Sequence[str], growths: Sequence[float] | None = None
) -> list[LocalChat]:
    """Load a chat model once, for several prompts; safetensors only, no code is run.

    It runs in bfloat16 where the hardware has units for it: rewriting needs no exact numbers. Where
    two next tokens are nearly tied, the answer then depends on the texts of the same batch.

    Args:
        name_or_folder: A folder, or the id of a hub model, with a chat template.
        prompts: Prompts placed before each text, one for each model that is returned.
        growths: Tokens that an answer may have for each token of the text, for each prompt.

    Raises:
        ModelError: It cannot be loaded, is unsafe, or has no chat template that holds the prompt.
    """
    folder = find_checkpoint(name_or_folder)
    name = display_name(name_or_folder)
    with as_model_error(f"{name}: cannot be loaded as a chat model"):
        tokenizer = transformers.AutoTokenizer.from_pretrained(
            folder, trust_remote_code=False, local_files_only=True, padding_side="left"
        )
        if tokenizer.chat_template is None:
            raise ModelError(
                f"{name}: its tokenizer has no chat template; wanted a model that was tuned to "
                "answer, such as HuggingFaceTB/SmolLM2-1.7B-Instruct"
            )
        for prompt in prompts:
            render(tokenizer, prompt, "text")
        if tokenizer.pad_token_id is None:  # any will do: the attention mask hides it
            tokenizer.pad_token = tokenizer.eos_token or tokenizer.convert_ids_to_tokens(0)
        device = preferred_device()
        model = load_weights(folder, name, auto_dtype(device), device).eval()
    growths = growths or [GROWTH] * len(prompts)
    return [
        LocalChat(model, tokenizer, prompt, growth)
        for prompt, growth in zip(prompts, growths, strict=True)
    ]
