"""Model attacks by name, made from the settings of a command line."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from attacks.attack import ModelAttack
from pipelines.loading.attack_settings import make_attacks
from watermark.corpus import open_corpus
from watermark.errors import CorpusError


def make_model_attack(
    name: str, settings: Mapping[str, str], text_column: str = "text"
) -> ModelAttack:
    """Make a model attack.

    Args:
        name: Name of the attack.
        settings: Values by the name of the setting.
        text_column: Column of the texts that some attacks read.

    Raises:
        ToolkitError: The attack or a setting is unknown, or a value is invalid.
        CorpusError: A file of texts cannot be read.
    """
    return make_attacks(_makers(text_column), [name], settings)[0]


def _read_texts(text_column: str, path: str) -> list[str]:
    documents = open_corpus(path, text_column=text_column).documents()
    texts = [document.text for document in documents if document.text.strip()]
    if not texts:
        raise CorpusError(f"{path}: there is no text to train on")
    return texts


def _makers(text_column: str) -> dict[str, Callable[..., ModelAttack]]:
    from attacks.model.distillation import TextDistillation
    from attacks.model.loop import TrainingLoop
    from attacks.model.merging import Merging
    from attacks.model.pruning import Pruning
    from attacks.model.quantization import Quantization
    from attacks.model.training import ContinuedTraining, GoldfishTraining, LowRankTraining
    from attacks.model.unlearning import Unlearning

    read = partial(_read_texts, text_column)

    def merging(other: str, share: float = 0.5, method: str = "linear") -> ModelAttack:
        return Merging(Path(other), share, method)

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
        return LowRankTraining(read(texts), rank, TrainingLoop(learning_rate, epochs, seed=seed))

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

    return {
        "pruning": Pruning,
        "quantization": Quantization,
        "merging": merging,
        "continued_training": continued,
        "goldfish": goldfish,
        "lora": lora,
        "unlearning": unlearning,
        "distillation": distillation,
    }
