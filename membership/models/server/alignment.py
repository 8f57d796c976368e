"""Detect an off-by-one between a server's log-probabilities and its tokens.

The server generates one token and reports its log-probability. Then it is given the prompt with
this token and one more word, and must report the same value for that token. Some servers are known
to be off by one, and scores from them would be noise.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from membership.models.server.prompt_logprobs import Reply, locate
from watermark.errors import ModelError

_PROMPTS = (
    "The committee met on Monday and decided to",
    "One, two, three, four, five, six,",
    "In the beginning there was nothing but the",
    "def add(a, b):\n    return a +",
    "She opened the window and looked out at the",
    "A B C D E F G H I J K",
    "It is not the case that the",
    "We shall see what the",
)
_BEHIND = " and"
_WANTED = 3
"""Prompts that must agree."""
# In nats. Servers that compute in bf16 and in batches do not give the same number twice.
_ALLOWED = 0.2


@dataclass(frozen=True)
class LogprobAlignment:
    """How log-probabilities are aligned with tokens."""

    shift: int = 0
    """Number of positions by which values are too early (1) or too late (-1)."""
    first_scored: bool = False
    """Whether the first token has a value, because the server prepends a start token."""
    words: tuple[str, ...] = ()
    """The probe as tokenized by the server."""

    def __str__(self) -> str:
        """Describe the alignment in a few words."""
        first = "scored" if self.first_scored else "not scored"
        moved = f", numbers moved by {self.shift}" if self.shift else ""
        return f"first token {first}{moved}"

    def has_number(self, reply: Reply) -> NDArray[np.bool_]:
        """Tell which tokens of a reply that was put right have a number, if none was left out."""
        expected = np.ones(len(reply.ids), dtype=bool)
        # The first token of all is predicted by nothing, unless an unnamed one stands before it.
        expected[:1] = self.first_scored
        if self.shift < 0:
            expected[self.shift :] = False
        return expected

    def put_right(self, reply: Reply) -> Reply:
        """Return the reply with each value aligned with its token."""
        if not self.shift:
            return reply
        moved = {name: np.roll(getattr(reply, name), self.shift) for name in ("logprob", "top1")}
        edge = slice(None, self.shift) if self.shift > 0 else slice(self.shift, None)
        for column in moved.values():
            column[edge] = np.nan
        rank = np.roll(reply.rank, self.shift)
        rank[edge] = -1
        return replace(reply, rank=rank, **moved)


@dataclass(frozen=True)
class _Probe:
    reply: Reply
    place: int
    """Index of the token that the server generated."""
    logprob: float
    """Its log-probability when generated."""

    def distance(self, alignment: LogprobAlignment) -> float:
        found = alignment.put_right(self.reply).logprob[self.place]
        return float(np.nan_to_num(abs(found - self.logprob), nan=np.inf))


def detect_alignment(ask: Callable[[str], Reply], who: str) -> LogprobAlignment:
    """Detect how a server aligns log-probabilities with tokens.

    Args:
        ask: Returns the unmodified reply to a prompt.
        who: Name of the server in messages.

    Raises:
        ModelError: Its log-probabilities match those of generation at no offset.
    """
    seen = list[_Probe]()
    first: Reply | None = None
    for prompt in _PROMPTS:
        before = ask(prompt)
        first = first or before
        after = ask(prompt + before.written + _BEHIND)
        if _goes_on(before, after) and np.isfinite(before.written_logprob):
            seen.append(_Probe(after, len(before.ids), before.written_logprob))
        if len(seen) == _WANTED:
            break
    if len(seen) < _WANTED or first is None:
        raise ModelError(
            f"{who}: whether its log-probabilities stand beside their tokens cannot be checked: "
            f"what it writes reads back as other tokens in {len(_PROMPTS) - len(seen)} of "
            f"{len(_PROMPTS)} probes"
        )
    for shift in (0, 1, -1):
        alignment = LogprobAlignment(shift)
        if max(probe.distance(alignment) for probe in seen) <= _ALLOWED:
            return _described(alignment, first, who)
    apart = max(probe.distance(LogprobAlignment()) for probe in seen)
    raise ModelError(
        f"{who}: the log-probabilities of a given text are not those by which it writes (they "
        f"differ by {apart:.2g} nats); they are one place off, as with llama.cpp's Python "
        "server for models without a start token, or of a changed distribution"
    )


def _goes_on(before: Reply, after: Reply) -> bool:
    """Tell whether the second prompt is the first, the generated token, and more."""
    n = len(before.ids)
    return (
        "\ufffd" not in before.written  # a piece of a character reads back as something else
        and len(after.ids) > n + 1
        and bool((after.ids[1:n] == before.ids[1:]).all())
        and (after.words[n] or "").strip() == before.written.strip() != ""
    )


def _described(alignment: LogprobAlignment, first: Reply, who: str) -> LogprobAlignment:
    spans = locate(_PROMPTS[0], first.words)
    if spans is None:
        raise ModelError(f"{who}: the tokens that it names do not make up the text of the prompt")
    scored = np.isfinite(alignment.put_right(first).logprob) & (spans[:, 0] == 0)
    words = tuple(word or "" for word in first.words)
    return LogprobAlignment(alignment.shift, bool((scored & (spans[:, 1] > 0)).any()), words)
