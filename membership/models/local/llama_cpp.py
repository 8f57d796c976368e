"""A model in a GGUF file, run by llama.cpp with its own quantization, of any architecture.

`membership.models.local.gguf` expands the same file for transformers, which takes more memory and
supports fewer architectures, but never passes an untrusted file to a parser written in C++.
"""

import ctypes
from collections.abc import Container, Iterator, Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass, field
from importlib.metadata import version
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from membership.models.local.gguf import gguf_fingerprint
from membership.models.local.head import dense_moments
from membership.models.local.huggingface import WINDOW, display_name
from membership.models.local.inference_settings import InferenceSettings
from membership.models.local.llama_cpp_tokens import LlamaCppTokenizer, wrap_vocabulary
from membership.models.local.probe import SENTENCE
from membership.traces.builder import TraceBuilder, trace_builders
from membership.traces.trace import COLUMNS, Query, Trace
from membership.traces.windows import Window, cut_windows
from watermark.errors import ModelError, as_model_error

PREFIX = "llama.cpp+"
"""Prefix of the path of a file to be run by llama.cpp."""

_CHUNK = 128
"""Number of tokens whose logits exist at once."""
_ALLOWED = 0.2
"""Allowed difference in nats between chunk sizes: keys and values are stored in fp16."""


@dataclass(frozen=True)
class LlamaCppModel:
    """A GGUF file in llama.cpp, as a suspect or a reference; see `load_llama_cpp`."""

    name: str
    fingerprint: str
    settings: str
    max_length: int
    """Maximum tokens per window, including the start token."""
    tokenizer: LlamaCppTokenizer = field(repr=False)
    llama: Any = field(repr=False)
    """The `llama_cpp.Llama` model."""

    abilities: ClassVar[frozenset[str]] = frozenset({"logprobs", "moments", "candidates"})

    def trace(
        self, queries: Sequence[Query], known: Container[int] = ()
    ) -> Iterator[tuple[int, Trace]]:
        """Yield the index of each query and its trace, in the order of the list.

        Raises:
            ModelError: llama.cpp cannot read a text.
            ValueError: A slot is not in its text.
        """
        room = self.max_length - len(self.tokenizer.start)
        for builders in trace_builders(queries, self.tokenizer):
            for builder in builders:
                if builder.index not in known:
                    for window in cut_windows(0, len(builder.tokens), room):
                        self._run(window, builder)
                    yield builder.index, builder.trace()

    def _run(self, window: Window, builder: TraceBuilder) -> None:
        """Run a window and pass the results to the trace builder."""
        start, positions = self.tokenizer.start, builder.positions(window)
        text = builder.tokens.ids[window.start : window.stop]
        # A token is predicted one position to its left; nothing predicts the very first one.
        first = window.start - len(start) + 1
        columns: dict[str, list[NDArray[Any]]] = {name: [] for name in COLUMNS}
        choices = builder.choices(window)
        for chunk, logits in self._logits([*start, *text.tolist()]):
            predicted = np.arange(first + chunk.start, first + chunk.stop)
            rows = np.flatnonzero(np.isin(predicted, positions))
            own = torch.from_numpy(builder.tokens.ids[predicted[rows]].astype(np.int64))
            moments = dense_moments(logits[rows], own)
            for name, column in columns.items():
                column.append(getattr(moments, name).numpy())
            for slot, choice in choices:
                if choice.position in predicted:
                    row = logits[choice.position - first - chunk.start].double()
                    read = row[list(choice.token_ids)] - row.logsumexp(0)
                    builder.read(slot, read.clamp_max(0).numpy())
        builder.fill(window, {name: np.concatenate(parts) for name, parts in columns.items()})

    def _logits(self, ids: Sequence[int]) -> Iterator[tuple[range, torch.Tensor]]:
        """Yield the logits after each token, one chunk of tokens at a time, shape (chunk, V).

        A chunk's logits are invalid once the next chunk is requested.
        """
        import llama_cpp

        context, size = self.llama.ctx, self.llama.n_vocab()
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(context), True)
        batch = llama_cpp.llama_batch_init(_CHUNK, 0, 1)
        try:
            for first in range(0, len(ids), _CHUNK):
                chunk = range(first, min(first + _CHUNK, len(ids)))
                _fill(batch, [ids[i] for i in chunk], first)
                if code := llama_cpp.llama_decode(context, batch):
                    raise ModelError(f"{self.name}: llama.cpp cannot read a text (code {code})")
                rows = llama_cpp.llama_get_logits(context)
                if not rows:
                    raise ModelError(f"{self.name}: is not a causal language model: no logits")
                yield chunk, torch.from_numpy(np.ctypeslib.as_array(rows, (len(chunk), size)))
        finally:
            llama_cpp.llama_batch_free(batch)


def _fill(batch: Any, ids: Sequence[int], first: int) -> None:
    """Write tokens into a batch of llama.cpp; the logits after each are requested."""
    batch.n_tokens = len(ids)
    for i, token in enumerate(ids):
        batch.token[i], batch.pos[i], batch.logits[i] = token, first + i, True
        batch.n_seq_id[i], batch.seq_id[i][0] = 1, 0


def load_llama_cpp(file: Path, run: InferenceSettings) -> LlamaCppModel:
    """Load a GGUF file into llama.cpp.

    Args:
        file: A GGUF file.
        run: Window, start token and device; weights keep the file's quantization, so `dtype` is
            ignored.

    Raises:
        ModelError: It cannot be loaded, is not a causal language model, or llama-cpp-python is not
            installed.
    """
    name = display_name(file)
    digest = gguf_fingerprint(file)
    engine = engine_version(name)
    chatter = redirect_stderr(StringIO())  # the library warns about intended settings
    with chatter, as_model_error(f"{name}: cannot be loaded by llama.cpp"):
        device = _device(run, name)
        llama, length = _open(file, name, run, device)
        tokenizer = wrap_vocabulary(llama, name, run.start_token)
    model = LlamaCppModel(
        name=name,
        fingerprint=digest,
        settings=(
            f"{_description(llama)} run by {engine} on {device}, "
            f"start token {tokenizer.start_text()}, windows of {length} tokens"
        ),
        max_length=length,
        tokenizer=tokenizer,
        llama=llama,
    )
    _probe(model)
    return model


def _probe(model: LlamaCppModel) -> None:
    """Check that log-probabilities are finite and do not depend on later tokens."""
    seen, cut = (
        trace.logprob
        for _, trace in model.trace([Query(SENTENCE), Query(SENTENCE[: len(SENTENCE) // 2])])
    )
    if not (len(seen) and np.isfinite(seen).all()):
        raise ModelError(f"{model.name}: its log-probabilities of plain English are not numbers")
    shared = slice(len(cut) - 1)  # the last token of the half may differ
    if not np.abs(seen[shared] - cut[shared]).max() <= _ALLOWED:
        raise ModelError(
            f"{model.name}: what it predicts depends on later text, so it is not a causal "
            "language model"
        )


def engine_version(name: str) -> str:
    """Return the version of llama.cpp that would run a file.

    Raises:
        ModelError: llama.cpp is not installed.
    """
    if not find_spec("llama_cpp"):
        raise ModelError(
            f"{name}: llama.cpp is not installed; install leximark[llama-cpp], which compiles it, "
            f"or leave out {PREFIX}"
        )
    return f"llama.cpp of llama-cpp-python {version('llama-cpp-python')}"


def _device(run: InferenceSettings, name: str) -> str:
    """Return `gpu` if llama.cpp was compiled for one and the settings allow it, else `cpu`."""
    import llama_cpp

    able = llama_cpp.llama_supports_gpu_offload()
    if run.device not in ("auto", "cpu") and not able:
        raise ModelError(f"{name}: this llama.cpp was compiled for the CPU only")
    return "gpu" if able and run.device != "cpu" else "cpu"


def _open(file: Path, name: str, run: InferenceSettings, device: str) -> tuple[Any, int]:
    """Return the model with a context for one window, and the window length in tokens."""
    import llama_cpp

    head = llama_cpp.Llama(str(file), vocab_only=True, verbose=False)
    most = int(head.metadata[f"{head.metadata['general.architecture']}.context_length"])
    head.close()
    length = min(WINDOW, most) if run.max_length is None else run.max_length
    if not 3 <= length <= most:
        raise ModelError(f"{name}: a window needs at least 3 and at most {most} tokens")
    llama = llama_cpp.Llama(
        str(file),
        n_ctx=length,
        n_batch=_CHUNK,
        n_ubatch=_CHUNK,
        n_gpu_layers=-1 if device == "gpu" else 0,
        n_threads=torch.get_num_threads(),
        n_threads_batch=torch.get_num_threads(),
        verbose=False,
    )
    return llama, length


def _description(llama: Any) -> str:
    """Return architecture, size and type as llama.cpp names them, such as "llama 134M Q8_0"."""
    import llama_cpp

    text = ctypes.create_string_buffer(128)
    llama_cpp.llama_model_desc(llama.model, text, len(text))
    return text.value.decode(errors="replace")
