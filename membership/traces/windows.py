"""Split documents into windows, and group windows into batches.

Both are pure functions of the list of documents: the same list always gives the same batches, so a
run can be repeated to the bit and a cache can skip whole batches.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Window:
    """A range of tokens that the model sees at once."""

    document: int
    """Position of the document in its list."""
    start: int
    stop: int
    """First and one-past-last token seen."""
    first: int
    """First token scored here; the window before has scored those between `start` and it."""


def cut_windows(document: int, n_tokens: int, room: int) -> Iterator[Window]:
    """Split a document so that every token is scored once, with enough left context.

    A document that fits is one window. A longer one has windows that begin half a window apart,
    and each but the first scores its second half only: every token sees at least half a window to
    its left, or the whole left context.

    Args:
        document: Index of the document.
        n_tokens: Length of the document.
        room: Maximum tokens per window, at least 2.
    """
    scored = 0
    step = room - room // 2
    for start in range(0, n_tokens, step):
        stop = min(start + room, n_tokens)
        yield Window(document, start, stop, scored)
        scored = stop
        if stop == n_tokens:
            return


def form_batches(
    windows: Sequence[Window], batch_tokens: int, group: Callable[[int], int] = lambda length: 0
) -> Iterator[list[Window]]:
    """Group windows of like length, the longest first: what does not fit in memory fails at once.

    Args:
        windows: In any order; their order decides between equal lengths.
        batch_tokens: Maximum number of tokens of a batch, padding included; a longer window goes
            alone.
        group: Returns the group of a window from its length; windows of two groups share no batch.
            It must not fall as the length grows.
    """
    batch: list[Window] = []
    for window in sorted(windows, key=lambda w: w.start - w.stop):
        longest = batch[0].stop - batch[0].start if batch else 0
        full = (len(batch) + 1) * longest > batch_tokens
        if batch and (full or group(longest) != group(window.stop - window.start)):
            yield batch
            batch = []
        batch.append(window)
    if batch:
        yield batch
