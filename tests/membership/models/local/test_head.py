from typing import Any

import pytest
import torch

from membership.models.local.head import Head, Tile

R, D, V = 9, 16, 101
DTYPES = (torch.float32, torch.bfloat16, torch.float16)


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def tensors(dtype=torch.float32, spread=3.0):
    hidden = (torch.randn(R, D, generator=rng(1)) * spread).to(dtype)
    weight = torch.randn(V, D, generator=rng(2)).to(dtype)
    target = torch.randint(0, V, (R,), generator=rng(3))
    return hidden, weight, target


def dense(logits, target):
    """All statistics in float64 over the whole matrix."""
    logprob = logits.double().log_softmax(-1)
    p = logprob.exp()
    own = logprob.gather(1, target[:, None])
    mean = (p * logprob).sum(1)
    return {
        "logprob": own[:, 0],
        "mean": mean,
        "std": (p * (logprob - mean[:, None]) ** 2).sum(1).sqrt(),
        "top1": logprob.amax(1),
        "rank": (logprob > own).sum(1),
        "normalizer": logits.double().logsumexp(1),
    }


def assert_same(moments, wanted, tolerance=1e-4):
    for name, column in wanted.items():
        torch.testing.assert_close(
            getattr(moments, name).double(), column.double(), atol=tolerance, rtol=0, msg=name
        )


@pytest.mark.parametrize("tile", [Tile(1, 1), Tile(4, 10), Tile(2, 100), Tile(100, 1000)])
def test_tiles_of_any_size_give_the_dense_statistics(tile):
    hidden, weight, target = tensors()
    wanted = dense(hidden.double() @ weight.double().T, target)
    assert_same(Head(weight).moments(hidden, target, tile), wanted)


def test_no_more_than_a_tile_of_logits_exists(monkeypatch):
    hidden, weight, target = tensors()
    shapes = []
    product = torch.Tensor.__matmul__

    def watched(self, other):
        shapes.append(product(self, other).shape)
        return product(self, other)

    monkeypatch.setattr(torch.Tensor, "__matmul__", watched)
    Head(weight).moments(hidden, target, Tile(4, 10))
    assert max(shape[0] for shape in shapes) == 4
    assert max(shape[1] for shape in shapes) == 10


def test_bias_scale_and_cap_come_in_this_order():
    hidden, weight, target = tensors()
    bias = torch.randn(V, generator=rng(4))
    logits = (hidden.double() @ weight.double().T + bias) * 0.3
    wanted = dense(5 * torch.tanh(logits / 5), target)
    head = Head(weight, bias, scale=0.3, cap=5.0)
    assert_same(head.moments(hidden, target, Tile(4, 10)), wanted)


def test_a_model_that_is_certain_keeps_its_deviation():
    # p(top) is 1 - 6e-11; a difference of squares in fp32 would give 0, or less.
    weight = torch.zeros(V, 1)
    weight[7], target = 28.0, torch.tensor([7, 8])
    moments = Head(weight).moments(torch.ones(2, 1), target, Tile(2, 10))
    assert_same(moments, dense(torch.ones(2, 1) @ weight.T, target), 1e-7)
    assert (moments.std > 1e-5).all()


def test_log_probabilities_are_never_above_zero_nor_above_the_best():
    hidden, weight, _ = tensors(spread=30)
    best = (hidden @ weight.T).argmax(1)
    moments = Head(weight).moments(hidden, best, Tile(4, 10))
    assert (moments.logprob <= moments.top1).all()
    assert (moments.top1 <= 0).all()
    assert (moments.rank == 0).all()


def test_bf16_hidden_states_and_weights_lose_nothing_more():
    hidden, weight, target = tensors(torch.bfloat16)
    wanted = dense(hidden.double() @ weight.double().T, target)
    assert_same(Head(weight).moments(hidden, target, Tile(4, 10)), wanted)
    rounded = dense((hidden @ weight.T).float(), target)  # what the model itself would give
    assert (rounded["logprob"] - wanted["logprob"]).abs().max() > 1e-2


@pytest.mark.parametrize("of_hidden", DTYPES)
@pytest.mark.parametrize("of_weight", DTYPES)
def test_products_are_short_only_where_the_numbers_are(monkeypatch, of_hidden, of_weight):
    # Whether the machine has units for short products or not: this is what it is told.
    hidden, weight, target = tensors()
    hidden, weight = hidden.to(of_hidden), weight.to(of_weight)
    told = set()
    product = torch.Tensor.__matmul__

    def watched(self, other):
        told.add(precisions())
        return product(self, other)

    monkeypatch.setattr(torch.Tensor, "__matmul__", watched)
    moments = Head(weight).moments(hidden, target, Tile(4, 10))
    monkeypatch.undo()
    assert_same(moments, dense(hidden.double() @ weight.double().T, target))
    held = {of_hidden, of_weight}
    short_cpu = "bf16" if held == {torch.bfloat16} else "ieee"
    short_gpu = "tf32" if held in ({torch.bfloat16}, {torch.float16}) else "ieee"
    assert told == {(short_cpu, short_gpu)}


def precisions():
    cpu: Any = torch.backends.mkldnn
    return cpu.matmul.fp32_precision, torch.backends.cuda.matmul.fp32_precision


def test_the_machine_is_left_as_it_was():
    before = precisions(), torch.get_float32_matmul_precision()
    hidden, weight, target = tensors(torch.bfloat16)
    Head(weight).moments(hidden, target)
    with pytest.raises(RuntimeError):
        Head(weight).moments(hidden[:, 1:], target)
    assert (precisions(), torch.get_float32_matmul_precision()) == before


def test_one_logit_is_that_of_the_matrix():
    hidden, weight, target = tensors()
    bias = torch.randn(V, generator=rng(4))
    logits = ((hidden.double() @ weight.double().T + bias) * 0.5).gather(1, target[:, None])[:, 0]
    own = Head(weight, bias, scale=0.5).logit_of(hidden, target)
    torch.testing.assert_close(own.double(), logits, atol=1e-4, rtol=0)


def test_no_rows_are_no_statistics():
    hidden, weight, target = tensors()
    assert len(Head(weight).moments(hidden[:0], target[:0]).logprob) == 0


def test_a_broken_row_is_broken_alone():
    hidden, weight, target = tensors()
    hidden[3] = torch.nan
    moments = Head(weight).moments(hidden, target, Tile(4, 10))
    assert moments.logprob.isnan().tolist() == [row == 3 for row in range(R)]
    assert moments.std.isnan().tolist() == [row == 3 for row in range(R)]
