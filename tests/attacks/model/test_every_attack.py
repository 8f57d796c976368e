"""What holds for every attack on a model."""

import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from attacks.attack import ModelAttack
from attacks.model.continued_training import ContinuedTraining
from attacks.model.goldfish import GoldfishTraining
from attacks.model.loop import TrainingLoop
from attacks.model.lora import LoraTraining
from attacks.model.merging import Merging
from attacks.model.unlearning import Unlearning
from pipelines.loading.model_attacks import _makers
from tests.support.tiny import TEXTS, save_tiny_model

ROOT = Path(__file__).parents[3]
LOOP = TrainingLoop(learning_rate=3e-3, max_tokens=24)
READ = [" ".join(text.split()[:12]) for text in TEXTS[:4]]
OTHER = [" ".join(text.split()[:12]) for text in TEXTS[4:]]

RUN_TWICE = {
    "merging, linear": lambda other: Merging(other, 0.3, "linear"),
    "merging, slerp": lambda other: Merging(other, 0.3, "slerp"),
    "continued_training": lambda other: ContinuedTraining(READ, LOOP),
    "goldfish": lambda other: GoldfishTraining(READ, 4, LOOP),
    "lora": lambda other: LoraTraining(READ, 2, LOOP),
    "unlearning, npo": lambda other: Unlearning(READ, OTHER, "npo", loop=LOOP),
    "unlearning, ascent": lambda other: Unlearning(READ, OTHER, "ascent", loop=LOOP),
}
RUN_TWICE_ELSEWHERE = (
    "pruning", "quantization", "gguf_quantization", "dp_sgd", "instruction_tuning", "dpo",
    "distillation", "logit_distillation",
)  # fmt: skip
"""Attacks that their own files run twice."""


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    return save_tiny_model(tmp_path_factory.mktemp("other") / "model", seed=1)


def test_every_attack_on_a_model_is_run_twice(other):
    here = {name.partition(",")[0] for name in RUN_TWICE}
    assert set(_makers("text")) == {*here, *RUN_TWICE_ELSEWHERE}
    for name, make in RUN_TWICE.items():
        assert make(other).name == name.partition(",")[0]


def test_the_command_line_and_python_have_the_same_default_learning_rates():
    """Docs name them, too."""
    row = re.search(r"`learning_rate` \(([^)]*)\)", (ROOT / "docs/attacks.md").read_text("utf-8"))
    assert row is not None
    usual, *others = row[1].split("; ")
    documented = dict(other.split(": ") for other in others)
    classes: dict[str, Any] = {each.name: each for each in ModelAttack.__subclasses__()}
    for name, maker in _makers("text").items():
        parameter = inspect.signature(maker).parameters.get("learning_rate")
        if parameter is not None:
            loop = classes[name].__dataclass_fields__["loop"].default_factory()
            assert loop.learning_rate == parameter.default, name
            assert float(documented.pop(f"`{name}`", usual)) == parameter.default, name
    assert not documented


@pytest.mark.parametrize("name", RUN_TWICE)
def test_an_attack_gives_the_same_weights_again_and_others_than_before(other, run_twice, name):
    run_twice(RUN_TWICE[name](other))
