import math

import pytest
import torch
from safetensors.torch import load_file

from attacks.model.distillation import TextDistillation
from attacks.model.loop import TrainingLoop, padded
from attacks.model.losses import IGNORED, goldfish_labels, mean_loss, negative_preference
from attacks.model.training import ContinuedTraining, GoldfishTraining, LowRankTraining
from attacks.model.unlearning import Unlearning
from membership.models.local.huggingface import load_huggingface
from membership.traces.trace import Query
from tests.support.tiny import TEXTS, save_tiny_model

LOOP = TrainingLoop(learning_rate=3e-3, epochs=3, max_tokens=48)
LEARNED = [" ".join(text.split()[:30]) for text in TEXTS[:4]]
OTHER = [" ".join(text.split()[:30]) for text in TEXTS[4:]]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save_tiny_model(tmp_path_factory.mktemp("base") / "model")


@pytest.fixture(scope="module")
def trained(model, tmp_path_factory):
    out = tmp_path_factory.mktemp("trained") / "model"
    ContinuedTraining(LEARNED, LOOP).transform(model, out)
    return out


def mean_logprob(folder, texts):
    traces = load_huggingface(folder).trace([Query(text) for text in texts])
    return sum(float(trace.logprob.mean()) for _, trace in traces) / len(texts)


def test_the_mean_loss_leaves_padding_out():
    ids, labels = padded([[1, 2], [1]], torch.device("cpu"))
    assert labels.tolist() == [[1, 2], [1, IGNORED]]
    logits = torch.zeros(2, 2, 4)
    assert float(mean_loss(ids, labels, logits)) == pytest.approx(math.log(4))


def test_goldfish_drops_one_token_in_k_and_the_same_ones_after_the_same_words():
    ids = torch.arange(4_000).repeat(2, 1)
    kept = goldfish_labels(ids, ids.clone(), 4, 13)
    assert kept[0].tolist() == kept[1].tolist()
    assert (kept[0, :13] != IGNORED).all()
    dropped = int((kept[0] == IGNORED).sum())
    assert abs(dropped - 3_987 / 4) < 4 * math.sqrt(3_987 * 3 / 16)


def test_negative_preference_by_hand_and_towards_gradient_ascent():
    now, then = torch.tensor([-1.0]), torch.tensor([-1.0])
    assert float(negative_preference(now, then, 0.5)) == pytest.approx(4 * math.log(2))
    now = torch.tensor([-3.0], requires_grad=True)
    negative_preference(now, torch.tensor([-1.0]), 1e-4).backward()
    assert now.grad is not None
    assert now.grad.tolist() == pytest.approx([1.0], abs=1e-3)  # that of log p itself


def test_continued_training_learns_its_texts(model, trained):
    assert mean_logprob(trained, LEARNED) > mean_logprob(model, LEARNED) + 0.5


@pytest.mark.parametrize(
    "attack", [GoldfishTraining(LEARNED, 4, LOOP), LowRankTraining(LEARNED, 4, LOOP)]
)
def test_goldfish_and_lora_learn_too_but_less(model, trained, tmp_path, attack):
    attack.transform(model, tmp_path / "out")
    found = mean_logprob(tmp_path / "out", LEARNED)
    assert mean_logprob(model, LEARNED) + 0.05 < found
    assert not (tmp_path / "out/adapter_config.json").exists()


@pytest.mark.parametrize("method", ["npo", "ascent"])
def test_unlearning_lowers_what_is_forgotten_more_than_what_is_retained(trained, tmp_path, method):
    loop = TrainingLoop(learning_rate=1e-3, epochs=2, max_tokens=48)
    Unlearning(LEARNED, OTHER, method, loop=loop).transform(trained, tmp_path / "out")
    forgotten = mean_logprob(tmp_path / "out", LEARNED) - mean_logprob(trained, LEARNED)
    retained = mean_logprob(tmp_path / "out", OTHER) - mean_logprob(trained, OTHER)
    assert forgotten < 0
    assert forgotten < retained


def test_a_student_learns_from_what_the_teacher_writes(model, trained, tmp_path):
    prompts = [" ".join(text.split()[:4]) for text in LEARNED]
    attack = TextDistillation(model, prompts, new_tokens=12, loop=LOOP)
    attack.transform(trained, tmp_path / "one")
    attack.transform(trained, tmp_path / "two")
    one, two = (load_file(tmp_path / name / "model.safetensors") for name in ("one", "two"))
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert mean_logprob(tmp_path / "one", prompts) > mean_logprob(model, prompts)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: TrainingLoop(learning_rate=0.0), "learning_rate must be above 0"),
        (lambda: TrainingLoop(epochs=0), "epochs must be 1"),
        (lambda: GoldfishTraining([], 1), "k must be 2"),
        (lambda: LowRankTraining([], 0), "rank must be 1"),
        (lambda: Unlearning([], [], "rmu"), "method must be npo or ascent"),
        (lambda: Unlearning([], [], beta=0.0), "beta must be above 0"),
    ],
)
def test_settings_out_of_range_are_refused(make, said):
    with pytest.raises(ValueError, match=said):
        make()
