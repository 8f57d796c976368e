"""The parts common to all OpenAI-compatible servers: the list of models, and completions."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from membership.models.server.http import RefusedError, Server
from membership.traces.suspect_protocol import Sampling
from membership.traces.tokens import clean_text
from watermark.errors import ModelError
from watermark.limits import LEAST_CONTEXT, MOST_CONTEXT, WRITTEN_CHARACTERS

GREEDY = Sampling(n=1, temperature=0.0)
"""The likeliest continuation: what a server writes by itself, and so is known by."""


def find_model(server: Server, wanted: str) -> tuple[str, int | None]:
    """Return the name of a model, and its context length if the server reports it.

    Args:
        server: The server to ask.
        wanted: Name of the model; empty for the only model of the server.

    Raises:
        ModelError: The server has no such model, or several and none was named.
    """
    try:
        listed = server.get("models").get("data")
    except RefusedError:
        if wanted:  # not every server has a list
            return wanted, None
        raise
    entries = listed if isinstance(listed, list) else []
    found = {str(m["id"]): m for m in entries if isinstance(m, dict) and "id" in m}
    models = {name: m for name, m in found.items() if name.isprintable() and len(name) < 500}
    if wanted in models or (not wanted and len(models) == 1):
        name = wanted or next(iter(models))
        return name, _context_length(server, models[name].get("max_model_len"))
    named = ", ".join(list(models)[:5]) or "none"
    raise ModelError(
        f"{server.address}: has no model {wanted!r}; it has {named}"
        if wanted
        else f"{server.address}: name the model after a #; it has {named}"
    )


def _context_length(server: Server, told: object) -> int | None:
    if told is None:
        return None
    if type(told) is not int or not LEAST_CONTEXT <= told <= MOST_CONTEXT:
        raise ModelError(
            f"{server.address}: says max_model_len {str(told)[:40]}; wanted {LEAST_CONTEXT} to "
            f"{MOST_CONTEXT:,} tokens"
        )
    return told


def write_completions(
    server: Server,
    model: str,
    prompts: Sequence[str],
    sampling: Sampling,
    max_tokens: int,
) -> list[list[str]]:
    """Return continuations of each prompt, by the completions of a server."""

    def body(prompt: str, number: int) -> dict[str, Any]:
        return _settings(model, sampling, number, max_tokens) | {"prompt": prompt}

    def text(reply: dict[str, Any]) -> Any:
        return reply["choices"][0]["text"]

    return _write(server, "completions", prompts, sampling.n, body, text)


def write_chat(
    server: Server,
    model: str,
    prompts: Sequence[str],
    sampling: Sampling,
    max_tokens: int,
) -> list[list[str]]:
    """Return continuations of each prompt, by asking a chat model to go on with the text."""

    def body(prompt: str, number: int) -> dict[str, Any]:
        messages = [
            {"role": "system", "content": _GO_ON},
            {"role": "user", "content": prompt},
        ]
        return _settings(model, sampling, number, max_tokens) | {"messages": messages}

    def text(reply: dict[str, Any]) -> Any:
        return reply["choices"][0]["message"]["content"]

    return _write(server, "chat/completions", prompts, sampling.n, body, text)


_GO_ON = (
    "Continue the text exactly where it stops, as its author would. Answer with the continuation "
    "alone: no introduction, no quotation marks, no repetition of what is given."
)


def _settings(model: str, sampling: Sampling, number: int, max_tokens: int) -> dict[str, Any]:
    return {
        "model": model,
        "max_tokens": max_tokens,
        "temperature": sampling.temperature,
        "seed": sampling.seed + number,
    }


def _write(
    server: Server,
    path: str,
    prompts: Sequence[str],
    n: int,
    body: Callable[[str, int], dict[str, Any]],
    text: Callable[[dict[str, Any]], Any],
) -> list[list[str]]:
    """Make one request per continuation: not every server supports several at a time."""

    def one(job: tuple[str, int]) -> str:
        reply = server.post(path, body(*job))
        try:
            return _checked(text(reply))
        except (KeyError, IndexError, TypeError) as error:
            raise ModelError(f"{server.address}: the reply contains no text ({error})") from error

    def _checked(written: object) -> str:
        if written is not None and not isinstance(written, str):
            raise TypeError(f"{type(written).__name__} instead of a text")
        most = WRITTEN_CHARACTERS * body("", 0)["max_tokens"]
        if written is not None and len(written) > most:
            raise ModelError(f"{server.address}: wrote {len(written):,} characters, not {most:,}")
        return clean_text(written or "")

    jobs = [(prompt, number) for prompt in prompts for number in range(n)]
    with ThreadPoolExecutor(server.policy.connections) as pool:
        flat = list(pool.map(one, jobs))
    return [flat[first : first + n] for first in range(0, len(flat), n)] if n else []
