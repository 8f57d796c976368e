"""The arms of the experiment on attacks: each attack at each strength, on texts or on a model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from attacks.attack import CorpusAttack, ModelAttack, TextAttack
from attacks.model.continued_training import ContinuedTraining
from attacks.model.distillation import TextDistillation
from attacks.model.dp_sgd import DpSgdTraining
from attacks.model.dpo import DirectPreferenceOptimization
from attacks.model.gguf_quantization import GgufQuantization
from attacks.model.goldfish import GoldfishTraining
from attacks.model.instruction_tuning import InstructionTuning
from attacks.model.instructions import Instruction, Preference
from attacks.model.logit_distillation import LogitDistillation
from attacks.model.loop import TrainingLoop
from attacks.model.lora import LoraTraining
from attacks.model.merging import Merging
from attacks.model.pruning import Pruning
from attacks.model.quantization import Quantization
from attacks.model.unlearning import Unlearning
from attacks.text.collusion import Collusion
from attacks.text.deduplication import Deduplication
from attacks.text.perplexity_filter import PerplexityFilter
from pipelines.experiments.trials.remover_packages import Dewatermark, Disarm
from pipelines.loading.text_attacks import make_text_attacks, mean_logprobs_of
from watermark.assets import find_model
from watermark.document import Document


@dataclass(frozen=True)
class Scene:
    """What the attacks of one seed may use."""

    base: Path
    originals: Sequence[Document]
    editions: Sequence[Sequence[Document]]
    """The same documents under other keys."""
    others: Sequence[str]
    """Unmarked texts of the same kind."""
    source: str
    """Where the owner's candidates come from, which the adaptive thief knows."""
    loop: TrainingLoop
    """One epoch at the rate at which the model was trained."""


TextArm = Callable[[Scene], list[TextAttack | CorpusAttack]]
ModelArm = Callable[[Scene, Sequence[str]], ModelAttack]
"""Makes the attack from the scene and the texts that the model was trained on."""


def _named(*names: str, **settings: str) -> TextArm:
    return lambda scene: make_text_attacks(names, settings)


TEXT_ARMS: dict[tuple[str, str], TextArm] = {
    ("none", "-"): lambda scene: [],
    ("random_synonyms", "25 % of words"): _named("random_synonyms", share=".25"),
    ("random_synonyms", "50 % of words"): _named("random_synonyms", share=".5"),
    ("random_synonyms", "all words"): _named("random_synonyms", share="1"),
    ("commonest_synonyms", "all words"): _named("commonest_synonyms"),
    ("commonest_synonyms", "all words, half of the texts left beside"): _named(
        "commonest_synonyms"
    ),
    ("likeliest_synonyms", "by the base"): lambda scene: make_text_attacks(
        ["likeliest_synonyms"], {"model": str(scene.base)}
    ),
    ("adaptive", "half of the sites"): lambda scene: _adaptive(scene, "adaptive", share=".5"),
    ("adaptive", "all sites"): lambda scene: _adaptive(scene, "adaptive", share="1"),
    ("rules", "half of the sentences"): _named("rules", share=".5"),
    ("rules", "all sentences"): _named("rules", share="1"),
    ("adaptive, then rules", "all"): lambda scene: _adaptive(scene, "adaptive", "rules"),
    ("chat", "edit, SmolLM2-135M"): lambda scene: _rewritten("edit"),
    ("chat", "rephrase, SmolLM2-135M"): lambda scene: _rewritten("rephrase"),
    ("unicode and whitespace", "all"): _named("unicode", "whitespace"),
    ("package of a remover", "disarm"): lambda scene: [Disarm()],
    ("package of a remover", "dewatermark"): lambda scene: [Dewatermark()],
    ("truncation", "64 words"): _named("truncation", words="64"),
    ("chunking", "32 words"): _named("chunking", words="32"),
    ("dropped_sentences", "50 %"): _named("dropped_sentences", share=".5"),
    ("quality_filter", "gopher"): _named("quality_filter", rule="gopher"),
    ("quality_filter", "c4"): _named("quality_filter", rule="c4"),
    ("quality_filter", "fineweb"): _named("quality_filter", rule="fineweb"),
    ("language_filter", "English"): _named("language_filter"),
    ("deduplication", "minhash, alone"): _named("deduplication"),
    ("deduplication", "minhash, half of the originals in the crawl"): lambda scene: [
        Deduplication("minhash", scene.originals[::2])
    ],
    ("deduplication", "minhash, half of another edition in the crawl"): lambda scene: [
        Deduplication("minhash", scene.editions[0][::2])
    ],
    ("perplexity_filter", "a third, by the base"): lambda scene: [
        PerplexityFilter(mean_logprobs_of(str(scene.base)), 1 / 3)
    ],
    ("collusion", "2 editions"): lambda scene: [_collusion(scene, 1)],
    ("collusion", "3 editions"): lambda scene: [_collusion(scene, 2)],
}


LEFT_BESIDE = {("commonest_synonyms", "all words, half of the texts left beside"): 0.5}
"""Share of the published texts that the model is trained on beside the attacked ones."""


def _adaptive(scene: Scene, *names: str, **settings: str) -> list[TextAttack | CorpusAttack]:
    return make_text_attacks(names, {**settings, "source": scene.source})


def _rewritten(prompt: str) -> list[TextAttack | CorpusAttack]:
    settings = {"model": str(find_model("smollm2-135m")), "prompt": prompt}
    return make_text_attacks(["chat"], settings)


def _collusion(scene: Scene, n: int) -> Collusion:
    return Collusion([{d.id: d.text for d in edition} for edition in scene.editions[:n]])


def _loop(scene: Scene, epochs: int = 1, factor: float = 1.0) -> TrainingLoop:
    """Return the loop of a scene with more epochs and with its rate times a factor."""
    return replace(scene.loop, epochs=epochs, learning_rate=factor * scene.loop.learning_rate)


def _further(times: int) -> ModelArm:
    return lambda scene, texts: ContinuedTraining(scene.others[: times * len(texts)], _loop(scene))


def _distilled(scene: Scene, n: int) -> TextDistillation:
    prompts = [" ".join(text.split()[:10]) for text in scene.others[:n]]
    return TextDistillation(scene.base, prompts, 96, _loop(scene, 3))


def _instructed(scene: Scene, n: int) -> InstructionTuning:
    """Tune on the ends of unmarked texts, asked for by their beginnings."""
    halves = [_halves(text) for text in scene.others[:n]]
    return InstructionTuning([Instruction(first, rest) for first, rest in halves], _loop(scene))


def _preferred(scene: Scene, n: int) -> DirectPreferenceOptimization:
    """Prefer the end of an unmarked text to that of the next one."""
    halves = [_halves(text) for text in scene.others[: n + 1]]
    preferences = [Preference(first, rest, other) for (first, rest), (_, other) in pairwise(halves)]
    return DirectPreferenceOptimization(preferences, loop=_loop(scene, factor=1 / 10))


def _halves(text: str) -> tuple[str, str]:
    words = text.split()
    return " ".join(words[: len(words) // 2]), " ".join(words[len(words) // 2 :])


def _private(epsilon: float) -> ModelArm:
    """Train with batches of a quarter of the texts, for more epochs: less noise a step."""
    return lambda scene, texts: DpSgdTraining(
        texts, epsilon, 1e-3, loop=replace(_loop(scene, 10), batch_size=max(1, len(texts) // 4))
    )


MODEL_ARMS: dict[tuple[str, str], ModelArm] = {
    ("quantization", "8 bits"): lambda scene, texts: Quantization(8),
    ("quantization", "4 bits"): lambda scene, texts: Quantization(4),
    ("gguf_quantization", "Q8_0"): lambda scene, texts: GgufQuantization("Q8_0"),
    ("gguf_quantization", "Q4_0"): lambda scene, texts: GgufQuantization("Q4_0"),
    ("pruning", "30 % of weights"): lambda scene, texts: Pruning(0.3),
    ("pruning", "60 % of weights"): lambda scene, texts: Pruning(0.6),
    ("merging", "half base, linear"): lambda scene, texts: Merging(scene.base, 0.5),
    ("merging", "half base, slerp"): lambda scene, texts: Merging(scene.base, 0.5, "slerp"),
    ("merging", "80 % base, linear"): lambda scene, texts: Merging(scene.base, 0.8),
    ("continued_training", "1 x the texts"): _further(1),
    ("continued_training", "3 x the texts"): _further(3),
    ("continued_training", "10 x the texts"): _further(10),
    ("instruction_tuning", "500 unmarked texts"): lambda scene, texts: _instructed(scene, 500),
    ("dpo", "500 unmarked texts"): lambda scene, texts: _preferred(scene, 500),
    ("unlearning", "npo"): lambda scene, texts: Unlearning(
        texts, scene.others[: len(texts)], "npo", loop=_loop(scene, factor=1 / 3)
    ),
    ("unlearning", "ascent"): lambda scene, texts: Unlearning(
        texts, scene.others[: len(texts)], "ascent", loop=_loop(scene, factor=1 / 2)
    ),
    # Unmarked prompts: with those of the marked texts the student would read the marks.
    ("distillation", "100 unmarked prompts"): lambda scene, texts: _distilled(scene, 100),
    ("distillation", "500 unmarked prompts"): lambda scene, texts: _distilled(scene, 500),
    ("logit_distillation", "500 unmarked texts"): lambda scene, texts: LogitDistillation(
        scene.others[:500], scene.base, loop=_loop(scene, 3)
    ),
}
FROM_BASE: dict[tuple[str, str], ModelArm] = {
    ("goldfish", "1 token in 4"): lambda scene, texts: GoldfishTraining(texts, 4, _loop(scene, 3)),
    ("lora", "rank 8, 10 epochs"): lambda scene, texts: LoraTraining(
        texts, 8, _loop(scene, 10, 10 / 3)
    ),
    ("lora", "rank 8, 3 epochs"): lambda scene, texts: LoraTraining(
        texts, 8, _loop(scene, 3, 10 / 3)
    ),
    ("dp_sgd", "epsilon 1"): _private(1.0),
    ("dp_sgd", "epsilon 8"): _private(8.0),
    ("dp_sgd", "epsilon 100"): _private(100.0),
}
"""Other ways to train on the marked texts: these attacks start from the base."""
