"""A model behind an OpenAI-compatible server that returns log-probabilities of the prompt.

A probe detects whether the server prepends a start token, whether the first token has a
log-probability, and whether the values belong to their own tokens. Candidates are scored by putting
each into the original text, up to shortly after the slot, and comparing the first tokens that
differ.
"""

import hashlib
from collections.abc import Callable, Container, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import ClassVar, TypeVar

import numpy as np

from membership.models.server.address import Address
from membership.models.server.alignment import (
    LogprobAlignment,
    ask,
    detect_alignment,
    find_form,
    repeat_probe,
)
from membership.models.server.completions import GREEDY, find_model, write_completions
from membership.models.server.http import RefusedError, RequestPolicy, Server
from membership.models.server.pieces import Piece, compare_pieces
from membership.models.server.probes import cut_beginning, cut_questions, make_prompts
from membership.models.server.prompt_logprobs import Form, Reply, locate
from membership.traces.candidate_tokens import right_edge
from membership.traces.suspect_protocol import Sampling
from membership.traces.tokens import clean_text
from membership.traces.trace import CandidateLogprobs, Query, Slot, Trace
from membership.traces.windows import cut_windows
from watermark.errors import ModelError

# Code points per token: English has four or more. A text that is still too long is halved.
_CODE_POINTS = 2
_LEAST_ROOM = 64
_BLOCK = 64
_PROBED_BLOCK = 8
"""A probe is repeated among the questions of each block of at least this many."""
_PROBES = 12
_FIRST_PROBES = 24
"""Probes at the start, until three can be compared: a poor model writes words that split anew."""
_MOST_SILENT = 5
"""Blocks in a row whose probes may all say nothing: 60 probes, and a quarter did at first."""

T = TypeVar("T")


@dataclass(frozen=True)
class Endpoint:
    """A model behind a server, as a suspect or a reference; see `open_endpoint`."""

    name: str
    fingerprint: str
    """Hash of the address and of a generated text, because weights cannot be inspected."""
    settings: str
    model: str
    form: Form
    alignment: LogprobAlignment
    max_length: int
    """Maximum tokens per request."""
    start: str
    """Text placed before every text, such as `<|endoftext|>`."""
    server: Server = field(repr=False)

    abilities: ClassVar[frozenset[str]] = frozenset({"logprobs", "candidates", "text"})

    def trace(
        self, queries: Sequence[Query], known: Container[int] = ()
    ) -> Iterator[tuple[int, Trace]]:
        """Yield the index of each query and its trace, in the order of the list.

        Raises:
            ModelError: The server does not answer, or returns no log-probabilities.
            ValueError: A slot is not in its text.
        """
        wanted = [index for index in range(len(queries)) if index not in known]
        chance = np.random.default_rng()
        n_silent = 0
        with ThreadPoolExecutor(self.server.policy.connections) as pool:
            for first in range(0, len(wanted), _BLOCK):
                block = wanted[first : first + _BLOCK]
                at = int(chance.integers(len(block)))  # its place among the questions
                waiting = [pool.submit(self._trace, queries[index]) for index in block[:at]]
                probe = pool.submit(self._probe_again, [queries[index].text for index in block])
                waiting += [pool.submit(self._trace, queries[index]) for index in block[at:]]
                for index, answer in zip(block, waiting, strict=True):
                    yield index, answer.result()
                n_silent = 0 if probe.result() else n_silent + 1
                if n_silent > _MOST_SILENT:
                    raise ModelError(
                        f"{self.server.address}: what it writes reads back as other tokens in all "
                        f"of the last {n_silent * _PROBES} probes; it cannot be checked any more"
                    )

    def _probe_again(self, texts: Sequence[str]) -> bool:
        """Repeat the probe with the texts that are asked about now; tell if it said anything."""

        def probe(room: int) -> bool:
            cuts = cut_questions([clean_text(text) for text in texts], _PROBES, room - _LEAST_ROOM)
            asked = self._ask_plain, cuts, self.alignment, self.server.address
            return not cuts or bool(repeat_probe(*asked))

        return len(texts) < _PROBED_BLOCK or self._fitting(probe)

    def _ask_plain(self, prompt: str) -> Reply:
        return ask(self.server, self.form, self.model, self.start + prompt, LogprobAlignment())

    def write(
        self, prompts: Sequence[str], sampling: Sampling, *, max_tokens: int
    ) -> list[list[str]]:
        """Return continuations of each prompt; see `suspect_protocol.TextGenerator`."""
        return write_completions(self.server, self.model, prompts, sampling, max_tokens)

    def _trace(self, query: Query) -> Trace:
        text = clean_text(query.text)
        return self._fitting(lambda room: self._trace_in(text, query.slots, room))

    def _fitting(self, read: Callable[[int], T]) -> T:
        """Ask with many characters at a time, and with half of them if that is too much."""
        room = _CODE_POINTS * self.max_length
        while True:
            try:
                return read(room)
            except RefusedError as error:
                if "length" not in str(error).lower() or room // 2 < _LEAST_ROOM:
                    raise
                room //= 2

    def _trace_in(self, text: str, slots: Sequence[Slot], room: int) -> Trace:
        pieces, firsts = list[Piece](), list[int]()
        for window in cut_windows(0, len(text), room):
            # Never split inside a word: its halves would be other tokens.
            pieces.append(self._ask(text[_snap(text, window.start) : _snap(text, window.stop)]))
            firsts.append(_snap(text, window.first) - _snap(text, window.start))
        whole = pieces[0] if len(pieces) == 1 else None
        candidate_logprobs = tuple(self._read(text, slot, whole, room) for slot in slots)
        return _joined(pieces, firsts, candidate_logprobs, self.alignment)

    def _ask(self, text: str) -> Piece:
        reply = ask(self.server, self.form, self.model, self.start + text, self.alignment)
        spans = locate(text, reply.words)
        return Piece(text, reply, np.full((len(reply.ids), 2), -1) if spans is None else spans)

    def _read(self, text: str, slot: Slot, whole: Piece | None, room: int) -> CandidateLogprobs:
        """Compare the candidates with one request each, except for the word in the text itself."""
        end = slot.start + len(slot.original)
        if text[slot.start : end] != slot.original or not slot.original:
            raise ValueError(f"the text has no {slot.original!r} at {slot.start}")
        # Compared tokens must have the same text to their left.
        begin = 0 if whole is not None else _snap(text, max(0, slot.start - room // 2))
        left = text[begin : slot.start]
        right = text[end : right_edge(text, end)]
        pieces = [
            whole if whole is not None and word == slot.original else self._ask(left + word + right)
            for word in slot.candidates
        ]
        return compare_pieces(pieces)


def _snap(text: str, edge: int) -> int:
    if edge >= len(text):
        return len(text)
    return next((e for e in range(edge, max(edge - 200, 0), -1) if text[e].isspace()), edge)


def _joined(
    pieces: Sequence[Piece],
    firsts: Sequence[int],
    candidate_logprobs: tuple[CandidateLogprobs, ...],
    alignment: LogprobAlignment,
) -> Trace:
    """Join the scored tokens of all windows into one trace.

    A token that should have a number and has none stays, without one: a text is not scored by
    what is left of it.

    Args:
        pieces: Its windows; each ends where the next one's first scored token begins.
        firsts: Where in each the first scored token begins.
        candidate_logprobs: Go into the trace as they are.
        alignment: Says which tokens never have a number.
    """
    spans, columns = [np.empty((0, 2), dtype=np.int32)], [np.empty((4, 0))]
    begin, before = 0, tuple[int, ...]()
    for piece, first in zip(pieces, firsts, strict=True):
        reply, found = piece.reply, piece.spans
        kept = (found[:, 0] >= first) & alignment.has_number(reply)
        if not begin and kept.any():
            unscored = ~kept & (found[:, 1] > 0) & (reply.ids >= 0) & (np.cumsum(kept) == 0)
            before = tuple(reply.ids[unscored].tolist())
        spans.append(found[kept] + (begin - first))
        columns.append(np.stack([reply.ids, reply.logprob, reply.top1, reply.rank])[:, kept])
        if piece.text[first:] and (found < 0).all():  # its tokens do not make up the text
            spans.append(np.array([[begin, begin + len(piece.text) - first]], dtype=np.int32))
            columns.append(np.array([[-1.0], [np.nan], [np.nan], [-1.0]]))
        begin += len(piece.text) - first
    ids, logprob, top1, rank = np.concatenate(columns, axis=1)
    nothing = np.full(len(ids), np.nan, dtype=np.float32)
    return Trace(
        token_ids=ids.astype(np.int32),
        spans=np.concatenate(spans),
        logprob=logprob.astype(np.float32),
        mean=nothing,
        std=nothing,
        top1=top1.astype(np.float32),
        rank=rank.astype(np.int32),
        candidate_logprobs=candidate_logprobs,
        unscored_start=before,
    )


def open_endpoint(
    address: Address,
    *,
    max_length: int | None = None,
    start_token: str = "auto",
    policy: RequestPolicy | None = None,
    texts: Sequence[str] = (),
) -> Endpoint:
    """Connect to a server and detect how it aligns log-probabilities with tokens.

    Args:
        address: Address with API `openai`.
        max_length: Maximum tokens per request. Default: what the server reports, or 2,048.
        start_token: `auto` and `none` leave it to the server. Other text, such as
            `<|endoftext|>`, is put before every text; the server must read it as the start token.
        policy: Timeout, retries and rate limit; the defaults if not given.
        texts: Texts of the audited kind, from which probes are cut: a server must not know that it
            is probed.

    Raises:
        ModelError: The server does not answer, has no such model, gives no log-probabilities of
            the prompt, or gives values that differ from those of generation.
    """
    if start_token in ("bos", "eos"):
        raise ModelError(f"{address.base}: spell the start token out, as in <|endoftext|>")
    start = "" if start_token in ("auto", "none") else start_token
    server = Server(address.base, policy or RequestPolicy())
    model, length = find_model(server, address.model)
    if max_length is not None:
        length = min(length or max_length, max_length)
    prompts = [start + prompt for prompt in make_prompts([*map(clean_text, texts)], _FIRST_PROBES)]
    form = find_form(server, model, prompts[0])
    alignment = detect_alignment(
        lambda prompt: ask(server, form, model, start + prompt, LogprobAlignment()),
        [prompt.removeprefix(start) for prompt in prompts],
        address.base,
    )
    # The same for the same texts, so that what was read before is found in the cache.
    known_by = start + (cut_beginning(clean_text(min(texts, default="")), 12) or "The")
    cut = ask(server, form, model, known_by, LogprobAlignment()).words
    (greedy,) = write_completions(server, model, [known_by], GREEDY, max_tokens=16)
    said = "\0".join((address.base, model, *(word or "" for word in cut), *greedy))
    return Endpoint(
        name=f"{address.api}+{address.base}#{model}",
        fingerprint=hashlib.sha256(said.encode(errors="replace")).hexdigest(),
        settings=(
            f"behind a server, {form}, {alignment}, windows of {length or 2048} tokens, "
            f"start token {start or 'of the server'}, withheld numbers unscored"
        ),
        model=model,
        form=form,
        alignment=alignment,
        max_length=length or 2048,
        start=start,
        server=server,
    )
