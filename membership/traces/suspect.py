"""What a model under audit can be asked: traces of texts, or text that it writes."""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from membership.traces.trace import Query, Trace


class Suspect(Protocol):
    """A model under audit, or a reference for one.

    What a suspect can return are its abilities:

    logprobs    log-probabilities of the tokens of a given text
    moments     mean and spread of each token's distribution; without it `mean` and `std` are NaN
    candidates  log-probabilities of words that do not stand in the text (`Query.slots`)
    text        text that it writes (`membership.traces.suspect`)
    """

    @property
    def name(self) -> str:
        """What to call the model in a report."""

    @property
    def fingerprint(self) -> str:
        """Hash of weights and tokenizer: what the model is, wherever it is kept."""

    @property
    def settings(self) -> str:
        """How it is run: data type, start token, window. With the fingerprint it fixes a trace."""

    @property
    def abilities(self) -> frozenset[str]:
        """What it can return, of `logprobs`, `moments`, `candidates` and `text`."""

    def trace(
        self, queries: Sequence[Query], known: Container[int] = ()
    ) -> Iterator[tuple[int, Trace]]:
        """Yield the index of a query and its trace, each query once, in any order.

        Args:
            queries: What to run.
            known: Indices of queries whose traces are at hand; they are not yielded. The others
                come out to the bit as they would without it.

        Raises:
            PrerequisiteError: A query needs an ability that the model does not have.
        """


@dataclass(frozen=True)
class Sampling:
    """How a model is made to write."""

    n: int = 20
    """Continuations of each prompt."""
    temperature: float = 1.0
    """0 takes the likeliest token each time."""
    seed: int = 0
    """Seed of the first continuation, and one more for each further one; a server may ignore it."""


class TextGenerator(Protocol):
    """A model that goes on from a prompt; ability `text`."""

    @property
    def name(self) -> str:
        """What to call the model in a report."""

    @property
    def fingerprint(self) -> str:
        """Hash of what the model is, as far as that can be known."""

    def write(
        self, prompts: Sequence[str], sampling: Sampling, *, max_tokens: int
    ) -> list[list[str]]:
        """Return the continuations of each prompt, without the prompt.

        Args:
            prompts: Texts to go on from.
            sampling: How many continuations, and how they are drawn.
            max_tokens: Length of a continuation.
        """
