"""Compute the statistics of a trace from the last hidden states, without the full logits.

A dense logit tensor is the largest thing in a forward pass: 10 GB for eight texts of 2,048 tokens
and a vocabulary of 152,000. Here the vocabulary is processed in blocks, one tile of rows times a
block at a time, and the statistics of a trace are accumulated. Memory does not grow with the
vocabulary, no second copy of the head is kept, and a tile stays in the processor's cache while it
is processed.

Logits are computed in fp32, whatever the model's own type. In bf16 they would be rounded to three
digits, and log-probabilities with them (0.08 nats on SmolLM2-135M; here less than 1e-4 from the
same hidden states).

    R rows, D width of the model, V vocabulary, B block of it
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Moments:
    """Statistics of the next-token distribution, one entry per row; see `Trace`."""

    logprob: Tensor
    mean: Tensor
    std: Tensor
    top1: Tensor
    rank: Tensor
    normalizer: Tensor
    """Log of the sum of exp(logit): a logit minus this is a log-probability."""


def dense_moments(logits: Tensor, choice: Tensor) -> Moments:
    """Compute the statistics from existing logits, shape (R, V), and targets, shape (R,)."""
    logprob = logits.log_softmax(-1)
    p, own = logprob.exp(), logprob.gather(1, choice[:, None])
    mean = (p * logprob).sum(1)
    variance = (p * (logprob - mean[:, None]) ** 2).sum(1)
    rank = (logprob > own).sum(1)
    return Moments(own[:, 0], mean, variance.sqrt(), logprob.amax(1), rank, logits.logsumexp(1))


@dataclass(frozen=True)
class Tile:
    """How many logits exist at once."""

    rows: int
    columns: int


# Measured: tiles of 4 MB are fastest on a processor with 1 MB of cache per core; a GPU needs more.
_CPU_TILE = Tile(512, 2048)
_GPU_TILE = Tile(2048, 16384)


@dataclass(frozen=True)
class Head:
    """The map from hidden states to logits: linear, then optionally scaled and capped."""

    weight: Tensor
    """Shape (V, D), of any floating type."""
    bias: Tensor | None = None
    """Shape (V,)."""
    scale: float = 1.0
    """The logits are multiplied by this."""
    cap: float | None = None
    """Then they become cap * tanh(logit / cap)."""

    def moments(self, hidden_RD: Tensor, target_R: Tensor, tile: Tile | None = None) -> Moments:
        """Compute the statistics of each row's distribution and of its target token."""
        tile = tile or (_CPU_TILE if hidden_RD.device.type == "cpu" else _GPU_TILE)
        own_R = self.logit_of(hidden_RD, target_R)
        held = torch.promote_types(hidden_RD.dtype, self.weight.dtype)
        hidden_RD = hidden_RD.float()
        sums = _Sums.empty(len(hidden_RD), hidden_RD.device)
        for first in range(0, len(self.weight), tile.columns):
            columns = slice(first, first + tile.columns)
            weight_DB = self.weight[columns].float().T
            for top in range(0, len(hidden_RD), tile.rows):
                rows = slice(top, top + tile.rows)
                with _short_products(held):
                    logits_RB = hidden_RD[rows] @ weight_DB
                self._bend(logits_RB, columns)
                _put(logits_RB, target_R[rows] - first, own_R[rows])
                sums.add(rows, logits_RB, own_R[rows])
        return sums.moments(own_R)

    def logit_of(self, hidden_RD: Tensor, token_R: Tensor) -> Tensor:
        """Compute one logit per row, that of the given token."""
        logit_R = torch.linalg.vecdot(hidden_RD.float(), self.weight[token_R].float())
        return self._bend(logit_R, token_R)

    def _bend(self, logits: Tensor, tokens: slice | Tensor) -> Tensor:
        """Apply bias, scale and cap to logits of these tokens, in place."""
        if self.bias is not None:
            logits += self.bias[tokens].float()
        if self.scale != 1.0:
            logits *= self.scale
        if self.cap is not None:
            logits.div_(self.cap).tanh_().mul_(self.cap)
        return logits


@dataclass(frozen=True)
class _Sums:
    """Running sums over the blocks of the vocabulary seen so far, merged block by block.

    Weights are w = exp(logit - peak). Merging is exact: Chan, Golub & LeVeque, "Updating Formulae
    and a Pairwise Algorithm for Computing Sample Variances" (1979), with weights. The variance of
    the logits is the variance of the log-probabilities, and it is centred, so there is no
    cancellation and it is never negative.
    """

    peak: Tensor
    weight: Tensor
    mean: Tensor
    """Weighted mean of the logits."""
    squares: Tensor
    """Weighted sum of squared distances from the mean."""
    above: Tensor
    """Number of logits above the target's."""

    @classmethod
    def empty(cls, n_rows: int, device: torch.device) -> "_Sums":
        zero = torch.zeros(4, n_rows, device=device)
        return cls(torch.full_like(zero[0], -torch.inf), *zero)

    def add(self, rows: slice, logits_RB: Tensor, own_R: Tensor) -> None:
        """Add a block; the logits are overwritten."""
        weights_RB = torch.gt(logits_RB, own_R[:, None], out=torch.empty_like(logits_RB))
        self.above[rows] += weights_RB.sum(1)
        peak = torch.maximum(self.peak[rows], logits_RB.amax(1))
        torch.exp(logits_RB.sub_(peak[:, None]), out=weights_RB)
        weight = weights_RB.sum(1)
        mean = torch.linalg.vecdot(weights_RB, logits_RB) / weight.clamp_min(_TINY)
        squares = torch.linalg.vecdot(weights_RB, logits_RB.sub_(mean[:, None]).square_())
        self._merge(rows, peak, weight, mean + peak, squares)

    def _merge(
        self, rows: slice, peak: Tensor, weight: Tensor, mean: Tensor, squares: Tensor
    ) -> None:
        fade = torch.exp(self.peak[rows] - peak)
        before = self.weight[rows] * fade
        total = before + weight
        apart = mean - self.mean[rows]
        self.squares[rows] = (
            self.squares[rows] * fade + squares + apart**2 * before * weight / total
        )
        self.mean[rows] += apart * weight / total
        self.weight[rows] = total
        self.peak[rows] = peak

    def moments(self, own_R: Tensor) -> Moments:
        normalizer = self.peak + self.weight.log()
        return Moments(
            logprob=own_R - normalizer,
            mean=self.mean - normalizer,
            std=(self.squares / self.weight).sqrt(),
            top1=self.peak - normalizer,
            rank=self.above.int(),
            normalizer=normalizer,
        )


_TINY = torch.finfo(torch.float32).tiny


def _put(logits_RB: Tensor, column_R: Tensor, own_R: Tensor) -> None:
    """Write each row's own logit where its column is in the block, so that it equals itself.

    The block's product sums in another order, and its last digit may differ.
    """
    row = ((column_R >= 0) & (column_R < logits_RB.shape[1])).nonzero()[:, 0]
    logits_RB[row, column_R[row]] = own_R[row]


@contextmanager
def _short_products(held: torch.dtype) -> Iterator[None]:
    """Let fp32 products use low-precision units where this loses nothing.

    A bf16 number is still a bf16 number after the cast to fp32, so a product of two such numbers
    summed in fp32 is the same through the bf16 units of a processor, and through the TF32 units of
    a GPU, which hold every fp16 number too.
    """
    cpu = torch.backends.mkldnn.matmul  # type: ignore[attr-defined]
    gpu = torch.backends.cuda.matmul
    before = cpu.fp32_precision, gpu.fp32_precision
    cpu.fp32_precision = "bf16" if held == torch.bfloat16 else "ieee"
    gpu.fp32_precision = "tf32" if held in (torch.bfloat16, torch.float16) else "ieee"
    try:
        yield
    finally:
        cpu.fp32_precision, gpu.fp32_precision = before
