from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from attacks.model import distillation
from attacks.model.distillation import TextDistillation
from tests.attacks.model.conftest import LEARNED, LOOP


class Counting:
    """A model whose next token is the last one plus one, and its tokenizer, for which 5 ends."""

    device = torch.device("cpu")
    eos_token_id = 5

    def __call__(self, text=None, *, input_ids=None, **_):
        if input_ids is None:
            return {"input_ids": [int(word) for word in text.split()]}
        logits = torch.full((1, 1, 11), -1e9)
        logits[0, 0, int(input_ids[0, -1]) + 1] = 0.0
        return SimpleNamespace(logits=logits, past_key_values=None)

    def decode(self, ids):
        return " ".join(map(str, ids))


def test_the_teacher_continues_prompts_up_to_a_length_or_its_end_token(monkeypatch):
    trained_on = []
    teacher = Counting()
    monkeypatch.setattr(distillation, "load_checkpoint", lambda folder: (teacher, teacher))
    monkeypatch.setattr(distillation, "train_on", lambda *args: trained_on.append(args[2]))
    monkeypatch.setattr(distillation, "save_checkpoint", lambda *args: None)
    attack = TextDistillation(Path("student"), ["1", "3", "6 7"], new_tokens=3)
    attack.transform(Path("teacher"), Path("out"))
    assert trained_on == [["1 2 3 4", "3 4", "6 7 8 9 10"]]


def test_a_student_learns_from_what_the_teacher_writes(model, trained, run_twice, mean_logprob):
    prompts = [" ".join(text.split()[:4]) for text in LEARNED]
    out = run_twice(TextDistillation(model, prompts, new_tokens=12, loop=LOOP), trained)
    assert mean_logprob(out, prompts) > mean_logprob(model, prompts)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: TextDistillation(Path("x"), []), "prompts: wanted at least one, got none"),
        (lambda: TextDistillation(Path("x"), ["a"], 0), "new_tokens must be 1 or more, got 0"),
    ],
)
def test_settings_out_of_range_are_refused(make, said):
    with pytest.raises(ValueError, match=said):
        make()
