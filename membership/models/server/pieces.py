"""Texts as a server cuts them into tokens, and candidates of a word compared in them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from membership.models.server.prompt_logprobs import Reply
from membership.traces.candidate_tokens import NO_CONTEXT, NO_DIFFERENCE, NOT_A_NUMBER, RECUT
from membership.traces.trace import CandidateLogprobs


@dataclass(frozen=True)
class Piece:
    """A text as the server sees it."""

    text: str
    reply: Reply
    spans: NDArray[np.int32]
    """Spans of its tokens; -1 for tokens that are not in the text."""

    def token(self, step: int) -> int | str | None:
        """Return an identifier of a token; None if the server gives none."""
        number, word = int(self.reply.ids[step]), self.reply.words[step]
        first, stop = self.spans[step]
        if number < 0 and word is None and stop > 0:
            return self.text[first:stop]
        return number if number >= 0 else word


def compare_pieces(pieces: Sequence[Piece]) -> CandidateLogprobs:
    """Compare texts that differ in one word, by the first tokens at which all differ."""
    unread = np.full(len(pieces), np.nan)
    for step in range(min(len(piece.spans) for piece in pieces)):
        tokens = [piece.token(step) for piece in pieces]
        different = len(set(tokens))
        if different == 1:
            continue
        if None in tokens:
            return CandidateLogprobs(unread, RECUT)
        if different < len(pieces):
            return CandidateLogprobs(unread, NO_DIFFERENCE)
        logprob = np.array([piece.reply.logprob[step] for piece in pieces])
        if np.isfinite(logprob).all():
            return CandidateLogprobs(logprob)
        return CandidateLogprobs(unread, NOT_A_NUMBER if step else NO_CONTEXT)
    return CandidateLogprobs(unread, NO_DIFFERENCE)
