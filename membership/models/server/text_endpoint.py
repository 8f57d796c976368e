"""A model behind a server that returns only text."""

import hashlib
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from membership.models.server.address import Address
from membership.models.server.completions import GREEDY, find_model, write_chat, write_completions
from membership.models.server.http import RequestPolicy, Server
from membership.traces.suspect_protocol import Sampling
from membership.traces.trace import Query, Trace
from watermark.errors import PrerequisiteError


@dataclass(frozen=True)
class TextEndpoint:
    """A suspect that only generates text; see `open_text_endpoint`."""

    name: str
    fingerprint: str
    """Hash of the address and of a generated text, because weights cannot be inspected."""
    settings: str
    model: str
    server: Server = field(repr=False)
    chat: bool

    abilities: ClassVar[frozenset[str]] = frozenset({"text"})

    def trace(
        self, queries: Sequence[Query], known: Container[int] = ()
    ) -> Iterator[tuple[int, Trace]]:
        """Refuse all queries: the server returns no log-probabilities.

        Raises:
            PrerequisiteError: There is at least one query.
        """
        if any(index not in known for index in range(len(queries))):
            raise PrerequisiteError(
                f"{self.name}: returns only text; log-probabilities of given text are needed "
                "(openai+http://... if the server has them)"
            )
        yield from ()

    def write(
        self, prompts: Sequence[str], sampling: Sampling, *, max_tokens: int
    ) -> list[list[str]]:
        """Return continuations of each prompt; see `suspect_protocol.TextGenerator`.

        Raises:
            ModelError: The server does not answer, or returns no text.
        """
        write = write_chat if self.chat else write_completions
        return write(self.server, self.model, prompts, sampling, max_tokens)


def open_text_endpoint(address: Address, *, policy: RequestPolicy | None = None) -> TextEndpoint:
    """Connect to a server that returns only text.

    Args:
        address: Address with API `text` (completions) or `chat` (chat completions).
        policy: Timeout, retries and rate limit; the defaults if not given.

    Raises:
        ModelError: The server does not answer, has no such model, or does not generate text.
    """
    server = Server(address.base, policy or RequestPolicy())
    model, _ = find_model(server, address.model)
    name = f"{address.api}+{address.base}#{model}"
    suspect = TextEndpoint(name, "", "", model, server, chat=address.api == "chat")
    ((greedy,),) = suspect.write(["The"], GREEDY, max_tokens=16)
    said = "\0".join((address.base, model, greedy))
    return TextEndpoint(
        name=name,
        fingerprint=hashlib.sha256(said.encode(errors="replace")).hexdigest(),
        settings="behind a server, " + ("chat completions" if suspect.chat else "completions"),
        model=model,
        server=server,
        chat=suspect.chat,
    )
