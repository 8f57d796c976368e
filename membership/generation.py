"""Suspects that write: all that is left of a model behind a door that returns only text."""

from collections.abc import Sequence
from typing import Protocol


class Writer(Protocol):
    """A model that goes on from a prompt; ability `text`."""

    @property
    def name(self) -> str:
        """What to call the model in a report."""

    @property
    def fingerprint(self) -> str:
        """Hash of what the model is, as far as that can be known."""

    def write(
        self, prompts: Sequence[str], *, n: int, max_tokens: int, temperature: float, seed: int
    ) -> list[list[str]]:
        """Return n continuations of each prompt, without the prompt.

        Args:
            prompts: Texts to go on from.
            n: How many continuations of each.
            max_tokens: Length of a continuation.
            temperature: 0 for the likeliest token each time.
            seed: Of the sampling; a server may not heed it.
        """
