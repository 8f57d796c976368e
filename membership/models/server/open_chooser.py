"""Connect to a server that answers in words and find out how its answers can be constrained."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from membership.choices import prompts
from membership.choices.question import Question
from membership.models.server.address import Address
from membership.models.server.chooser import (
    CHAT_FORMS,
    COMPLETION_FORMS,
    Form,
    ServerChooser,
    read_choice,
    request,
    top_logprobs,
)
from membership.models.server.completions import find_model
from membership.models.server.http import RefusedError, RequestPolicy, Server
from watermark.errors import ModelError

_SYLLABLES = ("vor", "zil", "quam", "dreb", "plon", "trux", "smev", "garn")
"""Two of these make a word that no model writes unless it is made to."""


def open_chooser(
    address: Address, samples: Sequence[Question], *, policy: RequestPolicy | None = None
) -> ServerChooser:
    """Connect to a model behind a server and probe which constraint on its answers it obeys.

    The probes show the corpus's own questions and allow only made-up words, so that a model
    answers with one only if the server makes it, and no fixed wording gives an audit away.

    Args:
        address: An address with the API `text` (completions) or `chat` (chat completions).
        samples: Questions to probe with, at least one; the first few are used.
        policy: Timeout, retries and rate limit; the defaults if not given.

    Raises:
        ModelError: The server does not answer, or has no such model.
        ValueError: There is no sample.
    """
    if not samples:
        raise ValueError("probing needs a question")
    server = Server(address.base, policy or RequestPolicy())
    model, _ = find_model(server, address.model)
    name = f"{address.api}+{address.base}#{model}"
    chat = address.api == "chat"

    def identity() -> str:
        return _greedy(server, model, samples[0], chat=chat)

    chooser = ServerChooser(name, "", server, model, chat, "unconstrained", identity)
    form = find_form(chooser, samples[:2])
    said = "\0".join((address.base, model, identity()))
    digest = hashlib.sha256(said.encode(errors="replace")).hexdigest()
    return replace(chooser, form=form, fingerprint=digest)


def find_form(chooser: ServerChooser, samples: Sequence[Question]) -> Form:
    """Return the first form of constraint that the server obeys on every sample."""
    for form in CHAT_FORMS if chooser.chat else COMPLETION_FORMS:
        if form == "unconstrained" or all(_obeys(replace(chooser, form=form), q) for q in samples):
            return form
    raise AssertionError("the last form is always taken")


def _obeys(chooser: ServerChooser, question: Question) -> bool:
    seed = int.from_bytes(hashlib.sha256(question.left.encode()).digest()[:4], "big")
    n = len(_SYLLABLES)
    words = tuple(_SYLLABLES[(seed + i) % n] + _SYLLABLES[(seed + i + 3) % n] for i in range(2))
    try:
        reply = chooser.server.post(*request(chooser, question, 0, words))
        if chooser.form == "logprobs":
            return len(top_logprobs(reply, chooser.name)) > 1
        found = read_choice(reply, words, chooser.form, chat=chooser.chat, who=chooser.name)
    except RefusedError:
        return False
    except ModelError as error:
        if "the reply has no" in str(error):
            return False
        raise
    return found is not None and found >= 0


def _greedy(server: Server, model: str, question: Question, *, chat: bool) -> str:
    body = {"model": model, "max_tokens": 16, "temperature": 0.0, "seed": 0}
    if chat:
        reply = server.post(
            "chat/completions", body | {"messages": prompts.chat_messages(question)}
        )
    else:
        reply = server.post("completions", body | {"prompt": prompts.completion_prompt(question)})
    try:
        choice = reply["choices"][0]
        return str((choice["message"]["content"] if chat else choice["text"]) or "")
    except (KeyError, IndexError, TypeError) as error:
        raise ModelError(f"{server.address}: the reply has no text in it ({error!r})") from error
