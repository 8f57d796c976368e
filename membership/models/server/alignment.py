"""Detect an off-by-one between a server's log-probabilities and its tokens.

The server generates one token and reports its log-probability. Then it is given the prompt with
this token and one more word, and must report the same value for that token. Some servers are known
to be off by one, and scores from them would be noise.

A server that recognized the probe could answer it with one model and what follows with another. So
prompts are cut from the texts under audit, anew each time (`membership.models.server.probes`), and
the check is repeated among the questions, in their form.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from membership.models.server.http import RefusedError, Server
from membership.models.server.probes import Cut
from membership.models.server.prompt_logprobs import Form, Reply, body_of, locate, read_reply
from watermark.errors import ModelError

_FORMS: tuple[Form, ...] = ("prompt_logprobs", "echo")
_WANTED = 3
"""Prompts that must agree."""
_LEAD_RIGHT, _LEAD_WRONG = 2, 3
"""By how many a repeated probe must agree more often than not, or disagree, to be decided."""
# In nats. Servers that compute in bf16 and in batches do not give the same number twice.
_ALLOWED = 0.2


@dataclass(frozen=True)
class LogprobAlignment:
    """How log-probabilities are aligned with tokens."""

    shift: int = 0
    """Number of positions by which values are too early (1) or too late (-1)."""
    first_scored: bool = False
    """Whether the first token has a value, because the server prepends a start token."""

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
    prompt: str
    before: Reply
    """The reply to the prompt."""
    reply: Reply
    """The reply to the prompt, the token that was generated, and one more word."""
    place: int
    """Index of the token that the server generated."""
    logprob: float
    """Its log-probability when generated."""

    def distance(self, alignment: LogprobAlignment) -> float:
        found = alignment.put_right(self.reply).logprob[self.place]
        return float(np.nan_to_num(abs(found - self.logprob), nan=np.inf))


def ask(server: Server, form: Form, model: str, prompt: str, alignment: LogprobAlignment) -> Reply:
    """Request the log-probabilities of a prompt, aligned with its tokens.

    Raises:
        ModelError: The server returns none.
    """
    answer = server.post("completions", body_of(form, model, prompt))
    try:
        reply = read_reply(form, answer, prompt)
    except ModelError as error:
        raise ModelError(f"{server.address}: {error}") from error
    if reply is None:
        raise ModelError(
            f"{server.address}: returned no log-probabilities of the prompt; use it for text "
            "only (text+http://... or chat+http://...)"
        )
    return alignment.put_right(reply)


def detect_alignment(
    ask: Callable[[str], Reply], prompts: Sequence[str], who: str
) -> LogprobAlignment:
    """Detect how a server aligns log-probabilities with tokens.

    Args:
        ask: Returns the unmodified reply to a prompt.
        prompts: Beginnings of texts, three of which must agree.
        who: Name of the server in messages.

    Raises:
        ModelError: Its log-probabilities match those of generation at no offset.
    """
    seen, n_asked = list[_Probe](), 0
    for prompt in prompts:
        n_asked += 1
        if (probe := _probe(ask, Cut(prompt))) is not None:
            seen.append(probe)
        if len(seen) == _WANTED:
            break
    if len(seen) < _WANTED:
        raise ModelError(
            f"{who}: whether its log-probabilities stand beside their tokens cannot be checked: "
            f"what it writes reads back as other tokens in {n_asked - len(seen)} of "
            f"{n_asked} probes"
        )
    for shift in (0, 1, -1):
        alignment = LogprobAlignment(shift)
        if max(probe.distance(alignment) for probe in seen) <= _ALLOWED:
            return _described(alignment, seen[0], who)
    apart = max(probe.distance(LogprobAlignment()) for probe in seen)
    raise ModelError(
        f"{who}: the log-probabilities of a given text are not those by which it writes (they "
        f"differ by {apart:.2g} nats); they are one place off, as with llama.cpp's Python "
        "server for models without a start token, or of a changed distribution"
    )


def repeat_probe(
    ask: Callable[[str], Reply], cuts: Sequence[Cut], alignment: LogprobAlignment, who: str
) -> int:
    """Make sure that a server still is as it was when it was opened; return how much was learnt.

    Cuts are probed until those that agree lead by two, or those that disagree by three: a single
    number that is off by chance decides nothing, and neither does a single one that is right.

    Raises:
        ModelError: More log-probabilities differ from those of generation than agree with them.
    """
    apart = list[float]()
    lead = 0
    for cut in cuts:
        if (probe := _probe(ask, cut)) is None:
            continue
        apart.append(probe.distance(alignment))
        lead += 1 if apart[-1] <= _ALLOWED else -1
        if lead in (_LEAD_RIGHT, -_LEAD_WRONG):
            break
    if lead < 0:
        raise ModelError(
            f"{who}: the log-probabilities of a given text are no longer those by which it writes "
            f"(they differ by up to {max(apart):.2g} nats in {len(apart)} probes); it does not "
            "answer all questions by the same model"
        )
    return len(apart)


def _probe(ask: Callable[[str], Reply], cut: Cut) -> _Probe | None:
    """Ask for a token, then for its log-probability in a text; None if other tokens come back."""
    before = ask(cut.left)
    after = ask(cut.left + before.written + cut.right)
    if not (_goes_on(before, after) and np.isfinite(before.written_logprob)):
        return None
    return _Probe(cut.left, before, after, len(before.ids), before.written_logprob)


def _goes_on(before: Reply, after: Reply) -> bool:
    """Tell whether the second prompt is the first, the generated token, and more."""
    n = len(before.ids)
    return (
        "\ufffd" not in before.written  # a piece of a character reads back as something else
        and len(after.ids) > n + 1
        and bool((after.ids[1:n] == before.ids[1:]).all())
        and (after.words[n] or "").strip() == before.written.strip() != ""
    )


def _described(alignment: LogprobAlignment, probe: _Probe, who: str) -> LogprobAlignment:
    spans = locate(probe.prompt, probe.before.words)
    if spans is None:
        raise ModelError(f"{who}: the tokens that it names do not make up the text of the prompt")
    scored = np.isfinite(alignment.put_right(probe.before).logprob) & (spans[:, 0] == 0)
    return LogprobAlignment(alignment.shift, bool((scored & (spans[:, 1] > 0)).any()))


def find_form(server: Server, model: str, prompt: str) -> Form:
    """Return the first format in which a server gives log-probabilities of a prompt.

    Raises:
        ModelError: It gives none.
    """
    refused = ""
    for form in _FORMS:
        try:
            answer = server.post("completions", body_of(form, model, prompt))
        except RefusedError as error:
            refused = f" ({error})"
            continue
        if read_reply(form, answer, prompt) is not None:
            return form
    raise ModelError(
        f"{server.address}: gives no log-probabilities of the prompt, neither as prompt_logprobs "
        f"nor by echo{refused}; use it for text only (text+http://... or chat+http://...)"
    )
