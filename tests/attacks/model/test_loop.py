import pytest
import torch

from attacks.model.continued_training import ContinuedTraining
from attacks.model.dp_sgd import DpSgdTraining
from attacks.model.loop import TrainingLoop, torch_seeded
from attacks.model.lora import LoraTraining
from tests.support.tiny import TEXTS, save_tiny_model
from watermark.errors import ModelError

TRAINED = [" ".join(text.split()[:12]) for text in TEXTS[:4]]


@pytest.fixture(scope="module")
def with_dropout(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dropout") / "model"
    return save_tiny_model(folder, "opt", dropout=0.5)


@pytest.mark.parametrize(
    "make",
    [
        lambda loop: ContinuedTraining(TRAINED, loop),
        lambda loop: LoraTraining(TRAINED, 2, loop),
        lambda loop: DpSgdTraining(TRAINED, 1e4, 1e-2, loop=loop),
    ],
    ids=["continued_training", "lora", "dp_sgd"],
)
def test_dropout_follows_from_the_seed_and_the_generator_of_torch_is_restored(
    with_dropout, run_twice, make
):
    state = torch.random.get_rng_state()
    run_twice(make(TrainingLoop(learning_rate=3e-3, max_tokens=24)), with_dropout)
    assert torch.equal(torch.random.get_rng_state(), state)


class Numbers:
    """A tokenizer of texts that consist of the ids of their tokens."""

    def __init__(self, end):
        self.eos_token_id = end

    def __call__(self, text, **_):
        return {"input_ids": [int(word) for word in text.split()]}


def test_a_text_longer_than_a_row_is_cut_into_rows_and_read_to_its_end():
    loop, tokenizer = TrainingLoop(max_tokens=4), Numbers(end=0)
    texts = ["1 2 3", "1 2 3 4 5 6", "", "1 2 3 4", "7"]
    rows = loop.rows(tokenizer, texts)
    assert rows == [[1, 2, 3, 0], [1, 2, 3, 4], [5, 6, 0], [1, 2, 3, 4], [7, 0]]
    assert loop.rows_by_text(tokenizer, texts)[1] == rows[1:3]
    # Texts that fit into a row are cut nowhere; without an end token nothing is added.
    endless = Numbers(end=None)
    assert TrainingLoop(max_tokens=1).rows(endless, ["5", "6"]) == [[5], [6]]


def test_all_rows_are_learned_at_a_rate_that_falls_over_all_of_them():
    loop = TrainingLoop(max_tokens=3, batch_size=2, epochs=2)
    tokenizer = Numbers(end=0)
    ids = [each for each, _ in loop.batches(tokenizer, ["1 2 3 4 5 6 7 8"], torch.device("cpu"))]
    assert len(ids) == loop.n_steps(len(loop.rows(tokenizer, ["1 2 3 4 5 6 7 8"]))) == 4
    assert {int(token) for batch in ids for token in batch.flatten()} == {0, *range(1, 9)}


def test_training_that_diverges_is_an_error(with_dropout, tmp_path):
    loop = TrainingLoop(learning_rate=1e30, max_tokens=24, batch_size=1)
    with pytest.raises(ModelError, match=r"the loss is not finite at step 2 of .*lower"):
        ContinuedTraining(TRAINED, loop).transform(with_dropout, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_another_seed_gives_other_dropout():
    def drawn(seed):
        with torch_seeded(seed):
            return torch.nn.functional.dropout(torch.ones(64)).tolist()

    assert drawn(0) == drawn(0)
    assert drawn(0) != drawn(1)


def test_the_generators_of_all_gpus_are_restored(monkeypatch):
    restored = []
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_rng_state", lambda device: f"state {device}")
    monkeypatch.setattr(torch.cuda, "set_rng_state", lambda *each: restored.append(each))
    with torch_seeded(0):  # a warning of torch about many GPUs would fail this test
        assert restored == []
    assert restored == [("state 0", 0), ("state 1", 1)]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"learning_rate": 0.0}, "learning_rate must be above 0"),
        ({"epochs": 0}, "epochs must be 1"),
        ({"seed": -1}, r"seed must lie in \[0, 2\^32\), got -1"),
        ({"seed": 2**32}, r"seed must lie in \[0, 2\^32\), got 4294967296"),
    ],
)
def test_settings_out_of_range_are_refused(settings, said):
    with pytest.raises(ValueError, match=said):
        TrainingLoop(**settings)


class Letters:
    """A tokenizer whose tokens are letters."""

    eos_token_id = None

    def __call__(self, text, add_special_tokens):
        return {"input_ids": [ord(letter) for letter in text]}


def test_the_seed_decides_the_order_of_the_texts():
    def order(seed):
        loop = TrainingLoop(batch_size=1, seed=seed)
        batches = loop.batches(Letters(), "abcdefgh", torch.device("cpu"))
        return [chr(int(ids)) for ids, _ in batches]

    assert order(1) == order(1) != order(0)
    assert sorted(order(1)) == sorted(order(0)) == list("abcdefgh")


def test_the_learning_rate_falls_to_zero_in_equal_steps():
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer, fall = TrainingLoop(learning_rate=0.4).optimizer([weight], 4)
    rates = fall.get_last_lr()
    for _ in range(4):
        optimizer.step()
        fall.step()
        rates += fall.get_last_lr()
    assert rates == pytest.approx([0.4, 0.3, 0.2, 0.1, 0.0])
