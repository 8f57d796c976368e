import pytest

from attacks.model.instruction_tuning import InstructionTuning
from attacks.model.instructions import Instruction
from attacks.model.loop import TrainingLoop
from tests.support.tiny import save_tiny_model, tiny_tokenizer
from watermark.errors import ModelError

ASKED = [Instruction("Say it", "It rains.")]


def test_nothing_is_printed_and_nothing_is_sent_to_the_hub(
    model, tmp_path, monkeypatch, capfd, recwarn
):
    from huggingface_hub import constants
    from huggingface_hub.utils import _telemetry

    sent = []
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(constants, "is_offline_mode", lambda: False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", False)
    monkeypatch.setattr(_telemetry, "_start_telemetry_thread", lambda: sent.append("topic"))
    loop = TrainingLoop(learning_rate=1e-3, max_tokens=72)
    InstructionTuning(ASKED, loop).transform(model, tmp_path / "out")
    assert sent == []
    assert constants.HF_HUB_DISABLE_TELEMETRY is False
    assert capfd.readouterr().out == ""
    assert not list(recwarn)


def test_a_model_that_trl_cannot_train_is_refused(model, tmp_path):
    short = TrainingLoop(max_tokens=4)
    with pytest.raises(ModelError, match="prompts are longer than 4 tokens"):
        InstructionTuning(ASKED, short).transform(model, tmp_path / "out")
    tokenizer = tiny_tokenizer()
    endless = save_tiny_model(tmp_path / "endless", tokenizer=tokenizer)
    tokenizer.eos_token = None
    tokenizer.save_pretrained(endless)
    with pytest.raises(ModelError, match="has no end token"):
        InstructionTuning(ASKED).transform(endless, tmp_path / "out")
