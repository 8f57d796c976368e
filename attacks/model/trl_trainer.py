"""Run a trainer of trl as the other attacks train: in float32, from a seed, without a log."""

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from typing import Any

import torch
from huggingface_hub import constants
from transformers import PrinterCallback, TrainingArguments

from attacks.model.loop import TrainingLoop
from watermark.corpus.hub import bars_only_on_terminals
from watermark.errors import ModelError


def trl_settings(loop: TrainingLoop, folder: str) -> dict[str, Any]:
    """Return the arguments that the configurations of all trainers share.

    Args:
        loop: Hyper-parameters; the rate falls linearly to zero, gradients are clipped at norm 1.
        folder: Where the trainer may put files; it puts none.
    """
    return {
        "output_dir": folder,
        "learning_rate": loop.learning_rate,
        "num_train_epochs": loop.epochs,
        "per_device_train_batch_size": loop.batch_size,
        "max_length": loop.max_tokens,
        "seed": loop.seed,
        "bf16": False,
        _checkpointing(): False,
        "use_cpu": not torch.cuda.is_available(),
        "dataloader_pin_memory": torch.cuda.is_available(),
        "save_strategy": "no",
        "logging_strategy": "no",
        "report_to": "none",
        "disable_tqdm": not sys.stderr.isatty(),
    }


def _checkpointing() -> str:
    """Return the name that this version of transformers has for activation checkpointing."""
    new = "activation_checkpointing"
    known = {setting.name for setting in fields(TrainingArguments)}
    return new if new in known else "gradient_checkpointing"


@contextmanager
def quiet_trl() -> Iterator[None]:
    """Stop trl from reporting its use to the hub, and keep its progress bars out of logs."""
    before = constants.HF_HUB_DISABLE_TELEMETRY
    constants.HF_HUB_DISABLE_TELEMETRY = True
    try:
        with bars_only_on_terminals():
            yield
    finally:
        constants.HF_HUB_DISABLE_TELEMETRY = before


def check_end_token(tokenizer: Any, attack: str) -> None:
    """Refuse a tokenizer without an end token.

    Raises:
        ModelError: It has none.
    """
    if tokenizer.eos_token is None:
        raise ModelError(
            f"{attack}: the model's tokenizer has no end token, which must follow every answer: "
            "set `eos_token` in its tokenizer_config.json"
        )


def run_trainer(trainer: Any, attack: str) -> None:
    """Train the model of a trainer.

    Raises:
        ModelError: No answer begins within the first tokens that are trained on.
    """
    if len(trainer.train_dataset) == 0:
        raise ModelError(
            f"{attack}: all prompts are longer than {trainer.args.max_length} tokens, after which "
            "texts are cut, so that no answer is left: shorten the prompts"
        )
    trainer.remove_callback(PrinterCallback)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated")
        trainer.train()
