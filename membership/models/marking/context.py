"""How likely each of several words is in a place: what stands before it is read once for all.

The passages of a place differ from some token on. They are laid side by side as one sequence: the
tokens that they share, then the rest of each, which sees the shared tokens and itself alone. The
result is that of reading each passage by itself, for a fraction of the tokens.

    B places read together, T tokens of the longest, R scored tokens, D width of the model
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from membership.models.local.huggingface import HuggingFaceModel
from membership.traces.tokens import Tokens
from watermark.substitution.model_features import Likelihood
from watermark.substitution.target import TargetContext

LEAST_SHARED = 0.5
"""Passages that share less of their tokens than this are read apart."""


@dataclass(frozen=True)
class _Bundle:
    """Passages of one place, by their numbers, and the tokens that all of them begin with."""

    members: tuple[int, ...]
    n_shared: int


@dataclass(frozen=True)
class ContextLikelihood:
    """Reads passages with a causal language model whose attention takes a mask."""

    model: HuggingFaceModel

    def read(self, contexts: Sequence[TargetContext]) -> list[Likelihood]:
        """Return the likelihood of each passage, in order; those of a place stand together."""
        tokens = self.model.tokenizer.encode([context.text for context in contexts])
        found = [Likelihood(0.0, 0.0)] * len(contexts)
        bundles = sorted(_bundles(tokens), key=lambda b: _length(b, tokens))
        for batch in _batches(bundles, tokens, self.model.batch_tokens):
            for number, logprob in self._run(batch, tokens, contexts).items():
                found[number] = _likelihood(contexts[number], tokens[number], logprob)
        return found

    @torch.inference_mode()
    def _run(
        self, batch: Sequence[_Bundle], tokens: Sequence[Tokens], contexts: Sequence[TargetContext]
    ) -> dict[int, NDArray[np.float64]]:
        """Return the log-probabilities of the tokens from the word on; NaN for those before."""
        start, device = self.model.tokenizer.start, self.model.head.weight.device
        layouts = [_lay_out(b, tokens, start, _first_scored(b, tokens, contexts)) for b in batch]
        ids_BT, positions_BT, mask_B1TT = _stack(layouts, self.model.model.dtype)
        hidden_BTD = _hidden(self.model.model, ids_BT, positions_BT, mask_B1TT, device)
        rows = [(b, p) for b, layout in enumerate(layouts) for p, _ in layout.scored]
        targets = torch.tensor([t for layout in layouts for _, t in layout.scored])
        row_R, place_R = torch.tensor(rows).T
        picked_RD = hidden_BTD[row_R.to(device), place_R.to(device)]
        logprobs = self.model.head.moments(picked_RD, targets.to(device)).logprob.cpu().numpy()
        return _shares(batch, layouts, tokens, logprobs.astype(float))


@dataclass(frozen=True)
class _Layout:
    """A bundle as one sequence."""

    ids: list[int]
    positions: list[int]
    owners: list[int]
    """Which passage a token belongs to; -1 for what all share."""
    scored: list[tuple[int, int]]
    """For each token scored, the place from which it is predicted, and the token."""
    scored_of: list[tuple[int, int]]
    """Where the scored tokens of each passage begin and end, the shared ones first."""


def _bundles(tokens: Sequence[Tokens]) -> Iterator[_Bundle]:
    """Put passages that follow each other and begin alike together."""
    members: list[int] = []
    shared = 0
    for number, one in enumerate(tokens):
        common = _common(tokens[members[0]], one, shared) if members else 0
        if members and common < LEAST_SHARED * len(one):
            yield _Bundle(tuple(members), shared)
            members = []
        shared = min(shared, common) if members else max(0, len(one) - 1)
        members.append(number)
    if members:
        yield _Bundle(tuple(members), shared)


def _common(one: Tokens, other: Tokens, most: int) -> int:
    """Return how many tokens two passages have in common from the first on."""
    n = min(most, len(other) - 1)
    unlike = np.flatnonzero(one.ids[:n] != other.ids[:n])
    return int(unlike[0]) if len(unlike) else n


def _length(bundle: _Bundle, tokens: Sequence[Tokens]) -> int:
    return bundle.n_shared + sum(len(tokens[i]) - bundle.n_shared for i in bundle.members)


def _batches(
    bundles: Sequence[_Bundle], tokens: Sequence[Tokens], most: int
) -> Iterator[list[_Bundle]]:
    """Cut bundles, the shortest first, into runs of about so many tokens, padding included."""
    batch: list[_Bundle] = []
    for bundle in bundles:
        if batch and (len(batch) + 1) * _length(bundle, tokens) > most:
            yield batch
            batch = []
        if _length(bundle, tokens):
            batch.append(bundle)
    if batch:
        yield batch


def _first_scored(
    bundle: _Bundle, tokens: Sequence[Tokens], contexts: Sequence[TargetContext]
) -> int:
    """Return the number of the first token that reaches into the word of a passage."""
    ends = ((tokens[i].spans[:, 1] > contexts[i].start) for i in bundle.members)
    return min(int(end.argmax()) for end in ends)


def _lay_out(
    bundle: _Bundle, tokens: Sequence[Tokens], start: tuple[int, ...], first_scored: int
) -> _Layout:
    """Lay a bundle out; the head, which costs most, is asked from the first scored token on."""
    first, n = tokens[bundle.members[0]], bundle.n_shared
    ids = [*start, *first.ids[:n].tolist()]
    positions, owners = list(range(len(ids))), [-1] * len(ids)
    before = len(start) - 1 + first_scored
    scored = [(place, ids[place + 1]) for place in range(before, len(ids) - 1)]
    scored = [pair for pair in scored if pair[0] >= 0]
    scored_of = [(0, len(scored))]
    stem = len(ids)
    for number in bundle.members:
        rest = tokens[number].ids[n:].tolist()
        places = [stem - 1, *range(len(ids), len(ids) + len(rest) - 1)]
        some = [pair for pair in zip(places, rest, strict=True) if pair[0] >= 0]
        scored_of.append((len(scored), len(scored) + len(some)))
        scored += some
        ids += rest
        positions += range(stem, stem + len(rest))
        owners += [number] * len(rest)
    return _Layout(ids, positions, owners, scored, scored_of)


def _stack(layouts: Sequence[_Layout], dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
    """Return tokens, positions and what is added to the attention, padded on the right."""
    longest = max(len(layout.ids) for layout in layouts)
    ids_BT = torch.zeros(len(layouts), longest, dtype=torch.long)
    positions_BT = torch.zeros_like(ids_BT)
    seen_BTT = torch.eye(longest, dtype=torch.bool).repeat(len(layouts), 1, 1)
    for row, layout in enumerate(layouts):
        end = len(layout.ids)
        ids_BT[row, :end] = torch.tensor(layout.ids)
        positions_BT[row, :end] = torch.tensor(layout.positions)
        owner_T = torch.tensor(layout.owners)
        own_TT = (owner_T[:, None] == owner_T) | (owner_T == -1)
        seen_BTT[row, :end, :end] = own_TT.tril()
    added_BTT = torch.zeros(seen_BTT.shape, dtype=dtype)
    added_BTT.masked_fill_(~seen_BTT, torch.finfo(dtype).min)
    return ids_BT, positions_BT, added_BTT[:, None]


def _hidden(
    model: Any, ids_BT: Tensor, positions_BT: Tensor, mask_B1TT: Tensor, device: torch.device
) -> Tensor:
    hidden: Tensor = model.base_model(
        input_ids=ids_BT.to(device),
        position_ids=positions_BT.to(device),
        attention_mask=mask_B1TT.to(device),
        use_cache=False,
    ).last_hidden_state
    return hidden


def _shares(
    batch: Sequence[_Bundle],
    layouts: Sequence[_Layout],
    tokens: Sequence[Tokens],
    logprobs: NDArray[np.float64],
) -> dict[int, NDArray[np.float64]]:
    """Deal the log-probabilities out to the passages, to each the shared ones as well."""
    found: dict[int, NDArray[np.float64]] = {}
    offset = 0
    for bundle, layout in zip(batch, layouts, strict=True):
        (first, last), *others = layout.scored_of
        shared = logprobs[offset + first : offset + last]
        for number, (begin, end) in zip(bundle.members, others, strict=True):
            own = np.concatenate([shared, logprobs[offset + begin : offset + end]])
            unread = np.full(len(tokens[number]) - len(own), np.nan)
            found[number] = np.concatenate([unread, own])
        offset += len(layout.scored)
    return found


def _likelihood(context: TargetContext, tokens: Tokens, logprob: NDArray[np.float64]) -> Likelihood:
    """Add up the log-probabilities; a token that reaches into the word belongs to the word."""
    first, last = tokens.spans[:, 0], tokens.spans[:, 1]
    word = (first < context.end) & (last > context.start)
    rest = first >= context.end
    return Likelihood(float(np.nansum(logprob[word])), float(np.nansum(logprob[rest])))
