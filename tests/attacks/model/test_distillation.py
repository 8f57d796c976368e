from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from attacks.model import distillation
from attacks.model.distillation import TextDistillation
from tests.attacks.model.conftest import LEARNED, LOOP
from tests.support.tiny import save_tiny_model
from watermark.errors import ModelError


class Counting:
    """A model whose next token is the last one plus one, and its tokenizer, for which 5 ends."""

    device = torch.device("cpu")
    eos_token_id = 5
    config = SimpleNamespace(max_position_embeddings=5)

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


class Tossing(Counting):
    """Writes 1 or 2 at random."""

    def __call__(self, text=None, *, input_ids=None, **rest):
        if input_ids is None:
            return super().__call__(text)
        logits = torch.full((1, 1, 11), -1e9)
        logits[0, 0, 1:3] = 0.0
        return SimpleNamespace(logits=logits, past_key_values=None)


def test_each_prompt_is_continued_by_random_numbers_of_its_own(monkeypatch):
    trained_on = []
    teacher = Tossing()
    teacher.config = SimpleNamespace(max_position_embeddings=100)
    monkeypatch.setattr(distillation, "load_checkpoint", lambda folder: (teacher, teacher))
    monkeypatch.setattr(distillation, "train_on", lambda *args: trained_on.append(args[2]))
    monkeypatch.setattr(distillation, "save_checkpoint", lambda *args: None)
    for _ in range(2):
        attack = TextDistillation(Path("student"), ["1"] * 20, new_tokens=40)
        attack.transform(Path("teacher"), Path("out"))
    assert trained_on[0] == trained_on[1]
    assert len(set(trained_on[0])) == 20


def test_prompts_that_leave_no_room_for_a_continuation_are_refused(tmp_path):
    gpt2 = save_tiny_model(tmp_path / "gpt2", "gpt2")
    said = "the longest of the prompts has [0-9]+ tokens, and new_tokens adds 128, but .* 96 pos"
    with pytest.raises(ModelError, match=said):
        TextDistillation(gpt2, ["a", *LEARNED]).transform(gpt2, tmp_path / "out")


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
