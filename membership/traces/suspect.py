"""What a model under audit can be asked: traces of texts, or text that it writes."""

from collections.abc import Container, Iterator, Sequence
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


class TextGenerator(Protocol):
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
