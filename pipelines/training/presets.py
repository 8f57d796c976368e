"""The hyper-parameters of the papers, by name.

Source: the released LexiMark code; the paper names the modes, the code has the numbers.
"""

from dataclasses import replace

from pipelines.training.adapters import Adapter
from pipelines.training.training import TrainingSettings

LLAMA_LAYERS = (
    "k_proj",
    "q_proj",
    "v_proj",
    "o_proj",
    "gate_proj",
    "down_proj",
    "up_proj",
    "lm_head",
)
PYTHIA_LAYERS = ("dense", "dense_h_to_4h", "dense_4h_to_h", "embed_in", "lm_head")
"""As released, where `query_key_value` is commented out and `lm_head` has its old name
`embed_out`."""

FINETUNE = TrainingSettings(
    learning_rate=3e-4,
    epochs=1,
    batch_size=2,
    schedule="cosine",
    warmup_steps=20,
    optimizer="paged_adamw_8bit",
    precision="float16",
    adapter=Adapter(LLAMA_LAYERS, rank=16, alpha=16, dropout=0.05, quantize=True),
)
"""QLoRA fine-tuning of a model of about 7 billion parameters."""

PRETRAIN = TrainingSettings(
    learning_rate=1e-4,
    epochs=1,
    batch_size=2,
    gradient_accumulation=2,
    schedule="linear",
    max_tokens=512,
    precision="float32",
)
"""Continued pre-training of all weights."""

INSTRUCT = TrainingSettings(
    learning_rate=1e-5,
    epochs=1,
    batch_size=8,
    gradient_accumulation=8,
    max_tokens=512,
    precision="float16",
)
"""Instruction tuning of all weights, after the training that is to be found."""

INSTRUCT_QLORA = replace(FINETUNE, learning_rate=1e-4, gradient_accumulation=8)
"""Instruction tuning with QLoRA."""

PRESETS = {
    "finetune": FINETUNE,
    "pretrain": PRETRAIN,
    "instruct": INSTRUCT,
    "instruct-qlora": INSTRUCT_QLORA,
    "laptop": TrainingSettings(),
}


def for_model(settings: TrainingSettings, architecture: str) -> TrainingSettings:
    """Return a preset with the adapter's layers named as this architecture names them.

    Args:
        settings: A preset.
        architecture: `model_type` of the model's configuration, for example `gpt_neox`.
    """
    if settings.adapter is None or architecture != "gpt_neox":
        return settings
    return replace(settings, adapter=replace(settings.adapter, targets=PYTHIA_LAYERS))
