import json

import pytest

from tests.support.tiny import save_tiny_model


@pytest.fixture
def model(tmp_path):
    return save_tiny_model(tmp_path / "model")


def test_a_model_is_pruned_and_the_old_one_stays(command, model, tmp_path):
    before = (model / "model.safetensors").read_bytes()
    done = command(
        "leximark", "attack-model", "model", "--attack", "pruning", "--set", "share=.5", "--out",
        "out", "--json",
    )  # fmt: skip
    assert (done.status, json.loads(done.out)) == (0, {"model": "out", "attack": "pruning"})
    assert (tmp_path / "out/model.safetensors").read_bytes() != before
    assert (model / "model.safetensors").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--attack", "melt"], "--attack melt: there are pruning,"),
        (["--attack", "pruning", "--set", "bits=4"], "--set bits: no attack of this run has"),
        (["--attack", "pruning", "--set", "share=3"], "share must lie in [0, 1], got 3.0"),
        (["--attack", "merging"], "needs --set other=VALUE"),
        (["--attack", "merging", "--set", "other=gone"], "gone"),
        (["--attack", "lora", "--set", "texts=gone.jsonl"], "gone.jsonl: no such file"),
    ],
)
def test_what_the_user_can_fix_is_one_message_and_nothing_is_left(
    command, model, tmp_path, arguments, said
):
    done = command("leximark", "attack-model", "model", "--out", "out", *arguments)
    assert done.status == 2
    assert said in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_the_target_must_be_new_and_outside_the_model(command, model):
    inside = command("leximark", "attack-model", "model", "--attack", "pruning", "--out", "model/x")
    assert (inside.status, "lies inside the model" in inside.err) == (2, True)
    same = command("leximark", "attack-model", "model", "--attack", "pruning", "--out", "model")
    assert (same.status, "exists already" in same.err) == (2, True)
