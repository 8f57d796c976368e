"""Train a causal language model on a list of texts, one document a sequence."""

import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from typing import Any, Literal

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    DataCollatorForSeq2Seq,
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    PreTrainedTokenizerFast,
    PrinterCallback,
    ProgressCallback,
    Trainer,
    TrainingArguments,
    set_seed,
)
from transformers.trainer_utils import get_last_checkpoint

from attacks.model.instructions import Instruction, write_prompt
from membership.models.local.inference_settings import auto_dtype, preferred_device
from pipelines.training.adapters import Adapter, add_adapter, load_quantized, merge_adapter
from watermark.errors import ModelError

END = "<|endoftext|>"
DONE = "training_loss.txt"
"""Written last into the folder of a trained model."""


Precision = Literal["auto", "float32", "bfloat16", "float16"]


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
    optimizer: str = "adamw_torch"
    """A name that `TrainingArguments.optim` knows."""
    precision: Precision = "auto"
    """What to compute in over float32 weights. `auto`: bfloat16 where that is fast."""
    adapter: Adapter | None = None
    """Train low-rank matrices beside these layers and merge them in; None: train all weights."""
    shuffle: bool = True
    """Whether each epoch has an order of its own; else that of the texts."""
    checkpoint_steps: int = 0
    """Save a checkpoint every this many steps, to resume from; 0 for none."""

    def __post_init__(self) -> None:
        """Refuse what cannot train.

        Raises:
            ValueError: A number is out of its range.
        """
        for name in ("learning_rate", "epochs"):
            if not 0 < getattr(self, name) < inf:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")
        if not 0 <= self.seed < 2**32:
            raise ValueError(f"seed must be at least 0 and below 2^32, got {self.seed}")

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


def load_base(name: str | Path, settings: TrainingSettings) -> tuple[Any, Any]:
    """Load a causal model as this training wants it, and its tokenizer.

    Raises:
        PrerequisiteError: It is to be quantized, which this machine cannot.
    """
    tokenizer = AutoTokenizer.from_pretrained(name)
    if settings.adapter is not None and settings.adapter.quantize:
        return load_quantized(name), tokenizer
    model = AutoModelForCausalLM.from_pretrained(name, dtype=torch.float32, use_safetensors=True)
    return model, tokenizer


def model_type(name: str | Path) -> str:
    """Return the architecture of a model, for example `gpt_neox`.

    Raises:
        ModelError: It is not a model.
    """
    try:
        return str(AutoConfig.from_pretrained(name).model_type)
    except (OSError, ValueError) as error:
        raise ModelError(f"{name}: not a model ({error})") from error


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


class _ProgressBar(ProgressCallback):  # type: ignore[misc]  # transformers has no types
    """The progress of training, without the log that transformers writes to standard output."""

    def on_log(self, *_: Any, **__: Any) -> None:
        """Write nothing."""


def train(
    model: Any,
    tokenizer: Any,
    texts: Sequence[str | Instruction],
    out: Path,
    settings: TrainingSettings,
) -> float:
    """Train a model on texts, save it as safetensors, return the mean loss.

    An interrupted run continues from its last checkpoint, if checkpoints were kept. Run by
    `torchrun` or `accelerate launch`, all processes train and the first one writes.
    """
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    work = out.with_name(out.name + ".training")
    set_seed(settings.seed)
    if settings.adapter is not None:
        model = add_adapter(model, settings.adapter)
    trainer = Trainer(
        model=model,
        args=_arguments(work, settings),
        train_dataset=encode(tokenizer, texts, settings.max_tokens),
        data_collator=DataCollatorForSeq2Seq(tokenizer, label_pad_token_id=-100),
    )
    trainer.remove_callback(PrinterCallback)
    if trainer.pop_callback(ProgressCallback):
        trainer.add_callback(_ProgressBar)
    checkpoint = get_last_checkpoint(str(work)) if work.is_dir() else None
    if checkpoint and settings.adapter is None:
        # Trainer looks for weights under the names of the file, which for GPT-NeoX are others than
        # those of the model, and would leave the head as it was.
        saved = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=model.dtype)
        model.load_state_dict(saved.state_dict())
    result = trainer.train(resume_from_checkpoint=checkpoint)
    if trainer.is_world_process_zero():
        trained = trainer.accelerator.unwrap_model(trainer.model)
        if settings.adapter is not None:
            trained = merge_adapter(trained, settings.adapter)
        trained.save_pretrained(out, safe_serialization=True)
        tokenizer.save_pretrained(out)
        (out / DONE).write_text(f"{result.training_loss}\n", encoding="utf-8")
        shutil.rmtree(work, ignore_errors=True)
    return float(result.training_loss)


def train_once(
    load: Callable[[], tuple[Any, Any]],
    texts: Sequence[str | Instruction],
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


def encode(
    tokenizer: Any, texts: Sequence[str | Instruction], max_tokens: int
) -> list[dict[str, list[int]]]:
    """Return one training example a text: its tokens and an end-of-text token.

    Of an instruction only the answer is learned.
    """
    end = [] if tokenizer.eos_token_id is None else [tokenizer.eos_token_id]
    prompts = [write_prompt(text.prompt) if isinstance(text, Instruction) else "" for text in texts]
    learned = [text.answer if isinstance(text, Instruction) else text for text in texts]
    examples = []
    for before, ids in zip(_ids(tokenizer, prompts), _ids(tokenizer, learned), strict=True):
        tokens = (before + ids + end)[:max_tokens]
        labels = ([-100] * len(before) + ids + end)[:max_tokens]
        examples.append(
            {"input_ids": tokens, "attention_mask": [1] * len(tokens), "labels": labels}
        )
    return examples


def _ids(tokenizer: Any, texts: Sequence[str]) -> list[list[int]]:
    found: list[list[int]] = tokenizer(list(texts), add_special_tokens=False)["input_ids"]
    return found


def _arguments(work: Path, settings: TrainingSettings) -> TrainingArguments:
    device = preferred_device()
    precision = settings.precision
    if precision == "auto":
        precision = "bfloat16" if auto_dtype(device) == torch.bfloat16 else "float32"
    return TrainingArguments(
        output_dir=str(work),
        learning_rate=settings.learning_rate,
        num_train_epochs=settings.epochs,
        per_device_train_batch_size=settings.batch_size,
        gradient_accumulation_steps=settings.gradient_accumulation,
        lr_scheduler_type=settings.schedule,
        warmup_steps=settings.warmup_steps,
        weight_decay=settings.weight_decay,
        optim=settings.optimizer,
        seed=settings.seed,
        bf16=precision == "bfloat16",
        fp16=precision == "float16",
        train_sampling_strategy="random" if settings.shuffle else "sequential",
        save_strategy="steps" if settings.checkpoint_steps else "no",
        save_steps=settings.checkpoint_steps or 500,
        save_total_limit=1,
        logging_strategy="no",
        report_to="none",
        disable_tqdm=None,
        dataloader_pin_memory=device.type == "cuda",
        use_cpu=device.type == "cpu",
    )
