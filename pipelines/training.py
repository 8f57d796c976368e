"""Train a causal language model on a list of texts: one document a sequence."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    DataCollatorForSeq2Seq,
    Trainer,
    TrainingArguments,
    set_seed,
)
from transformers.trainer_utils import get_last_checkpoint

from membership.models.huggingface import auto_dtype


@dataclass(frozen=True)
class TrainingSettings:
    """Hyper-parameters; the defaults are those of a short continued pre-training."""

    learning_rate: float = 1e-4
    epochs: float = 1.0
    batch_size: int = 4
    gradient_accumulation: int = 1
    schedule: str = "linear"
    warmup_steps: int = 0
    weight_decay: float = 0.0
    max_tokens: int = 512
    """Longer documents are cut; the rest of them is not trained on."""
    seed: int = 0
    checkpoint_steps: int = 0
    """Keep a checkpoint every so many steps, to resume from; 0 for none."""


def encode(tokenizer: Any, texts: Sequence[str], max_tokens: int) -> list[dict[str, list[int]]]:
    """Return one training example a text: its tokens and an end-of-text token."""
    end = [] if tokenizer.eos_token_id is None else [tokenizer.eos_token_id]
    examples = []
    for ids in tokenizer(list(texts), add_special_tokens=False)["input_ids"]:
        ids = (ids + end)[:max_tokens]
        examples.append({"input_ids": ids, "attention_mask": [1] * len(ids), "labels": list(ids)})
    return examples


def continue_training(
    model: Any, tokenizer: Any, texts: Sequence[str], out: Path, settings: TrainingSettings
) -> float:
    """Train all weights of a model on texts and save it as safetensors; return the mean loss.

    A run that was cut goes on from its last checkpoint, if checkpoints were kept.
    """
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    work = out.with_name(out.name + ".training")
    set_seed(settings.seed)
    trainer = Trainer(
        model=model,
        args=_arguments(work, settings),
        train_dataset=encode(tokenizer, texts, settings.max_tokens),
        data_collator=DataCollatorForSeq2Seq(tokenizer, label_pad_token_id=-100),
    )
    checkpoint = get_last_checkpoint(str(work)) if work.is_dir() else None
    result = trainer.train(resume_from_checkpoint=checkpoint)
    trainer.save_model(str(out))
    tokenizer.save_pretrained(out)
    return float(result.training_loss)


def _arguments(work: Path, settings: TrainingSettings) -> TrainingArguments:
    return TrainingArguments(
        output_dir=str(work),
        learning_rate=settings.learning_rate,
        num_train_epochs=settings.epochs,
        per_device_train_batch_size=settings.batch_size,
        gradient_accumulation_steps=settings.gradient_accumulation,
        lr_scheduler_type=settings.schedule,
        warmup_steps=settings.warmup_steps,
        weight_decay=settings.weight_decay,
        seed=settings.seed,
        bf16=auto_dtype(_device()) == torch.bfloat16,
        save_strategy="steps" if settings.checkpoint_steps else "no",
        save_steps=settings.checkpoint_steps or 500,
        save_total_limit=1,
        logging_strategy="epoch",
        report_to="none",
        disable_tqdm=None,
        dataloader_pin_memory=torch.cuda.is_available(),
    )


def _device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def load_base(folder: str) -> tuple[Any, Any]:
    """Load a causal model in float32, as training wants it, and its tokenizer."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, use_safetensors=True)
    return model, tokenizer
