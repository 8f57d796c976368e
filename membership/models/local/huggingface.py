"""Hugging Face causal language models, from a folder or the hub."""

import warnings
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import torch
import transformers
from transformers.utils import logging

from membership.models.checkpoint import find_checkpoint, fingerprint
from membership.models.local.head import Head
from membership.models.local.inference_settings import InferenceSettings
from membership.models.local.lengths import LengthGroups, find_length_groups
from membership.models.local.one_pass import run_batch
from membership.models.local.probe import LENGTH, SENTENCE, probe
from membership.models.local.weights import load_weights
from membership.traces.builder import TraceBuilder, trace_builders
from membership.traces.tokens import TextTokenizer, wrap_tokenizer
from membership.traces.trace import Query, Trace
from membership.traces.windows import Window, cut_windows, form_batches
from watermark.errors import ModelError, as_model_error

# Longer windows cost memory and, in attention, time; and the nearest context determines most of a
# prediction.
WINDOW = 2048
_CPU_BATCH_TOKENS, _GPU_BATCH_TOKENS = 2048, 16384
_POSITIONS = (
    "max_position_embeddings", "n_positions", "max_seq_len", "seq_length", "n_ctx",
    "max_target_positions",
)  # fmt: skip


@dataclass(frozen=True)
class HuggingFaceModel:
    """A causal language model in memory, as a suspect or a reference; see `load_huggingface`."""

    name: str
    fingerprint: str
    settings: str
    max_length: int
    """Maximum tokens per window, including the start token."""
    batch_tokens: int
    """Maximum tokens per batch, including padding."""
    tokenizer: TextTokenizer = field(repr=False)
    model: Any = field(repr=False)
    """The transformers model."""
    head: Head = field(repr=False)
    groups: LengthGroups = field(default=LengthGroups(), repr=False)
    """Which windows may share a batch."""

    abilities: ClassVar[frozenset[str]] = frozenset({"logprobs", "moments", "candidates"})

    def trace(
        self, queries: Sequence[Query], known: Container[int] = ()
    ) -> Iterator[tuple[int, Trace]]:
        """Yield the index of each query and its trace as soon as its last batch is done.

        The batches depend only on the list of queries, and memory does not grow with it. A batch is
        skipped if all its texts are known.

        Raises:
            ModelError: The tokenizer produced a token that the model has no row for.
            ValueError: A slot is not in its text.
        """
        for builders in trace_builders(queries, self.tokenizer):
            windows = [window for n, d in enumerate(builders) for window in self._windows(n, d)]
            wanted = {n for n, builder in enumerate(builders) if builder.index not in known}
            for number, builder in enumerate(builders):
                if number in wanted and not builder.windows_left:
                    yield builder.index, builder.trace()
            for batch in form_batches(windows, self.batch_tokens, self._group):
                met = dict.fromkeys(window.document for window in batch)
                if wanted.isdisjoint(met):
                    continue
                run_batch(self.model, self.head, self.tokenizer.start, batch, builders)
                for number in met:
                    if number in wanted and not builders[number].windows_left:
                        yield builders[number].index, builders[number].trace()

    def _group(self, n_tokens: int) -> int:
        return self.groups.group(len(self.tokenizer.start) + n_tokens)

    def _windows(self, number: int, builder: TraceBuilder) -> list[Window]:
        ids, rows = builder.tokens.ids, len(self.head.weight)
        if len(ids) and ids.max() >= rows:
            raise ModelError(
                f"{self.name}: its tokenizer made token {ids.max()}, but the model knows {rows}; "
                "the tokenizer is another model's"
            )
        room = self.max_length - len(self.tokenizer.start)
        windows = list(cut_windows(number, len(ids), room))
        builder.windows_left = len(windows)
        return windows


def load_huggingface(
    name_or_folder: str | Path, settings: InferenceSettings = InferenceSettings()
) -> HuggingFaceModel:
    """Load a causal language model, after checking that it is one and contains no code.

    Args:
        name_or_folder: A folder with `config.json`, safetensors weights and a fast tokenizer, or
            the id of a hub model, perhaps with `@` and a branch, tag or commit.
        settings: Data type, device, window, batch and start token.

    Raises:
        ModelError: It cannot or must not be loaded, or its log-probabilities in our pass differ
            from those of its own; says why.
    """
    folder = find_checkpoint(name_or_folder)
    name = display_name(name_or_folder)
    with quiet(), as_model_error(f"{name}: cannot be loaded as a causal language model"):
        tokenizer = load_tokenizer_of(folder, name, settings.start_token)
        model = load_weights(folder, name, settings.torch_dtype, settings.torch_device)
        return assemble(model, tokenizer, name, fingerprint(folder), settings)


def display_name(name_or_folder: str | Path) -> str:
    """Return the name of a model for reports; for a folder, its last part."""
    path = Path(name_or_folder)
    return path.resolve().name if path.exists() else str(name_or_folder)


def assemble(
    model: Any,
    tokenizer: TextTokenizer,
    name: str,
    digest: str,
    run: InferenceSettings,
    note: str = "",
    in_library: Any = None,
) -> HuggingFaceModel:
    """Make a suspect from a transformers model and its tokenizer, after testing it.

    Args:
        model: Model in memory, on its device.
        tokenizer: Tokenizer of the model.
        name: Name of the model in a report.
        digest: Fingerprint of the model.
        run: How the model is run.
        note: Anything else that a report should say about how it is run.
        in_library: The model as the library that made it runs it; by default `model` itself.

    Raises:
        ModelError: Our forward pass does not reproduce the model's own output.
    """
    length = _window_length(model, tokenizer, name, run.max_length)
    _check_vocabulary(model, tokenizer, name)
    sentence = (*tokenizer.start, *tokenizer.encode([SENTENCE])[0].ids)[: min(length, LENGTH)]
    ids = torch.tensor(sentence, device=run.torch_device)
    head = probe(model, ids, name, in_library)
    groups = find_length_groups(model, head, ids, length, name)
    notes = "".join(f", {each}" for each in (str(groups), note) if each)
    usual = _CPU_BATCH_TOKENS if run.torch_device.type == "cpu" else _GPU_BATCH_TOKENS
    size = run.batch_tokens or usual
    return HuggingFaceModel(
        name=name,
        fingerprint=digest,
        settings=(
            f"{str(run.torch_dtype).removeprefix('torch.')} on {run.torch_device.type}, "
            f"{getattr(model.config, '_attn_implementation', 'own')} attention, "
            f"start token {tokenizer.start_text()}, "
            f"windows of {length} and batches of {size} tokens{notes}"
        ),
        max_length=length,
        batch_tokens=size,
        tokenizer=tokenizer,
        model=model,
        head=head,
        groups=groups,
    )


def load_tokenizer(folder: Path) -> TextTokenizer:
    """Load the tokenizer of a folder as `load_huggingface` does by default.

    Raises:
        ModelError: It cannot be loaded, or does not report the offsets of tokens in the text.
    """
    with quiet(), as_model_error(f"{folder}: its tokenizer cannot be loaded"):
        return load_tokenizer_of(folder, folder.resolve().name, "auto")


def load_tokenizer_of(folder: Path, name: str, start_token: str, **source: str) -> TextTokenizer:
    """Load the tokenizer of a checked folder, or of a GGUF file in it (`gguf_file`)."""
    # Some classes of transformers 5 rebuild the pipeline and ignore that of the file, with which
    # the model was trained.
    own = not source and (folder / "tokenizer.json").is_file()
    family = transformers.PreTrainedTokenizerFast if own else transformers.AutoTokenizer
    tokenizer = family.from_pretrained(
        folder, trust_remote_code=False, local_files_only=True, **source
    )
    if not tokenizer.is_fast:
        raise ModelError(
            f"{name}: its tokenizer ({type(tokenizer).__name__}) does not report the offsets "
            "of tokens in the text; a model with a tokenizer.json is needed"
        )
    ids = {"bos": tokenizer.bos_token_id, "eos": tokenizer.eos_token_id}
    named = {role: token for role, token in ids.items() if token is not None}
    return wrap_tokenizer(tokenizer.backend_tokenizer, start_token, named, tokenizer.unk_token_id)


def _window_length(model: Any, tokenizer: TextTokenizer, name: str, max_length: int | None) -> int:
    config = model.config.get_text_config(decoder=True)
    named = [getattr(config, field, None) for field in _POSITIONS]
    most = next((n for n in named if isinstance(n, int) and n > 0), None)
    length = min(WINDOW, most or WINDOW) if max_length is None else max_length
    least = len(tokenizer.start) + 2
    if length < least or (most is not None and length > most):
        upper = f" and at most {most}" if most else ""
        raise ModelError(f"{name}: a window needs at least {least}{upper} tokens, got {length}")
    return length


def _check_vocabulary(model: Any, tokenizer: TextTokenizer, name: str) -> None:
    rows = min(len(e.weight) for e in (model.get_input_embeddings(), model.get_output_embeddings()))
    # Tokens added later may be out of range (as Gemma's image tokens are) if no text needs them.
    words = tokenizer.backend.get_vocab(with_added_tokens=False).values()
    top = max((*words, *tokenizer.start), default=0)
    if top >= rows:
        raise ModelError(
            f"{name}: its tokenizer has token {top}, but the model knows {rows}; the tokenizer is "
            "another model's"
        )


@contextmanager
def quiet() -> Iterator[None]:
    """Suppress the progress bars and warnings of libraries."""
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # from one library to another
            yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
