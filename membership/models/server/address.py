"""Addresses of models behind a server, as `--model` takes them.

openai+http://host:port/v1#model    log-probabilities of given text, by completions
text+http://host:port/v1#model      only text, by completions
chat+http://host:port/v1#model      only text, by chat completions

`https` in place of `http` where the server has it. The model's name may be left out if the server
has one model alone.
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
    """Where a model is, and how to talk to it."""

    api: Api
    base: str
    """Without a path of a resource, such as `http://host:8000/v1`."""
    model: str
    """Empty if the server is to be asked."""


def parse_address(name: str) -> Address | None:
    """Read an address; None if the name is none, but a folder or the id of a hub model.

    Raises:
        ModelError: It is one, and malformed.
    """
    found = re.fullmatch(r"(\w+)\+(https?://[^#\s]+)(?:#(\S*))?", name)
    if not found:
        if "://" in name:
            raise ModelError(
                f"{_hidden(name)}: not an address of a model; wanted for example "
                "openai+http://host:8000/v1#model"
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
