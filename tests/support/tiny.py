"""Tiny tokenizers and random models, made on the spot, for any test that needs a suspect."""

import json
import shutil
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from pydoc_data.topics import topics
from typing import Any

import torch
import transformers
from tokenizers import (
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import PreTrainedTokenizerFast

torch.set_num_threads(1)  # a tiny model is done before a second thread has woken up

TEXTS = tuple(topics[name] for name in ("if", "for", "try", "with", "class", "import", "strings"))
"""English that every Python carries: its own documentation."""

END = "<|endoftext|>"
_BYTE_LEVEL = ("byte_level", "llama3")

_GROUPED = {"hidden_size": 32, "intermediate_size": 48, "num_key_value_heads": 2}
_SIZES: dict[str, dict[str, Any]] = {
    "llama": _GROUPED,
    "gpt_neox": {"hidden_size": 32, "intermediate_size": 48},
    "gemma2": {**_GROUPED, "head_dim": 8, "final_logit_softcapping": 2.0},
    "opt": {"hidden_size": 32, "ffn_dim": 48, "word_embed_proj_dim": 16},
    "gpt2": {"n_embd": 32},
    "granite": {**_GROUPED, "logits_scaling": 3.0},
    "cohere": {**_GROUPED, "logit_scale": 0.3},
    "codegen": {"n_embd": 32, "n_ctx": 96, "rotary_dim": 4},
    "bert": {"hidden_size": 32, "intermediate_size": 48},
}
ARCHITECTURES = tuple(name for name in _SIZES if name != "bert")
"""Causal ones whose heads differ: tied, capped, scaled up or down, projected, with a bias."""


def tiny_tokenizer(
    texts: Iterable[str] = TEXTS,
    vocab_size: int = 600,
    *,
    kind: str = "byte_level",
    bos: str | None = END,
) -> PreTrainedTokenizerFast:
    """Train a tokenizer.

    Args:
        texts: What to train it on.
        vocab_size: Most tokens it may have.
        kind: `byte_level` (as GPT-2 and GPT-NeoX), `llama3` (as Llama 3 and Qwen: its own
            splitting, whole spans), `metaspace` (as SentencePiece BPE), `legacy` (as Llama 2: no
            splitting at all, a space put first) or `unigram` (as T5 and XLNet).
        bos: The start token; None for a tokenizer that has none.
    """
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(_trained(tuple(texts), vocab_size, kind)),
        bos_token=bos,
        eos_token=END,
        unk_token=None if kind in _BYTE_LEVEL else "<unk>",
    )


@cache
def _trained(texts: tuple[str, ...], vocab_size: int, kind: str) -> str:
    tokenizer = _KINDS[kind]()
    options: dict[str, Any] = {"vocab_size": vocab_size, "show_progress": False}
    if kind == "unigram":
        trainer: Any = trainers.UnigramTrainer(
            special_tokens=["<unk>", END], unk_token="<unk>", **options
        )
    else:
        alphabet = pre_tokenizers.ByteLevel.alphabet() if kind in _BYTE_LEVEL else []
        specials = [END] if kind in _BYTE_LEVEL else ["<unk>", END]
        trainer = trainers.BpeTrainer(special_tokens=specials, initial_alphabet=alphabet, **options)
    tokenizer.train_from_iterator(texts, trainer)
    return str(tokenizer.to_str())


def save_tiny_model(
    folder: Path,
    architecture: str = "gpt_neox",
    tokenizer: PreTrainedTokenizerFast | None = None,
    seed: int = 0,
    **config: Any,
) -> Path:
    """Save a random model and its tokenizer, so that `load_huggingface` takes them; return folder.

    Args:
        folder: Is made.
        architecture: The `model_type` of transformers: one of `ARCHITECTURES`, or `bert`.
        tokenizer: Its tokenizer; a byte-level one when not given.
        seed: Fixes the weights.
        config: Settings of the configuration other than the tiny ones.
    """
    tokenizer = tokenizer or tiny_tokenizer()
    settings = {
        "vocab_size": len(tokenizer),
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "max_position_embeddings": 96,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": None,
    }
    settings = {**settings, **_SIZES[architecture], **config}
    model = transformers.AutoModelForCausalLM.from_config(
        transformers.AutoConfig.for_model(architecture, **settings)
    )
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() > 1:  # far enough from zero that predictions are not all alike
                weight.normal_(0, 0.25, generator=generator)
            else:
                weight.add_(torch.randn(weight.shape, generator=generator), alpha=0.1)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def save_to_hub_cache(cache: Path, name: str, folder: Path) -> Path:
    """Put a model where the hub client keeps what it has downloaded; return the snapshot."""
    repository = cache / f"models--{name.replace('/', '--')}"
    commit = "0123456789abcdef0123456789abcdef01234567"
    shutil.copytree(folder, repository / "snapshots" / commit)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(commit)
    return repository / "snapshots" / commit


def _byte_level() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=True)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


_LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def _llama3() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_LLAMA3), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def _metaspace() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    tokenizer.decoder = decoders.Metaspace()
    return tokenizer


def _legacy() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Split("\u2581", "merged_with_next")
    return tokenizer


def _unigram() -> Tokenizer:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    return tokenizer


_KINDS = {
    "byte_level": _byte_level,
    "llama3": _llama3,
    "metaspace": _metaspace,
    "legacy": _legacy,
    "unigram": _unigram,
}


def copy_model(folders, tmp_path, architecture="gpt_neox"):
    """Copy the folder of a tiny model, to be spoilt."""
    return shutil.copytree(folders(architecture), tmp_path / "copy")


def edit_json(file, **changes):
    """Change members of a JSON file."""
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))
