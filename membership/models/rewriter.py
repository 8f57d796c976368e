"""A chat model behind a server, asked to rewrite texts."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from membership.models.address import parse_address
from membership.models.completions import find_model
from membership.models.http import Manners, Server
from watermark.errors import ModelError


@dataclass
class Rewriter:
    """Rewrites texts; those on which the server failed are counted, up to a limit."""

    server: Server = field(repr=False)
    model: str
    prompt: str
    max_failures: int
    failures: list[str] = field(default_factory=list)
    """For each text that the server failed on, what it said."""

    def rewrite(self, texts: Sequence[str]) -> list[str | None]:
        """Return each text as the model rewrote it, None where the server failed.

        Raises:
            ModelError: It failed more often than it may.
        """
        with ThreadPoolExecutor(self.server.manners.connections) as pool:
            found = list(pool.map(self._one, texts))
        written: list[str | None] = []
        for answer in found:
            if isinstance(answer, ModelError):
                self.failures.append(str(answer))
                written.append(None)
            else:
                written.append(answer)
        if len(self.failures) > self.max_failures:
            raise ModelError(
                f"{self.server.address}: {len(self.failures)} paragraphs could not be rewritten, "
                f"max_failures allows {self.max_failures}; the last fault: {self.failures[-1]}. "
                "Mend the server and repeat the command, which goes on where it stopped"
            )
        return written

    def _one(self, text: str) -> str | ModelError:
        messages = [
            {"role": "system", "content": self.prompt},
            {"role": "user", "content": text},
        ]
        body = {"model": self.model, "messages": messages, "temperature": 0.0, "seed": 0}
        try:
            reply = self.server.post("chat/completions", body)
            return str(reply["choices"][0]["message"]["content"] or "")
        except ModelError as error:
            return error
        except (KeyError, IndexError, TypeError) as error:
            return ModelError(f"the reply has no text in it ({error})")


def open_rewriter(
    endpoint: str, prompt: str, max_failures: int, manners: Manners | None = None
) -> Rewriter:
    """Make the acquaintance of a chat model.

    Args:
        endpoint: Its address, such as `chat+http://host:8000/v1#model`.
        prompt: What it is told.
        max_failures: On how many texts it may fail.
        manners: Timeout, tries, rate; the usual ones if not given.

    Raises:
        ModelError: The address is none, or there is no such model.
    """
    address = parse_address(endpoint)
    if address is None or address.door != "chat":
        raise ModelError(
            f"rewriting: wanted the address of a chat model, such as chat+http://host:8000/v1#model"
            f", got {endpoint!r}: give one with --set endpoint=..."
        )
    server = Server(address.base, manners or Manners())
    model, _ = find_model(server, address.model)
    return Rewriter(server, model, prompt, max_failures)
