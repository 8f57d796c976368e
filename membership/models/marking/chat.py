"""A chat model behind a server that answers requests about many texts."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from membership.models.server.address import parse_address
from membership.models.server.completions import find_model
from membership.models.server.http import RequestPolicy, Server
from watermark.errors import ModelError

DEAD = 8
"""A server that fails on this many texts at once, and on all of them, is taken to be down."""


@dataclass
class Chat:
    """A chat model behind a server with one prompt; see `open_chat`."""

    server: Server = field(repr=False)
    model: str
    prompt: str
    max_failures: int | None
    """Texts on which the server may fail; None for any number."""
    report: Callable[[str], None] = field(repr=False)
    n_failures: int = 0

    @property
    def n_retryable(self) -> int:
        """Failures that another run may not have: all of them."""
        return self.n_failures

    def ask(self, texts: Sequence[str]) -> list[str | None]:
        """Return the model's answer to each text, in order; None where the request failed.

        An empty answer is a failure, too. Every failure is reported.

        Raises:
            ModelError: It failed more often than `max_failures` allows, or on all of many texts.
        """
        with ThreadPoolExecutor(self.server.policy.connections) as pool:
            found = list(pool.map(self._one, texts))
        faults = [answer for answer in found if isinstance(answer, ModelError)]
        self.n_failures += len(faults)
        for fault in faults:
            self.report(str(fault))
        if self.max_failures is None:
            if len(faults) == len(found) >= DEAD:
                raise ModelError(
                    f"{self.server.address}: no answer to any of {len(faults)} texts; the last "
                    f"error: {faults[-1]}. Fix the server and repeat the command, which continues "
                    "where it stopped"
                )
        elif self.n_failures > self.max_failures:
            raise ModelError(
                f"{self.server.address}: no answer to {self.n_failures} texts, of which "
                f"max_failures allows {self.max_failures}; the last error: {faults[-1]}. "
                "Fix the server and repeat the command, which continues where it stopped"
            )
        return [None if isinstance(answer, ModelError) else answer for answer in found]

    def _one(self, text: str) -> str | ModelError:
        messages = [
            {"role": "system", "content": self.prompt},
            {"role": "user", "content": text},
        ]
        body = {"model": self.model, "messages": messages, "temperature": 0.0, "seed": 0}
        try:
            choice = self.server.post("chat/completions", body)["choices"][0]
            answer = str(choice["message"]["content"] or "")
        except ModelError as error:
            return error
        except (KeyError, IndexError, TypeError) as error:
            return ModelError(f"the reply contains no text ({error})")
        if answer.strip():
            return answer
        return ModelError(
            f"the answer is empty (finish_reason {str(choice.get('finish_reason'))[:20]!r}); a "
            "reasoning model needs a higher limit of tokens on the server, or no reasoning"
        )


def open_chat(
    endpoint: str,
    prompt: str,
    max_failures: int | None,
    report: Callable[[str], None],
) -> Chat:
    """Connect to a chat model.

    Args:
        endpoint: Address of the model, such as `chat+http://host:8000/v1#model`.
        prompt: Prompt placed before each text.
        max_failures: Number of texts on which it may fail; None for any number.
        report: Called with each failure.

    Raises:
        ModelError: The address is invalid, or there is no such model.
    """
    address = parse_address(endpoint, "chat+http://host:8000/v1#model")
    if address is None or address.api != "chat":
        raise ModelError(
            "wanted the address of a chat model, such as chat+http://host:8000/v1#model, "
            f"got {endpoint!r}"
        )
    server = Server(address.base, RequestPolicy())
    model, _ = find_model(server, address.model)
    return Chat(server, model, prompt, max_failures, report)
