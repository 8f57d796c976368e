"""The llama.cpp tokenizer of a GGUF file, with the span of every token in the text."""

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from membership.models.local.probe import SENTENCE
from membership.traces.tokens import SPECIMEN, Tokens, clean_text, which_scored
from watermark.errors import ModelError


@dataclass(frozen=True)
class LlamaCppTokenizer:
    """Tokenizes plain text; a special token spelled out in the text is treated as text."""

    name: str
    """Name of the model in messages."""
    cut: Callable[[bytes], list[int]] = field(repr=False)
    spell: Callable[[int], bytes] = field(repr=False)
    """Returns the bytes of a token."""
    start: tuple[int, ...]
    """Ids placed before every text; empty if the model has no start token."""
    special: frozenset[int] = field(repr=False)
    """Ids that are never scored."""

    def encode(self, texts: Sequence[str]) -> list[Tokens]:
        """Tokenize the texts. A lone surrogate counts as the replacement character U+FFFD.

        Raises:
            ModelError: The tokens do not spell the text, so their offsets are unknown.
        """
        return [self._tokens(clean_text(text).encode()) for text in texts]

    def scored(self, tokens: Tokens) -> NDArray[np.bool_]:
        """Return which tokens are scored: not special, and with left context."""
        return which_scored(tokens, self.special, self.start)

    def start_text(self) -> str:
        """Spell out the start token for a report."""
        return " ".join(self.spell(i).decode(errors="replace") for i in self.start) or "none"

    def _tokens(self, text: bytes) -> Tokens:
        ids = self.cut(text) if text else []
        words = [self.spell(i) for i in ids]
        spelt = b"".join(words)
        shift = len(spelt) - len(text)  # SentencePiece puts a space before the first word
        if spelt != b" " * shift + text or shift > 1:
            raise ModelError(
                f"{self.name}: its tokenizer does not reproduce the text exactly, so tokens have "
                "no offsets; a tokenizer of bytes or one without normalisation is needed"
            )
        ends = np.cumsum([len(word) for word in words], dtype=np.int64) - shift
        starts = np.concatenate([[0], ends[:-1]])[: len(ends)].clip(min=0)
        return Tokens(np.array(ids, dtype=np.int32), _code_points(text, starts, ends))


def _code_points(
    text: bytes, starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> NDArray[np.int32]:
    """Convert byte offsets to offsets of the characters they belong to, shape (n, 2)."""
    raw = np.frombuffer(text, dtype=np.uint8)
    character = np.cumsum((raw & 0xC0) != 0x80) - 1  # of each byte; the others continue one
    upto = np.concatenate([[0], character + 1])
    spans = np.stack([np.append(character, len(upto) and upto[-1])[starts], upto[ends]], axis=1)
    return spans.astype(np.int32).reshape(-1, 2)


def wrap_vocabulary(llama: Any, name: str, start_token: str) -> LlamaCppTokenizer:
    """Make a tokenizer of plain text with the requested start token.

    Args:
        llama: A `llama_cpp.Llama`.
        name: Name of the model in messages.
        start_token: As in `membership.traces.tokens.wrap_tokenizer`.

    Raises:
        ModelError: There is no such token, or the tokens do not spell the text.
    """
    import llama_cpp

    vocabulary = llama_cpp.llama_model_get_vocab(llama.model)
    size = llama.n_vocab()
    control = {i for i in range(size) if llama_cpp.llama_vocab_is_control(vocabulary, i)}
    known = {"bos": llama.token_bos(), "eos": llama.token_eos()}
    named = {role: token for role, token in known.items() if token >= 0}
    start = _start_ids(llama, name, start_token, named)

    tokenizer = LlamaCppTokenizer(
        name=name,
        cut=lambda text: list(llama.tokenize(text, add_bos=False, special=False)),
        spell=cache(lambda token: _spell(vocabulary, token)),
        start=start,
        special=frozenset(control | set(named.values()) | set(start)),
    )
    tokenizer.encode([SENTENCE, SPECIMEN])
    return tokenizer


def _spell(vocabulary: Any, token: int, room: int = 32) -> bytes:
    """Return the bytes of a token; the library's own function truncates them to 32."""
    import llama_cpp

    text = ctypes.create_string_buffer(room)
    n = llama_cpp.llama_token_to_piece(vocabulary, token, text, room, 0, True)
    return text.raw[:n] if n >= 0 else _spell(vocabulary, token, -n)


def _start_ids(llama: Any, name: str, start_token: str, named: dict[str, int]) -> tuple[int, ...]:
    if start_token == "none":
        return ()
    if start_token == "auto":
        return (named["bos"],) if "bos" in named else ()
    if start_token in named:
        return (named[start_token],)
    ids = llama.tokenize(start_token.encode(), add_bos=False, special=True)
    if len(ids) != 1:
        raise ModelError(
            f"{name}: start token: the tokenizer has no {start_token!r}; choose auto, none, or a "
            "token of its own"
        )
    return tuple(ids)
