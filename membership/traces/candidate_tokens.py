"""Find the token at which the candidates of a slot can be compared, without an extra model pass.

The model runs on the original text. Its prediction for a token depends only on the tokens to the
left, so one row of its output compares all candidates, provided that they agree up to that row and
differ in the next token. A tokenizer may merge a word with the space before it, share the first
letters of two candidates, or tokenize the neighbours differently. So each candidate is put into a
piece of the text around the slot and tokenized again, and the result is compared with the tokens of
the document before any log-probability is used.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from membership.traces.tokens import Tokens
from membership.traces.trace import Slot

NO_DIFFERENCE = "the candidates share the token at which they first differ"
RECUT = "the tokens around the word do not match those of the document"
NO_CONTEXT = "no left context"
OUTSIDE = "outside the scored text"
NOT_A_NUMBER = "the model returned no number"

# In code points: the minimum extent of a piece to the left and right, and the search for white
# space.
_LEFT, _RIGHT, _REACH = 40, 20, 160
# Tokenizers treat the first word of a text specially, so a piece may begin with other tokens than
# the document has there; over this many code points before the difference the tokens must be the
# same.
_AGREED = 20
_SLOTS_AT_ONCE = 512


@dataclass(frozen=True)
class TokenChoice:
    """The token at which the candidates of one slot differ."""

    position: int
    """Index of the token in the document; the model predicts it one token earlier."""
    token_ids: tuple[int, ...]
    """The token id under each candidate; empty if unusable."""
    reason: str = ""
    """Why the slot is unusable, one of the constants of this module; empty if it is usable."""


def find_token_choices(
    text: str,
    slots: Sequence[Slot],
    tokens: Tokens,
    scored: NDArray[np.bool_],
    encode: Callable[[Sequence[str]], list[Tokens]],
) -> Iterator[TokenChoice]:
    """Yield for each slot the token to compare, or the reason why it cannot be compared.

    Args:
        text: The document as the model reads it.
        slots: Slots of the document, in any order.
        tokens: Tokens of the document.
        scored: Which of its tokens are scored.
        encode: Tokenizes other texts in the same way.

    Raises:
        ValueError: The slot's word is not at its offset, or it has fewer than two candidates.
    """
    for first in range(0, len(slots), _SLOTS_AT_ONCE):
        some = slots[first : first + _SLOTS_AT_ONCE]
        pieces = [_piece(text, slot) for slot in some]
        cut = iter(encode([variant for piece in pieces for variant in piece.variants]))
        for slot, piece in zip(some, pieces, strict=True):
            variants = [next(cut) for _ in piece.variants]
            yield _token_choice(slot, piece.left, variants, tokens, scored)


@dataclass(frozen=True)
class _Piece:
    left: int
    variants: list[str]


def _piece(text: str, slot: Slot) -> _Piece:
    end = slot.start + len(slot.original)
    if text[slot.start : end] != slot.original or not slot.original:
        raise ValueError(f"the text has no {slot.original!r} at {slot.start}")
    if len(slot.candidates) < 2:
        raise ValueError(f"{slot.original!r} at {slot.start} has fewer than two candidates")
    left, right = _left_edge(text, slot.start), right_edge(text, end)
    before, behind = text[left : slot.start], text[end:right]
    return _Piece(left, [before + word + behind for word in slot.candidates])


def _left_edge(text: str, start: int) -> int:
    """Find white space at least `_LEFT` to the left of a word; else return the end of the reach."""
    floor = max(start - _LEFT - _REACH, 0)
    for edge in range(start - _LEFT, floor, -1):
        if text[edge].isspace() and not text[edge - 1].isspace():
            return edge
    return floor


def right_edge(text: str, end: int) -> int:
    """Find the end of a piece of text around a word: white space at a distance after the word."""
    ceiling = min(end + _RIGHT + _REACH, len(text))
    return next((e for e in range(end + _RIGHT, ceiling) if text[e].isspace()), ceiling)


def _token_choice(
    slot: Slot, left: int, variants: list[Tokens], tokens: Tokens, scored: NDArray[np.bool_]
) -> TokenChoice:
    step = _first_difference(variants)
    if step is None:
        return TokenChoice(-1, (), NO_DIFFERENCE)
    position = _locate(variants[0], left, step, tokens)
    if position is None:
        return TokenChoice(-1, (), RECUT)
    if position == len(tokens):
        return TokenChoice(position, (), OUTSIDE)
    ids = tuple(int(variant.ids[step]) for variant in variants)
    if slot.original in slot.candidates:
        own = ids[slot.candidates.index(slot.original)]
        if own != tokens.ids[position]:
            return TokenChoice(position, (), RECUT)
    if not scored[position]:
        return TokenChoice(position, (), OUTSIDE if position else NO_CONTEXT)
    return TokenChoice(position, ids)


def _first_difference(variants: list[Tokens]) -> int | None:
    """Find the first token that is not the same in all variants, if it differs in each of them."""
    for step in range(min(map(len, variants))):
        different = len({int(variant.ids[step]) for variant in variants})
        if different > 1:
            return step if different == len(variants) else None
    return None


def _locate(piece: Tokens, left: int, step: int, tokens: Tokens) -> int | None:
    """Find the token of the document that corresponds to token `step` of the piece.

    The tokens to the left must have the same ids and offsets in both: over `_AGREED` code points,
    or back to the start if the piece begins where the document does.
    """
    if step == 0:
        return 0 if left == 0 else None
    starts, slot = tokens.spans[:, 0], piece.spans[step - 1, 0] + left
    first, last = np.searchsorted(starts, slot, "left"), np.searchsorted(starts, slot, "right")
    # Several tokens have the same start if they share a character.
    for position in range(int(first) + 1, int(last) + 1):
        if run := _shared_run(piece, left, step, tokens, position):
            agreed = piece.spans[step - 1, 1] - piece.spans[step - run, 0]
            if agreed >= _AGREED or (left == 0 and run == step == position):
                return position
    return None


def _shared_run(piece: Tokens, left: int, step: int, tokens: Tokens, position: int) -> int:
    """Count the tokens that agree to the left of `step` and `position`."""
    longest = min(step, position)
    ours, theirs = slice(step - longest, step), slice(position - longest, position)
    same = (piece.ids[ours] == tokens.ids[theirs]) & (
        piece.spans[ours, 0] + left == tokens.spans[theirs, 0]
    )
    return int(np.cumprod(same[::-1]).sum())
