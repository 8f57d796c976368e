"""A text as tokenized by a model, with the span of every token in the text."""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from watermark.errors import ModelError, as_model_error

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
SPECIMEN = (
    "It's 12,345.67 km\tfrom the caf\u00e9 to \u0141\u00f3d\u017a \u2014 unquestionably "
    "far!\r\n\n  def fibonacci(n):\n\treturn n if n < 2 else fibonacci(n-1)+fibonacci(n-2)\n"
    "\u4e00\u79cd\u68c0\u6d4b\u6c34\u5370\u7684\u65b9\u6cd5\uff0c "
    "\u043f\u0440\u043e\u0442\u043e\u043a\u043e\u043b \u2116 42 \U0001f937\U0001f3fd "
    "\u0645\u0631\u062d\u0628\u0627 hydrogeologists' pre-registered XMLHttpRequest 2024-11-23"
)
"""A text that hardly any two tokenizers encode to the same ids."""


@dataclass(frozen=True)
class Tokens:
    """The tokens of a text, without tokens that a tokenizer adds."""

    ids: NDArray[np.int32]
    spans: NDArray[np.int32]
    """Shape (n, 2): first and one-past-last code point of each token, as reported by the
    tokenizer.

    Tokens that share a character, such as the pieces of an emoji, have the same span.
    """

    def __len__(self) -> int:
        return len(self.ids)


class Cutter(Protocol):
    """Splits texts into the tokens of a model."""

    def encode(self, texts: Sequence[str]) -> list[Tokens]:
        """Tokenize the texts."""

    def scored(self, tokens: Tokens) -> NDArray[np.bool_]:
        """Return which tokens are scored."""


@dataclass(frozen=True)
class TextTokenizer:
    """Tokenizes plain text; a special token spelled out in the text is treated as text."""

    backend: Tokenizer = field(repr=False)
    start: tuple[int, ...]
    """Ids placed before every text; empty if the model has no start token."""
    special: frozenset[int] = field(repr=False)
    """Ids that are never scored."""

    def encode(self, texts: Sequence[str]) -> list[Tokens]:
        """Tokenize the texts. A lone surrogate counts as the replacement character U+FFFD.

        Raises:
            ModelError: The tokenizer fails, because it has no token for unknown text or its file
                is malformed.
        """
        clean = [clean_text(text) for text in texts]
        with as_model_error("the tokenizer cannot cut a text"):
            return [_tokens(e) for e in self.backend.encode_batch(clean, add_special_tokens=False)]

    def scored(self, tokens: Tokens) -> NDArray[np.bool_]:
        """Return which tokens are scored: not special, and with left context."""
        return which_scored(tokens, self.special, self.start)

    def fingerprint(self) -> str:
        """Return a hash that identifies this tokenizer; see `hash_of_cut`."""
        return hash_of_cut(self.encode([SPECIMEN])[0].ids.tolist())

    def start_text(self) -> str:
        """Spell out the start token for a report."""
        return " ".join(self.backend.id_to_token(i) or str(i) for i in self.start) or "none"


def which_scored(
    tokens: Tokens, special: frozenset[int], start: tuple[int, ...]
) -> NDArray[np.bool_]:
    """Return which tokens are not special and have left context."""
    scored = ~np.isin(tokens.ids, list(special))
    if not start:
        scored[:1] = False
    return scored


def hash_of_cut(ids: Sequence[int]) -> str:
    """Return the SHA-256 of the ids of `SPECIMEN`, the same for every backend of a model."""
    return hashlib.sha256(json.dumps(list(ids)).encode()).hexdigest()


def wrap_tokenizer(
    backend: Tokenizer, start_token: str, named: dict[str, int], unknown: int | None = None
) -> TextTokenizer:
    """Make a tokenizer of plain text with the requested start token.

    Args:
        backend: Modified in place: it then reads special tokens in a text as text, and neither
            truncates nor pads.
        start_token: `auto`, `bos`, `eos`, `none`, or a token of the vocabulary such as
            `<|endoftext|>`. `auto` is what the tokenizer itself puts first, else its BOS token,
            else nothing. Without a start token the first token of a text has no left context and
            is not scored.
        named: Ids of `bos` and `eos`, as far as the tokenizer has them.
        unknown: Id of the unknown token. It represents a word of the text and is scored, unless
            it also begins or ends texts.

    Raises:
        ModelError: The tokenizer has no such token.
    """
    backend.no_truncation()
    backend.no_padding()
    start = _start_ids(backend, start_token, named)
    added = backend.get_added_tokens_decoder().items()
    special = {token for token, what in added if what.special} - {unknown}
    backend.encode_special_tokens = True
    return TextTokenizer(backend, start, frozenset(special | set(named.values()) | set(start)))


def _start_ids(backend: Tokenizer, start_token: str, named: dict[str, int]) -> tuple[int, ...]:
    if start_token == "none":
        return ()
    if start_token == "auto":
        own = backend.encode("a")
        leading = takewhile(
            lambda pair: pair[1], zip(own.ids, own.special_tokens_mask, strict=True)
        )
        ids = tuple(token for token, _ in leading)
        return ids or ((named["bos"],) if "bos" in named else ())
    token = named.get(start_token, backend.token_to_id(start_token))
    if token is None:
        raise ModelError(
            f"start token: the tokenizer has no {start_token!r}; "
            f"choose auto, none, or one of {', '.join(_special_words(backend)) or 'its own tokens'}"
        )
    return (token,)


def _special_words(backend: Tokenizer) -> Iterator[str]:
    added = backend.get_added_tokens_decoder().values()
    return (token.content for token in added if token.special)


def clean_text(text: str) -> str:
    """Replace lone surrogates, which UTF-8 cannot encode, by U+FFFD."""
    return _LONE_SURROGATE.sub("\ufffd", text)


def _tokens(encoding: Encoding) -> Tokens:
    ids = np.array(encoding.ids, dtype=np.int32)
    return Tokens(ids, np.array(encoding.offsets, dtype=np.int32).reshape(-1, 2))
