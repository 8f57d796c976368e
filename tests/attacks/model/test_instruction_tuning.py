import sys

import pytest
import torch

from attacks.model import instruction_tuning
from attacks.model.instruction_tuning import InstructionTuning
from attacks.model.instructions import Instruction, write_prompt
from attacks.model.loop import TrainingLoop
from membership.models.local.huggingface import load_huggingface
from membership.traces.trace import Query
from tests.support.tiny import TEXTS, tiny_tokenizer
from watermark.errors import PrerequisiteError

LOOP = TrainingLoop(learning_rate=3e-3, epochs=5, max_tokens=72)
ASKED = [Instruction(f"Say {i}", " ".join(text.split()[:8])) for i, text in enumerate(TEXTS)]


def halves_logprob(folder, asked):
    """Return the mean log-probability of prompts and of answers behind them."""
    found = [0.0, 0.0]
    texts = [write_prompt(each.prompt) + each.answer for each in asked]
    traces = load_huggingface(folder).trace([Query(text) for text in texts])
    for each, (_, trace) in zip(asked, traces, strict=True):
        start = len(tiny_tokenizer()(write_prompt(each.prompt))["input_ids"])
        found[0] += float(trace.logprob[: start - 1].mean()) / len(asked)
        found[1] += float(trace.logprob[start:].mean()) / len(asked)
    return found


def test_answers_are_learned_and_prompts_are_not_and_a_seed_gives_the_same_weights(
    model, run_twice
):
    out = run_twice(InstructionTuning(ASKED, LOOP))
    prompt, answer = halves_logprob(model, ASKED)
    new_prompt, new_answer = halves_logprob(out, ASKED)
    assert new_answer > answer + 0.5
    assert new_prompt < prompt + 0.5


def test_no_token_of_a_prompt_is_learned(model, tmp_path, monkeypatch):
    batches: list[dict[str, torch.Tensor]] = []
    monkeypatch.setattr(
        instruction_tuning,
        "run_trainer",
        lambda trainer, attack: batches.extend(trainer.get_train_dataloader()),
    )
    InstructionTuning(ASKED[:1], LOOP).transform(model, tmp_path / "out")
    ((ids, labels),) = [(batch["input_ids"][0], batch["labels"][0]) for batch in batches]
    tokenizer = tiny_tokenizer()
    prompt = tokenizer(write_prompt(ASKED[0].prompt))["input_ids"]
    answer = [*tokenizer(ASKED[0].answer)["input_ids"], tokenizer.eos_token_id]
    assert ids.tolist() == [*prompt, *answer]
    assert labels.tolist() == [-100] * len(prompt) + answer


def test_another_seed_gives_other_weights(model, weights, tmp_path):
    for seed in (0, 1):
        loop = TrainingLoop(learning_rate=3e-3, batch_size=2, max_tokens=72, seed=seed)
        InstructionTuning(ASKED, loop).transform(model, tmp_path / str(seed))
    one, two = weights(tmp_path / "0"), weights(tmp_path / "1")
    assert any((one[name] != two[name]).any() for name in one)


def test_what_cannot_be_tuned_is_refused(model, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="instructions: wanted at least one"):
        InstructionTuning([])
    monkeypatch.setitem(sys.modules, "trl", None)
    with pytest.raises(PrerequisiteError, match=r"instruction_tuning: trl .*leximark\[attacks\]"):
        InstructionTuning(ASKED).transform(model, tmp_path / "out")
    assert not (tmp_path / "out").exists()
