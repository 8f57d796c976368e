"""The job behind `leximark train`: read the corpus, fine-tune a base model, save it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from attacks.model.instructions import Instruction
from pipelines.training.presets import PRESETS, for_model
from pipelines.training.training import load_base, model_type, train
from watermark.corpus import open_corpus
from watermark.errors import CorpusError, ToolkitError


def train_command(
    source: str,
    base: str,
    out: Path,
    preset: str,
    *,
    text_column: str = "text",
    prompt_column: str | None = None,
    split: str | None = None,
    seed: int = 0,
    **changes: Any,
) -> float:
    """Fine-tune a base model on a corpus with a preset, return the mean loss.

    Args:
        source: A path or a hub id.
        base: Folder or hub id of the base model.
        out: Folder of the trained model.
        preset: Name of the hyper-parameters.
        text_column: Column of the text, or of the answer.
        prompt_column: Column of the prompt; only the answer is learned then.
        split: Split of a data set.
        seed: Of order and new weights.
        changes: Fields of `TrainingSettings` instead of the preset's.

    Raises:
        ToolkitError: There is no such preset, it wants prompts, a number is out of its range, or
            the base is not a model.
        CorpusError: The corpus cannot be read, or is empty.
    """
    if preset not in PRESETS:
        raise ToolkitError(f"--preset {preset}: there are {', '.join(PRESETS)}")
    if preset.startswith("instruct") and prompt_column is None:
        raise ToolkitError(f"--preset {preset} learns answers: name the --prompt-column")
    texts: list[str | Instruction] = [*_texts(source, text_column, split)]
    if prompt_column is not None:
        prompts = _texts(source, prompt_column, split)
        texts = [Instruction(p, str(a)) for p, a in zip(prompts, texts, strict=True)]
    if not any(text.answer if isinstance(text, Instruction) else text for text in texts):
        raise CorpusError(f"{source}: there is no text to train on")
    try:
        settings = replace(for_model(PRESETS[preset], model_type(base)), seed=seed, **changes)
    except ValueError as error:
        raise ToolkitError(str(error)) from error
    model, tokenizer = load_base(base, settings)
    return train(model, tokenizer, texts, out, settings)


def _texts(source: str, column: str, split: str | None) -> list[str]:
    corpus = open_corpus(source, text_column=column, split=split)
    return [document.text for document in corpus.documents()]
