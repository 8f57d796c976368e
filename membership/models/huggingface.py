"""Causal language models of Hugging Face, from a folder or the hub."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

import torch
import transformers
from transformers.utils import logging

from membership.drafts import Draft, draft_blocks
from membership.foreign import as_model_error
from membership.models.checkpoint import find_checkpoint, fingerprint
from membership.models.head import Head
from membership.models.one_pass import run_batch
from membership.models.probe import LENGTH, SENTENCE, probe
from membership.tokens import TextTokenizer, wrap_tokenizer
from membership.trace import Query, Trace
from membership.windows import Window, cut_windows, form_batches
from watermark.errors import ModelError

DType = Literal["auto", "float32", "bfloat16", "float16"]

_CPUINFO = Path("/proc/cpuinfo")
_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
# Longer windows cost memory and, in attention, time; and the text just before a word decides most
# of what a model makes of it.
_WINDOW = 2048
_CPU_BATCH_TOKENS, _GPU_BATCH_TOKENS = 2048, 16384
_POSITIONS = ("max_position_embeddings", "n_positions", "max_seq_len", "seq_length", "n_ctx")


@dataclass(frozen=True)
class HuggingFaceModel:
    """A causal language model in memory, as a suspect or a reference; see `load_huggingface`."""

    name: str
    fingerprint: str
    settings: str
    max_length: int
    """Most tokens in a window, the start token included."""
    batch_tokens: int
    """Most tokens in a batch, padding included."""
    tokenizer: TextTokenizer = field(repr=False)
    model: Any = field(repr=False)
    """The model as transformers has it."""
    head: Head = field(repr=False)

    abilities: ClassVar[frozenset[str]] = frozenset({"logprobs", "moments", "candidates"})

    def trace(self, queries: Sequence[Query]) -> Iterator[tuple[int, Trace]]:
        """Yield the index of each query and its trace as soon as its last batch is done.

        The batches are a function of the list alone, and memory does not grow with it.

        Raises:
            ModelError: The tokenizer made a token that the model has no row for.
            ValueError: A place is not in its text.
        """
        for drafts in draft_blocks(queries, self.tokenizer):
            windows = [window for n, d in enumerate(drafts) for window in self._windows(n, d)]
            for draft in drafts:
                if not draft.windows_left:
                    yield draft.index, draft.trace()
            for batch in form_batches(windows, self.batch_tokens):
                run_batch(self.model, self.head, self.tokenizer.start, batch, drafts)
                for number in dict.fromkeys(window.document for window in batch):
                    if not drafts[number].windows_left:
                        yield drafts[number].index, drafts[number].trace()

    def _windows(self, number: int, draft: Draft) -> list[Window]:
        ids, rows = draft.tokens.ids, len(self.head.weight)
        if len(ids) and ids.max() >= rows:
            raise ModelError(
                f"{self.name}: its tokenizer made token {ids.max()}, but the model knows {rows}; "
                "the tokenizer is another model's"
            )
        room = self.max_length - len(self.tokenizer.start)
        windows = list(cut_windows(number, len(ids), room))
        draft.windows_left = len(windows)
        return windows


def load_huggingface(
    name_or_folder: str | Path,
    *,
    dtype: DType = "auto",
    device: str = "auto",
    max_length: int | None = None,
    batch_tokens: int | None = None,
    start_token: str = "auto",
    revision: str | None = None,
) -> HuggingFaceModel:
    """Load a causal language model, after making sure that it is one and runs no code.

    Args:
        name_or_folder: A folder with `config.json`, safetensors weights and a fast tokenizer, or
            the id of a hub model.
        dtype: Type of the weights and hidden states; logits are fp32 always. `auto` is bf16 where
            the machine has units for it, else fp32.
        device: `auto` is the first of CUDA, MPS and CPU that there is.
        max_length: Most tokens in a window, the start token included. Default: what the model's
            configuration allows, and not above 2,048. A longer document is read in overlapping
            windows.
        batch_tokens: Most tokens in a batch, padding included. Default: 2,048 on a CPU, else
            16,384.
        start_token: What goes before every text; see `membership.tokens.wrap_tokenizer`.
        revision: Branch, tag or commit on the hub.

    Raises:
        ModelError: It cannot or must not be loaded, or does not give with our pass what it gives
            by itself; says why.
        ValueError: A setting is none.
    """
    if dtype != "auto" and dtype not in _DTYPES:
        raise ValueError(f"dtype {dtype!r} is not auto, {', '.join(_DTYPES)}")
    if batch_tokens is not None and batch_tokens < 1:
        raise ValueError(f"a batch needs at least 1 token, got {batch_tokens}")
    folder = find_checkpoint(name_or_folder, revision)
    name = f"{name_or_folder}@{revision}" if revision else str(name_or_folder)
    if Path(name_or_folder).is_dir():
        name = folder.resolve().name
    with _quiet(), as_model_error(f"{name}: cannot be loaded as a causal language model"):
        where = preferred_device(device)
        kind = auto_dtype(where) if dtype == "auto" else _DTYPES[dtype]
        tokenizer = _load_tokenizer(folder, name, start_token)
        model = _load_model(folder, name, kind, where)
        length = _window_length(model, tokenizer, name, max_length)
        _check_vocabulary(model, tokenizer, name)
        ids = (*tokenizer.start, *tokenizer.encode([SENTENCE])[0].ids)[: min(length, LENGTH)]
        head = probe(model, torch.tensor(ids, device=where), name)
    size = batch_tokens or (_CPU_BATCH_TOKENS if where.type == "cpu" else _GPU_BATCH_TOKENS)
    return HuggingFaceModel(
        name=name,
        fingerprint=fingerprint(folder),
        settings=(
            f"{str(kind).removeprefix('torch.')} on {where.type}, "
            f"{getattr(model.config, '_attn_implementation', 'own')} attention, "
            f"start token {tokenizer.start_text()}, "
            f"windows of {length} and batches of {size} tokens"
        ),
        max_length=length,
        batch_tokens=size,
        tokenizer=tokenizer,
        model=model,
        head=head,
    )


def load_tokenizer(folder: Path, start_token: str = "auto") -> TextTokenizer:
    """Load the tokenizer of a folder as `load_huggingface` does.

    Raises:
        ModelError: It cannot be loaded, or does not say where in the text a token stands.
    """
    with _quiet(), as_model_error(f"{folder}: its tokenizer cannot be loaded"):
        return _load_tokenizer(folder, folder.resolve().name, start_token)


def preferred_device(device: str = "auto") -> torch.device:
    """Return the named device, or the first of CUDA, MPS and CPU that there is."""
    if device != "auto":
        return torch.device(device)
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def auto_dtype(device: torch.device) -> torch.dtype:
    """Choose bf16 where there are units for it; elsewhere it is slower than fp32 and less exact."""
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    if device.type == "cpu" and _cpu_has_bf16():
        return torch.bfloat16
    return torch.float32


def _cpu_has_bf16() -> bool:
    flags = _CPUINFO.read_text() if _CPUINFO.exists() else ""
    return bool(re.search(r"\b(amx_bf16|avx512_bf16)\b", flags))


def _load_tokenizer(folder: Path, name: str, start_token: str) -> TextTokenizer:
    # Some classes of transformers 5 build their pipeline anew and leave that of the file aside. The
    # file is how the model was trained.
    own = (folder / "tokenizer.json").is_file()
    family = transformers.PreTrainedTokenizerFast if own else transformers.AutoTokenizer
    tokenizer = family.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    if not tokenizer.is_fast:
        raise ModelError(
            f"{name}: its tokenizer ({type(tokenizer).__name__}) does not say where in the text a "
            "token stands; a model with a tokenizer.json is needed"
        )
    ids = {"bos": tokenizer.bos_token_id, "eos": tokenizer.eos_token_id}
    named = {role: token for role, token in ids.items() if token is not None}
    return wrap_tokenizer(tokenizer.backend_tokenizer, start_token, named, tokenizer.unk_token_id)


def _load_model(folder: Path, name: str, dtype: torch.dtype, device: torch.device) -> Any:
    model, info = transformers.AutoModelForCausalLM.from_pretrained(
        folder,
        dtype=dtype,
        use_safetensors=True,
        trust_remote_code=False,
        local_files_only=True,
        output_loading_info=True,
    )
    if absent := sorted(map(str, (*info["missing_keys"], *info["mismatched_keys"]))):
        raise ModelError(
            f"{name}: {len(absent)} weights are missing or of another shape, such as {absent[0]}, "
            "and would be random; it is not a causal language model, or was saved in part"
        )
    return model.to(device).requires_grad_(False).eval()


def _window_length(model: Any, tokenizer: TextTokenizer, name: str, max_length: int | None) -> int:
    config = model.config.get_text_config(decoder=True)
    known = [n for field in _POSITIONS if isinstance(n := getattr(config, field, None), int)]
    most = known[0] if known else None
    length = min(_WINDOW, most or _WINDOW) if max_length is None else max_length
    least = len(tokenizer.start) + 2
    if length < least or (most is not None and length > most):
        upper = f" and at most {most}" if most else ""
        raise ModelError(f"{name}: a window needs at least {least}{upper} tokens, got {length}")
    return length


def _check_vocabulary(model: Any, tokenizer: TextTokenizer, name: str) -> None:
    rows = min(len(e.weight) for e in (model.get_input_embeddings(), model.get_output_embeddings()))
    # Tokens added later may lie beyond (Gemma's for images do), so long as no text needs them.
    words = tokenizer.backend.get_vocab(with_added_tokens=False).values()
    top = max((*words, *tokenizer.start), default=0)
    if top >= rows:
        raise ModelError(
            f"{name}: its tokenizer has token {top}, but the model knows {rows}; the tokenizer is "
            "another model's"
        )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the libraries' own bars and advice off the terminal."""
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
