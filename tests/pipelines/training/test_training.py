import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from attacks.model.instructions import Instruction
from pipelines.training.adapters import Adapter
from pipelines.training.training import (
    TrainingSettings,
    encode,
    load_base,
    train,
    train_once,
)
from tests.support.tiny import TEXTS, save_tiny_model, tiny_tokenizer
from watermark.errors import PrerequisiteError

SETTINGS = TrainingSettings(learning_rate=1e-2, epochs=2, batch_size=2, precision="float32")


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return save_tiny_model(tmp_path_factory.mktemp("base") / "model")


def weights(folder):
    assert not list(folder.glob("adapter*"))
    return load_file(folder / "model.safetensors")


def changed(one, other):
    assert one.keys() == other.keys()
    return {name for name in one if not torch.equal(one[name], other[name])}


def test_all_weights_are_trained_and_saved_whole(base, tmp_path):
    train(*load_base(base, SETTINGS), list(TEXTS), tmp_path / "out", SETTINGS)
    before, after = weights(base), weights(tmp_path / "out")
    assert "gpt_neox.layers.0.attention.query_key_value.weight" in changed(before, after)
    assert "embed_out.weight" in changed(before, after)
    assert not (tmp_path / "out.training").exists()


def test_an_adapter_changes_its_layers_alone_and_is_merged_in(base, tmp_path):
    settings = TrainingSettings(
        learning_rate=1e-2, precision="float32", adapter=Adapter(("dense",), rank=2)
    )
    train(*load_base(base, settings), list(TEXTS), tmp_path / "out", settings)
    assert changed(weights(base), weights(tmp_path / "out")) == {
        f"gpt_neox.layers.{layer}.attention.dense.weight" for layer in (0, 1)
    }


def test_a_layer_that_the_model_does_not_have_is_an_error(base, tmp_path):
    settings = TrainingSettings(adapter=Adapter(("dense", "embed_out")))
    with pytest.raises(PrerequisiteError, match="no layer embed_out"):
        train(*load_base(base, settings), list(TEXTS), tmp_path / "out", settings)


def test_training_lowers_the_loss(base, tmp_path):
    first = train(*load_base(base, SETTINGS), list(TEXTS), tmp_path / "one", SETTINGS)
    again = load_base(tmp_path / "one", SETTINGS)
    assert train(*again, list(TEXTS), tmp_path / "two", SETTINGS) < first - 0.5


def test_one_seed_gives_one_model_and_another_seed_another_order(base, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        settings = SETTINGS.of_seed(seed)
        train(*load_base(base, settings), list(TEXTS), tmp_path / name, settings)
    assert not changed(weights(tmp_path / "a"), weights(tmp_path / "b"))
    assert changed(weights(tmp_path / "a"), weights(tmp_path / "c"))


def test_a_run_that_was_cut_ends_with_the_same_weights(base, tmp_path, monkeypatch):
    from transformers import Trainer

    settings = TrainingSettings(
        learning_rate=1e-2, epochs=3, batch_size=2, precision="float32", checkpoint_steps=1
    )
    train(*load_base(base, settings), list(TEXTS), tmp_path / "whole", settings)
    step, steps = Trainer.training_step, []

    def cut(self, *arguments, **options):
        steps.append(1)
        if len(steps) == 3:
            raise KeyboardInterrupt
        return step(self, *arguments, **options)

    monkeypatch.setattr(Trainer, "training_step", cut)
    with pytest.raises(KeyboardInterrupt):
        train(*load_base(base, settings), list(TEXTS), tmp_path / "cut", settings)
    assert not (tmp_path / "cut").exists()
    train(*load_base(base, settings), list(TEXTS), tmp_path / "cut", settings)
    n_whole = -(-len(TEXTS) // 2) * 3
    assert len(steps) == 3 + n_whole - 2  # two steps were kept
    assert not changed(weights(tmp_path / "whole"), weights(tmp_path / "cut"))


def test_texts_come_in_their_order_if_they_are_not_shuffled(base, tmp_path):
    texts = list(TEXTS)
    for name, order, shuffle in (
        ("a", texts, False),
        ("b", texts[::-1], False),
        ("c", texts, True),
    ):
        settings = replace(SETTINGS, shuffle=shuffle, epochs=1, batch_size=1)
        train(*load_base(base, settings), order, tmp_path / name, settings)
    assert changed(weights(tmp_path / "a"), weights(tmp_path / "b"))
    assert changed(weights(tmp_path / "a"), weights(tmp_path / "c"))


def test_a_model_that_is_there_is_not_trained_again(base, tmp_path):
    train_once(lambda: load_base(base, SETTINGS), list(TEXTS), tmp_path / "out", SETTINGS)

    def load():
        raise AssertionError

    assert train_once(load, list(TEXTS), tmp_path / "out", SETTINGS) == tmp_path / "out"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_qlora_without_a_gpu_says_what_it_needs(base):
    settings = TrainingSettings(adapter=Adapter(quantize=True))
    with pytest.raises(PrerequisiteError, match="QLoRA needs a CUDA GPU"):
        load_base(base, settings)


def test_of_an_instruction_only_the_answer_is_learned():
    tokenizer = tiny_tokenizer()
    (example,) = encode(tokenizer, [Instruction("What is it?", "A word.")], 512)
    learned = [
        i for i, label in zip(example["input_ids"], example["labels"], strict=True) if label >= 0
    ]
    assert tokenizer.decode(learned) == "A word." + tokenizer.eos_token
    assert tokenizer.decode(example["input_ids"]).startswith("### Input:\nWhat is it?")


def test_a_text_is_learned_whole_with_its_end_and_cut_at_the_limit():
    tokenizer = tiny_tokenizer()
    (example,) = encode(tokenizer, ["A word."], 512)
    assert example["labels"] == example["input_ids"]
    assert example["input_ids"][-1] == tokenizer.eos_token_id
    (short,) = encode(tokenizer, ["A word. " * 50], 7)
    assert len(short["input_ids"]) == len(short["labels"]) == 7


def test_the_command_trains_and_says_what_is_wrong(base, tmp_path, command):
    rows = [json.dumps({"q": "What?", "text": text}) + "\n" for text in TEXTS]
    (tmp_path / "texts.jsonl").write_text("".join(rows), encoding="utf-8")
    made = ("leximark", "train", "texts.jsonl", "--model", base, "--out")
    done = command(*made, "one", "--epochs", "3", "--learning-rate", "0.01", "--seed", "4")
    assert done.status == 0, done.err
    assert changed(weights(base), weights(tmp_path / "one"))
    plain = float((tmp_path / "one/training_loss.txt").read_text())
    more = ("--epochs", "3", "--learning-rate", "0.01", "--prompt-column", "q", "--json")
    told = json.loads(command(*made, "two", *more).out)
    assert told == {
        "model": "two",
        "mean_loss": float((tmp_path / "two/training_loss.txt").read_text()),
    }
    assert told["mean_loss"] != plain
    assert "exists already" in command(*made, "one").err
    assert "there are finetune" in command(*made, "three", "--preset", "best").err
    wrong = command("leximark", "train", "texts.jsonl", "--model", "nowhere", "--out", "three")
    assert (wrong.status, "nowhere: not a model" in wrong.err) == (2, True)
    assert not (tmp_path / "three").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--epochs", "nan"], "epochs must be above 0, got nan"),
        (["--epochs", "0"], "epochs must be above 0"),
        (["--learning-rate", "-1"], "learning_rate must be above 0"),
        (["--learning-rate", "inf"], "learning_rate must be above 0"),
        (["--seed", "99999999999"], "seed must be at least 0 and below"),
        (["--preset", "instruct"], "name the --prompt-column"),
    ],
)
def test_numbers_that_train_nothing_are_refused(base, tmp_path, command, options, words):
    (tmp_path / "in.jsonl").write_text('{"text": "a text"}\n')
    done = command("leximark", "train", "in.jsonl", "--model", base, "--out", "out", *options)
    assert done.status == 2
    assert words in done.err
    assert not (tmp_path / "out").exists()


def test_a_corpus_of_empty_texts_is_refused(base, tmp_path, command):
    (tmp_path / "in.jsonl").write_text('{"text": ""}\n')
    done = command("leximark", "train", "in.jsonl", "--model", base, "--out", "out")
    assert (done.status, "no text to train on" in done.err) == (2, True)
