"""The protocols of a model under audit: traces of given texts, and text generation."""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from membership.traces.trace import Query, Trace


class Suspect(Protocol):
    """A model under audit, or a reference for one.

    A suspect declares what it can return as its abilities:

    logprobs    log-probabilities of the tokens of a given text
    moments     mean and standard deviation per token; without it `mean` and `std` are NaN
    candidates  log-probabilities of words that are not in the text (`Query.slots`)
    text        text that it generates (see `TextGenerator`)
    """

    @property
    def name(self) -> str:
        """Name of the model in a report."""

    @property
    def fingerprint(self) -> str:
        """Hash of weights and tokenizer: identifies the model wherever it is stored."""

    @property
    def settings(self) -> str:
        """How it is run: data type, start token, window. Fixes a trace with the fingerprint."""

    @property
    def abilities(self) -> frozenset[str]:
        """What it can return: `logprobs`, `moments`, `candidates`, `text`."""

    def trace(
        self, queries: Sequence[Query], known: Container[int] = ()
    ) -> Iterator[tuple[int, Trace]]:
        """Yield the index of a query and its trace, each query once, in any order.

        Args:
            queries: What to run.
            known: Indices of queries whose traces are already available; they are not yielded. The
                other traces are identical to the bit with and without it.

        Raises:
            PrerequisiteError: A query needs an ability that the model does not have.
        """


@runtime_checkable
class ReadsAhead(Protocol):
    """A model whose texts are run in several processes, best when it is told all of them early."""

    def read_ahead(self, lists: Sequence[Sequence[Query]]) -> None:
        """Run the texts of lists that `trace` will be given, one list at a time."""


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
    """A model that continues a prompt; ability `text`."""

    @property
    def name(self) -> str:
        """Name of the model in a report."""

    @property
    def fingerprint(self) -> str:
        """Hash that identifies the model as far as possible."""

    def write(
        self, prompts: Sequence[str], sampling: Sampling, *, max_tokens: int
    ) -> list[list[str]]:
        """Return the continuations of each prompt, without the prompt.

        Args:
            prompts: Texts to go on from.
            sampling: How many continuations, and how they are drawn.
            max_tokens: Length of a continuation.
        """
