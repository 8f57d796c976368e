"""Addresses of models behind a server, as `--model` takes them.

openai+http://host:port/v1#model    log-probabilities of given text, by completions
text+http://host:port/v1#model      only text, by completions
chat+http://host:port/v1#model      only text, by chat completions

Use `https` instead of `http` if the server supports it. The model's name may be omitted if the
server has only one model.
"""

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from watermark.errors import ModelError

Api = Literal["openai", "text", "chat"]

_APIS: dict[str, Api] = {"openai": "openai", "text": "text", "chat": "chat"}


@dataclass(frozen=True)
class Address:
    """Address of a model, and the API it is used through."""

    api: Api
    base: str
    """Base URL without a resource path, such as `http://host:8000/v1`."""
    model: str
    """Name of the model; empty to ask the server."""


def parse_address(name: str, example: str = "openai+http://host:8000/v1#model") -> Address | None:
    """Parse an address; return None for a folder or the id of a hub model.

    Args:
        name: Address, folder or id.
        example: Valid address, for the message.

    Raises:
        ModelError: The address is malformed.
    """
    found = re.fullmatch(r"(\w+)\+(https?://[^#\s]+)(?:#(\S*))?", name)
    if not found:
        if "://" in name:
            raise ModelError(
                f"{_hidden(name)}: not an address of a model; wanted for example {example}"
            )
        return None
    api, base, model = found.groups()
    if api not in _APIS:
        raise ModelError(f"{api}+...: no such API; there are {', '.join(_APIS)}")
    if "@" in urlsplit(base).netloc:
        raise ModelError(f"{_hidden(name)}: an address must not hold a password: it is in reports")
    return Address(_APIS[api], base.rstrip("/"), model or "")


def _hidden(name: str) -> str:
    return re.sub(r"//[^/@]*@", "//***@", name)
