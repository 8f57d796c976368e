"""What instruction tuning and preference optimization learn from, and how a prompt is written."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Instruction:
    """A prompt and the answer to learn."""

    prompt: str
    answer: str


@dataclass(frozen=True)
class Preference:
    """A prompt, the answer to prefer, and the answer to avoid."""

    prompt: str
    chosen: str
    rejected: str


def write_prompt(prompt: str) -> str:
    """Return a prompt as the model reads it, up to the place where the answer begins."""
    return f"### Input:\n{prompt}\n\n### Output:\n"
