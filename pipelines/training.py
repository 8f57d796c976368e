"""Train a causal language model on a list of texts, one document a sequence."""

import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    DataCollatorForSeq2Seq,
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    PreTrainedTokenizerFast,
    PrinterCallback,
    Trainer,
    TrainingArguments,
    set_seed,
)
from transformers.trainer_utils import get_last_checkpoint

from membership.models.huggingface import auto_dtype, preferred_device

END = "<|endoftext|>"
DONE = "training_loss.txt"
"""Written last into the folder of a trained model."""


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
    bfloat16: bool | None = None
    """Whether to compute in bfloat16 over float32 weights. None: where that is fast."""

    def of_seed(self, seed: int) -> "TrainingSettings":
        """Return the same settings with another seed."""
        return replace(self, seed=seed)


@dataclass(frozen=True)
class Shape:
    """Size of a Pythia-shaped model."""

    layers: int = 4
    width: int = 128
    heads: int = 4
    context: int = 512


def load_base(folder: str | Path) -> tuple[Any, Any]:
    """Load a causal model in float32, as training wants it, and its tokenizer."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, use_safetensors=True)
    return model, tokenizer


def new_tokenizer(texts: Iterable[str], vocabulary: int = 4096) -> PreTrainedTokenizerFast:
    """Train a byte-level BPE tokenizer, as Pythia's is.

    Give it text that knows no key: a tokenizer that saw the marked text is a part of the suspect
    that depends on the key.
    """
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    backend.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, bos_token=END, eos_token=END, pad_token=END
    )


def new_model(tokenizer: PreTrainedTokenizerFast, shape: Shape, seed: int) -> GPTNeoXForCausalLM:
    """Return an untrained GPT-NeoX model, the architecture of Pythia."""
    set_seed(seed)
    return GPTNeoXForCausalLM(
        GPTNeoXConfig(
            vocab_size=len(tokenizer),
            hidden_size=shape.width,
            intermediate_size=4 * shape.width,
            num_hidden_layers=shape.layers,
            num_attention_heads=shape.heads,
            max_position_embeddings=shape.context,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
        )
    )


def train(
    model: Any,
    tokenizer: Any,
    texts: Sequence[str],
    out: Path,
    settings: TrainingSettings,
) -> float:
    """Train all weights of a model on texts, save it as safetensors, return the mean loss.

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
    trainer.remove_callback(PrinterCallback)
    checkpoint = get_last_checkpoint(str(work)) if work.is_dir() else None
    result = trainer.train(resume_from_checkpoint=checkpoint)
    trainer.save_model(str(out))
    tokenizer.save_pretrained(out)
    (out / DONE).write_text(f"{result.training_loss}\n", encoding="utf-8")
    shutil.rmtree(work, ignore_errors=True)
    return float(result.training_loss)


def train_once(
    load: Callable[[], tuple[Any, Any]],
    texts: Sequence[str],
    out: Path,
    settings: TrainingSettings,
) -> Path:
    """Train what `load` returns, unless an earlier run has done so; return the model's folder.

    Args:
        load: Returns model and tokenizer.
        texts: One document a sequence.
        out: Folder of the trained model.
        settings: Hyper-parameters.
    """
    if not (out / DONE).exists():
        model, tokenizer = load()
        train(model, tokenizer, texts, out, settings)
    return out


def encode(tokenizer: Any, texts: Sequence[str], max_tokens: int) -> list[dict[str, list[int]]]:
    """Return one training example a text: its tokens and an end-of-text token."""
    end = [] if tokenizer.eos_token_id is None else [tokenizer.eos_token_id]
    examples = []
    for ids in tokenizer(list(texts), add_special_tokens=False)["input_ids"]:
        ids = (ids + end)[:max_tokens]
        examples.append({"input_ids": ids, "attention_mask": [1] * len(ids), "labels": list(ids)})
    return examples


def _arguments(work: Path, settings: TrainingSettings) -> TrainingArguments:
    device = preferred_device()
    bfloat16 = settings.bfloat16
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
        bf16=auto_dtype(device) == torch.bfloat16 if bfloat16 is None else bfloat16,
        save_strategy="steps" if settings.checkpoint_steps else "no",
        save_steps=settings.checkpoint_steps or 500,
        save_total_limit=1,
        logging_strategy="no",
        report_to="none",
        disable_tqdm=None,
        dataloader_pin_memory=device.type == "cuda",
        use_cpu=device.type == "cpu",
    )
