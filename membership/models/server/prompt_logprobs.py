"""Parse the prompt log-probabilities of completion servers, in two formats.

prompt_logprobs   vLLM: for each token an object {id: {logprob, rank, decoded_token}}, the token of
                  the prompt first, optionally followed by the likeliest one
echo              OpenAI's first API, with `echo` and `logprobs`: lists of equal length
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from watermark.errors import ModelError
from watermark.limits import SERVER_TOKENS, WRITTEN_CHARACTERS

Form = Literal["prompt_logprobs", "echo"]


@dataclass(frozen=True)
class Reply:
    """A prompt as tokenized by the server, and the token generated after it."""

    words: tuple[str | None, ...]
    """Each token as text; None if the server does not report it."""
    ids: NDArray[np.int64]
    """Each token as a number, equal for equal tokens; -1 if unknown. In the format
    `prompt_logprobs` it is the tokenizer's own id."""
    logprob: NDArray[np.float64]
    """Log-probability of each token; NaN if the server gave no value, as for the first token."""
    top1: NDArray[np.float64]
    """Log-probability of the likeliest token; NaN if unknown."""
    rank: NDArray[np.int64]
    """Rank of each token, 0 for the likeliest; -1 if unknown."""
    written: str = ""
    """The first token after the prompt."""
    written_logprob: float = np.nan


def body_of(form: Form, model: str, prompt: str) -> dict[str, Any]:
    """Return the request that asks for the log-probabilities of a prompt."""
    if form == "prompt_logprobs":
        asked: dict[str, Any] = {"prompt_logprobs": 1, "return_token_ids": True}
    else:
        asked = {"echo": True}
    common = {"model": model, "prompt": prompt, "max_tokens": 1, "temperature": 0, "logprobs": 1}
    return common | asked


def read_reply(form: Form, reply: Mapping[str, Any], prompt: str) -> Reply | None:
    """Parse a reply to a prompt; return None if it has no log-probabilities of the prompt.

    Raises:
        ModelError: They are malformed: their number differs from that of the tokens, or is more
            than the prompt can have; a probability is above one, or a value is not a number.
    """
    try:
        choice = reply["choices"][0]
        most = len(prompt.encode(errors="replace")) + SERVER_TOKENS
        return _PARSERS[form](choice, reply.get("usage") or {}, most)
    except (KeyError, IndexError, TypeError, AttributeError, ValueError, OverflowError) as error:
        raise ModelError(
            f"the server's reply is not that of a completion ({type(error).__name__}: {error})"
        ) from error


def _read_prompt_logprobs(
    choice: Mapping[str, Any], usage: Mapping[str, Any], most: int
) -> Reply | None:
    entries = choice.get("prompt_logprobs")
    if not entries or (len(entries) > 1 and not any(entries)):
        return None
    _check_most(len(entries), most)
    _check_length(len(entries), usage.get("prompt_tokens"))
    rows = [_entry(entry) for entry in entries]
    ids = choice.get("prompt_token_ids") or [row[1] for row in rows]  # including the first one
    _check_length(len(ids), len(rows))
    own = choice.get("logprobs") or {}
    return Reply(
        words=tuple(row[0] for row in rows),
        ids=np.array([_whole(token, "token id", -1) for token in ids], dtype=np.int64),
        logprob=np.array([row[2] for row in rows]),
        top1=np.array([row[3] for row in rows]),
        rank=np.array([row[4] for row in rows], dtype=np.int64),
        written=_word(choice.get("text") or ""),
        written_logprob=_logprob((own.get("token_logprobs") or [None])[0]),
    )


def _entry(entry: Mapping[str, Any] | None) -> tuple[str | None, int, float, float, int]:
    if not entry:
        return None, -1, np.nan, np.nan, -1
    (token, own), *_ = entry.items()
    word = own.get("decoded_token")
    top1 = _largest(each["logprob"] for each in entry.values())
    rank = own.get("rank")
    return (
        None if word is None else _word(word),
        _whole(int(token) if len(token) < 20 else token, "token id", -1),
        _logprob(own["logprob"]),
        top1,
        -1 if rank is None else _whole(rank, "rank", 0) - 1,
    )


def _word(word: object) -> str:
    if not isinstance(word, str) or len(word) > WRITTEN_CHARACTERS:
        raise ValueError(f"{str(word)[:40]!r} is not a token")
    return word


def _whole(value: object, what: str, least: int) -> int:
    if type(value) is not int or not least <= value < 2**31:
        raise ValueError(f"{str(value)[:40]} is not a {what}")
    return value


def _check_most(n: int, most: int) -> None:
    if n > most:
        raise ValueError(f"{n:,} tokens for a prompt that has at most {most:,}")


def _read_echo(choice: Mapping[str, Any], usage: Mapping[str, Any], most: int) -> Reply | None:
    found = choice.get("logprobs")
    if not found or not found.get("tokens"):
        return None
    words, values = [_word(word) for word in found["tokens"][: most + 2]], found["token_logprobs"]
    _check_most(len(words), most + 1)
    _check_length(len(values), len(words))
    tops = found.get("top_logprobs") or [None] * len(words)
    _check_length(len(tops), len(words))
    # The last one is the generated token; not every server returns it.
    told = usage.get("prompt_tokens") or len(words) - 1
    n = min(_whole(told, "number of tokens", 0), len(words))
    if n < len(words) - 1 or (n > 1 and all(value is None for value in values[:n])):
        return None
    wrote = len(words) > n
    logprob = np.array([_logprob(value) for value in values])
    tops_all = [_largest(t.values()) if t else np.nan for t in tops]
    return Reply(
        words=tuple(words[:n]),
        ids=np.array([_number(word) for word in words[:n]], dtype=np.int64),
        logprob=logprob[:n],
        top1=np.fmax(np.array(tops_all)[:n], logprob[:n]),
        rank=np.full(n, -1),
        written=words[-1] if wrote else "",
        written_logprob=float(logprob[-1]) if wrote else np.nan,
    )


_PARSERS: Mapping[Form, Callable[[Mapping[str, Any], Mapping[str, Any], int], Reply | None]] = {
    "prompt_logprobs": _read_prompt_logprobs,
    "echo": _read_echo,
}


def _check_length(n: int, wanted: int | None) -> None:
    if wanted is not None and n != wanted:
        raise ValueError(f"{n} log-probabilities for {wanted} tokens")


_MINUS_INFINITY = -9999.0
"""vLLM's value for minus infinity, which JSON cannot represent."""


def _logprob(value: float | None) -> float:
    if value is None:
        return np.nan
    if isinstance(value, bool) or not isinstance(value, int | float) or value > 1e-3:
        raise ValueError(f"{value!r} is not a log-probability")
    return np.nan if value <= _MINUS_INFINITY else min(float(value), 0.0)


def _largest(values: Iterable[float | None]) -> float:
    """Return the largest log-probability that was given; NaN if none was."""
    given = [found for value in values if not np.isnan(found := _logprob(value))]
    return max(given, default=np.nan)


def _number(word: str) -> int:
    """Return a number for a token from its text, if the server does not give its id."""
    return int.from_bytes(hashlib.sha256(word.encode(errors="replace")).digest()[:4], "big") >> 1


def locate(text: str, words: Sequence[str | None]) -> NDArray[np.int32] | None:
    """Find the spans of the tokens in a text, which is the end of what they spell.

    Tokens before the text, such as a start token, get the span (-1, -1). Pieces of one character,
    which have no text of their own, share a span.

    Returns:
        Shape (n, 2): first and one-past-last code point; None if the tokens do not fit the text.
    """
    plain = [None if word is None else word.replace("\u2581", " ") for word in words]
    for tokens in (words, plain):
        if (spans := _locate(text, tokens)) is not None:
            return spans
    return None


def _locate(text: str, words: Sequence[str | None]) -> NDArray[np.int32] | None:
    spans = np.full((len(words), 2), -1, dtype=np.int32)
    end, pending = len(text), 0
    for number in range(len(words) - 1, -1, -1):
        word = words[number]
        stop = _end_of(word, text, end, pending)
        if stop is None:
            pending += 1
            if pending > _MOST_PIECES and number:
                return None
            continue
        spans[number + 1 : number + 1 + pending] = stop, end
        assert word is not None
        spans[number] = stop - len(word), stop
        end, pending = stop - len(word), 0
    if end:
        # The rest of the text belongs to the tokens without text, of which there is at least one.
        if not pending or end > _MOST_CODE_POINTS * pending:
            return None
        spans[:pending] = 0, end
    return spans


_MOST_PIECES, _MOST_CODE_POINTS = 16, 32


def _end_of(word: str | None, text: str, end: int, pending: int) -> int | None:
    """Find where a token ends at or before `end`, with `pending` pieces between them."""
    if word is None or (not word and pending):
        return None
    if not pending:
        return end if text.endswith(word, 0, end) else None
    for stop in range(end - 1, max(end - 4 * pending, 0) - 1, -1):
        if text.endswith(word, 0, stop):
            return stop
    return None
