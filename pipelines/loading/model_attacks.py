"""Model attacks by name, made from the settings of a command line."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from attacks.attack import ModelAttack
from pipelines.loading.attack_settings import make_attacks
from watermark.corpus import open_corpus
from watermark.corpus.rows import ColumnError
from watermark.errors import CorpusError


def make_model_attacks(
    names: Sequence[str], settings: Mapping[str, str], text_column: str = "text"
) -> list[ModelAttack]:
    """Make the model attacks of a chain.

    Args:
        names: Names of the attacks, in order.
        settings: See `make_attacks`.
        text_column: Column of the texts that some attacks read.

    Raises:
        ToolkitError: An attack or a setting is unknown, or a value is invalid.
        CorpusError: A file of texts cannot be read.
    """
    return make_attacks(_makers(text_column), names, settings)


def _read_texts(text_column: str, path: str) -> list[str]:
    found = _read_column(path, text_column, "name the column of the texts with --text-column")
    texts = [text for text in found if text.strip()]
    if not texts:
        raise CorpusError(f"{path}: there is no text to train on")
    return texts


def _read_columns(path: str, columns: Sequence[str], advice: str) -> list[tuple[str, ...]]:
    """Return the rows that have something in all of these columns."""
    texts = [_read_column(path, column, advice) for column in columns]
    rows = [row for row in zip(*texts, strict=True) if all(text.strip() for text in row)]
    if not rows:
        raise CorpusError(f"{path}: no row has text in the columns {', '.join(columns)}")
    return rows


def _read_column(path: str, column: str, advice: str) -> list[str]:
    try:
        return [each.text for each in open_corpus(path, text_column=column).documents()]
    except ColumnError as error:
        raise CorpusError(f"{error.fact}: {advice}") from error


def _makers(text_column: str) -> dict[str, Callable[..., ModelAttack]]:
    read = partial(_read_texts, text_column)
    return {
        **_weight_attacks(),
        **_training_attacks(read),
        **_tuning_attacks(),
        **_distillation_attacks(read),
    }


def _weight_attacks() -> dict[str, Callable[..., ModelAttack]]:
    from attacks.model.gguf_quantization import GgufQuantization
    from attacks.model.merging import Merging
    from attacks.model.pruning import Pruning
    from attacks.model.quantization import Quantization

    def merging(other: str, share: float = 0.5, method: str = "linear") -> ModelAttack:
        return Merging(Path(other), share, method)

    return {
        "pruning": Pruning,
        "quantization": Quantization,
        "gguf_quantization": GgufQuantization,
        "merging": merging,
    }


def _training_attacks(read: Callable[[str], list[str]]) -> dict[str, Callable[..., ModelAttack]]:
    from attacks.model.continued_training import ContinuedTraining
    from attacks.model.dp_sgd import DpSgdTraining
    from attacks.model.goldfish import GoldfishTraining
    from attacks.model.loop import TrainingLoop
    from attacks.model.lora import LoraTraining
    from attacks.model.unlearning import Unlearning

    def continued(
        texts: str, learning_rate: float = 1e-4, epochs: int = 1, seed: int = 0
    ) -> ModelAttack:
        loop = TrainingLoop(learning_rate, epochs, seed=seed)
        return ContinuedTraining(read(texts), loop)

    def goldfish(
        texts: str, k: int = 4, learning_rate: float = 1e-4, epochs: int = 1, seed: int = 0
    ) -> ModelAttack:
        return GoldfishTraining(read(texts), k, TrainingLoop(learning_rate, epochs, seed=seed))

    def lora(
        texts: str, rank: int = 8, learning_rate: float = 1e-3, epochs: int = 1, seed: int = 0
    ) -> ModelAttack:
        return LoraTraining(read(texts), rank, TrainingLoop(learning_rate, epochs, seed=seed))

    def dp_sgd(
        texts: str,
        epsilon: float = 8.0,
        delta: float = 1e-5,
        max_norm: float = 1.0,
        batch_size: int = 64,
        learning_rate: float = 1e-4,
        epochs: int = 1,
        seed: int = 0,
    ) -> ModelAttack:
        loop = TrainingLoop(learning_rate, epochs, batch_size, seed=seed)
        return DpSgdTraining(read(texts), epsilon, delta, max_norm, loop)

    def unlearning(
        forget: str,
        retain: str,
        method: str = "npo",
        beta: float = 0.1,
        learning_rate: float = 1e-5,
        epochs: int = 1,
        seed: int = 0,
    ) -> ModelAttack:
        loop = TrainingLoop(learning_rate, epochs, seed=seed)
        return Unlearning(read(forget), read(retain), method, beta, loop)

    return {
        "continued_training": continued,
        "goldfish": goldfish,
        "lora": lora,
        "dp_sgd": dp_sgd,
        "unlearning": unlearning,
    }


def _tuning_attacks() -> dict[str, Callable[..., ModelAttack]]:
    from attacks.model.dpo import DirectPreferenceOptimization
    from attacks.model.instruction_tuning import InstructionTuning
    from attacks.model.instructions import Instruction, Preference
    from attacks.model.loop import TrainingLoop

    def instruction_tuning(
        instructions: str,
        prompt_column: str = "prompt",
        answer_column: str = "answer",
        learning_rate: float = 1e-4,
        epochs: int = 1,
        seed: int = 0,
    ) -> ModelAttack:
        rows = _read_columns(
            instructions,
            (prompt_column, answer_column),
            "name the columns of the instructions, for example with --set prompt_column=question "
            "--set answer_column=reply",
        )
        loop = TrainingLoop(learning_rate, epochs, seed=seed)
        return InstructionTuning([Instruction(*row) for row in rows], loop)

    def dpo(
        preferences: str,
        beta: float = 0.1,
        learning_rate: float = 1e-6,
        epochs: int = 1,
        seed: int = 0,
    ) -> ModelAttack:
        rows = _read_columns(
            preferences,
            ("prompt", "chosen", "rejected"),
            "give the preferences the columns prompt, chosen and rejected, for example the line "
            '{"prompt": "Is it late?", "chosen": "Yes.", "rejected": "No."}',
        )
        loop = TrainingLoop(learning_rate, epochs, seed=seed)
        return DirectPreferenceOptimization([Preference(*row) for row in rows], beta, loop)

    return {"instruction_tuning": instruction_tuning, "dpo": dpo}


def _distillation_attacks(
    read: Callable[[str], list[str]],
) -> dict[str, Callable[..., ModelAttack]]:
    from attacks.model.distillation import TextDistillation
    from attacks.model.logit_distillation import LogitDistillation
    from attacks.model.loop import TrainingLoop

    def distillation(
        student: str,
        prompts: str,
        new_tokens: int = 128,
        learning_rate: float = 1e-4,
        epochs: int = 1,
        seed: int = 0,
    ) -> ModelAttack:
        loop = TrainingLoop(learning_rate, epochs, seed=seed)
        return TextDistillation(Path(student), read(prompts), new_tokens, loop)

    def logit_distillation(
        texts: str,
        student: str = "",
        temperature: float = 1.0,
        learning_rate: float = 1e-4,
        epochs: int = 1,
        seed: int = 0,
    ) -> ModelAttack:
        loop = TrainingLoop(learning_rate, epochs, seed=seed)
        return LogitDistillation(read(texts), Path(student) if student else None, temperature, loop)

    return {"distillation": distillation, "logit_distillation": logit_distillation}
