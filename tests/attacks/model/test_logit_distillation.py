import math

import pytest
import torch

from attacks.model.checkpoint import load_checkpoint
from attacks.model.logit_distillation import LogitDistillation
from attacks.model.loop import TrainingLoop, padded
from attacks.model.losses import IGNORED, teacher_divergence
from tests.support.tiny import TEXTS, save_tiny_model, tiny_tokenizer
from watermark.errors import ModelError

LOOP = TrainingLoop(learning_rate=3e-3, epochs=5, max_tokens=48)
READ = [" ".join(text.split()[:30]) for text in TEXTS]


def test_divergence_by_hand():
    # Teacher 3/4 : 1/4, student 1/2 : 1/2, at the one place that a learned token follows.
    teacher = torch.tensor([[[math.log(3), 0.0], [9.0, 0.0], [9.0, 0.0]]])
    labels = torch.tensor([[0, 1, IGNORED]])
    found = teacher_divergence(torch.zeros(1, 3, 2), teacher, labels, 1.0)
    assert float(found) == pytest.approx(0.75 * math.log(1.5) + 0.25 * math.log(0.5))
    # At temperature 1/2 the teacher says 9/10 : 1/10; the divergence is multiplied by 1/4.
    cool = teacher_divergence(torch.zeros(1, 3, 2), teacher, labels, 0.5)
    wanted = (0.9 * math.log(1.8) + 0.1 * math.log(0.2)) / 4
    assert float(cool) == pytest.approx(wanted)
    assert float(teacher_divergence(teacher, teacher, labels, 2.0)) == 0.0


def divergence(teacher, student):
    """Return the mean divergence of a student from its teacher over the texts."""
    (one, tokenizer), (other, _) = load_checkpoint(teacher), load_checkpoint(student)
    ids, labels = padded([tokenizer(text)["input_ids"] for text in READ], one.device)
    mask = (labels != IGNORED).long()
    with torch.no_grad():
        logits = [each(input_ids=ids, attention_mask=mask).logits for each in (other, one)]
    return float(teacher_divergence(logits[0], logits[1], labels, 1.0))


def test_a_student_comes_to_predict_what_the_teacher_predicts(model, run_twice, tmp_path):
    student = save_tiny_model(tmp_path / "student", seed=1)
    out = run_twice(LogitDistillation(READ, student, 2.0, LOOP))
    assert divergence(model, out) < 0.8 * divergence(model, student)


def test_a_fresh_student_has_the_shape_of_the_teacher_and_weights_of_the_seed(
    model, run_twice, weights, tmp_path
):
    state = torch.random.get_rng_state()
    out = run_twice(LogitDistillation(READ[:1], loop=LOOP))
    assert torch.equal(torch.random.get_rng_state(), state)
    LogitDistillation(READ[:1], loop=TrainingLoop(seed=1)).transform(model, tmp_path / "other")
    one, other = weights(out), weights(tmp_path / "other")
    assert {name: weight.shape for name, weight in one.items()} == {
        name: weight.shape for name, weight in weights(model).items()
    }
    assert (one["gpt_neox.embed_in.weight"] != other["gpt_neox.embed_in.weight"]).any()


def test_what_cannot_be_distilled_is_refused(model, tmp_path):
    with pytest.raises(ValueError, match="texts: wanted at least one"):
        LogitDistillation([])
    for temperature in (0.0, math.inf):
        with pytest.raises(ValueError, match="temperature must be above 0"):
            LogitDistillation(READ, temperature=temperature)
    other = save_tiny_model(tmp_path / "other", tokenizer=tiny_tokenizer(vocab_size=500))
    with pytest.raises(ModelError, match="has another vocabulary than the model"):
        LogitDistillation(READ, other).transform(model, tmp_path / "out")
