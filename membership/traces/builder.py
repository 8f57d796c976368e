"""Assemble one trace per query from the windows a model has run; nothing here needs a model."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from membership.traces.candidate_tokens import NOT_A_NUMBER, TokenChoice, find_token_choices
from membership.traces.tokens import Cutter, Tokens
from membership.traces.trace import FLOATS, CandidateLogprobs, Query, Trace
from membership.traces.windows import Window

# Code points of text processed at a time: a few hundred batches of a small model.
_BLOCK = 1 << 20


class TraceBuilder:
    """Builds the trace of one query: its tokens, its candidate slots and the results so far."""

    def __init__(self, index: int, query: Query, tokens: Tokens, tokenizer: Cutter) -> None:
        self.index = index
        self.tokens = tokens
        self.windows_left = 0
        self._scored = tokenizer.scored(tokens)
        found = find_token_choices(query.text, query.slots, tokens, self._scored, tokenizer.encode)
        choices = list(found)
        self._readings = [
            CandidateLogprobs(np.full(len(slot.candidates), np.nan), choice.reason or NOT_A_NUMBER)
            for slot, choice in zip(query.slots, choices, strict=True)
        ]
        usable = [(slot, choice) for slot, choice in enumerate(choices) if not choice.reason]
        self._usable = sorted(usable, key=_position)
        self._columns: dict[str, NDArray[Any]] = {
            name: np.full(len(tokens), np.nan, np.float32) for name in FLOATS
        }
        self._columns["rank"] = np.zeros(len(tokens), np.int32)

    def positions(self, window: Window) -> NDArray[np.int64]:
        """List the tokens that this window scores."""
        return window.first + np.flatnonzero(self._scored[window.first : window.stop])

    def choices(self, window: Window) -> list[tuple[int, TokenChoice]]:
        """List the token choices that fall into this window, each with the index of its slot."""
        first = bisect_left(self._usable, window.first, key=_position)
        return self._usable[first : bisect_left(self._usable, window.stop, key=_position)]

    def fill(self, window: Window, columns: Mapping[str, NDArray[np.generic]]) -> None:
        """Store the statistics of the tokens that this window scores."""
        positions = self.positions(window)
        for name, column in self._columns.items():
            column[positions] = columns[name]
        self.windows_left -= 1

    def read(self, slot: int, logprob: NDArray[np.float64]) -> None:
        """Store the log-probabilities of the candidates at one slot."""
        if np.isfinite(logprob).all():
            self._readings[slot] = CandidateLogprobs(logprob)

    def trace(self) -> Trace:
        """Return the trace of the tokens that were scored."""
        kept = {name: column[self._scored] for name, column in self._columns.items()}
        ids, spans = self.tokens.ids[self._scored], self.tokens.spans[self._scored]
        first = int(self._scored.argmax()) if len(ids) else 0
        return Trace(
            token_ids=ids,
            spans=spans,
            candidate_logprobs=tuple(self._readings),
            unscored_start=tuple(self.tokens.ids[:first].tolist()),
            **kept,
        )


def _position(read: tuple[int, TokenChoice]) -> int:
    return read[1].position


def text_blocks(queries: Sequence[Query]) -> Iterator[range]:
    """Cut a list of queries into the blocks that a model runs one after the other.

    No batch spans two blocks, so a block run alone has the traces that it has in the list.
    """
    first = size = 0
    for index, query in enumerate(queries):
        size += len(query.text)
        if size >= _BLOCK or index == len(queries) - 1:
            yield range(first, index + 1)
            first, size = index + 1, 0


def trace_builders(queries: Sequence[Query], tokenizer: Cutter) -> Iterator[list[TraceBuilder]]:
    """Tokenize the texts in blocks, so that memory does not grow with the number of queries."""
    for numbers in text_blocks(queries):
        block = queries[numbers.start : numbers.stop]
        cuts = tokenizer.encode([q.text for q in block])
        yield [
            TraceBuilder(number, q, tokens, tokenizer)
            for number, q, tokens in zip(numbers, block, cuts, strict=True)
        ]
