"""Ask a model behind a server to choose among words: one short answer a call.

What a server offers to keep the answer among the options differs by vendor. Each form is tried on
options that no model would write by itself; the first that the server obeys is used. A server that
obeys none is asked without a constraint, and answers that are not an option are counted as such.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from math import exp
from typing import Any, Literal

from membership.choices import prompts
from membership.choices.answers import Answers, first_option, which_option
from membership.choices.question import Question
from membership.models.server.http import RefusedError, Server
from watermark.errors import ModelError

Form = Literal[
    "structured_outputs", "guided_choice", "json_schema", "grammar", "logprobs", "unconstrained"
]
CHAT_FORMS: tuple[Form, ...] = (
    "structured_outputs", "guided_choice", "json_schema", "grammar", "unconstrained"
)  # fmt: skip
COMPLETION_FORMS: tuple[Form, ...] = (
    "structured_outputs", "guided_choice", "grammar", "logprobs", "unconstrained"
)  # fmt: skip
"""In the order in which they are tried. `logprobs` reads the next word's probability: one call
gives what many answers would."""

N_LOGPROBS = 20
"""Number of likeliest next tokens asked for; servers that allow fewer are asked for 5."""
CALLS_BETWEEN_CHECKS = 500
"""After so many calls the model's greedy answers are compared with the first ones."""
WORD_TOKENS = 12
"""Longest answer in tokens: one word or short phrase, with what a schema puts around it."""
REFUSALS_IN_A_ROW = 20
"""So many questions refused from the first on, and the server is taken to refuse them all."""


@dataclass
class ServerChooser:
    """A model behind a server that chooses among words; see `Chooser`."""

    name: str
    fingerprint: str
    """Hash of the address and of what the model writes: weights cannot be seen from here."""
    server: Server = field(repr=False)
    model: str
    chat: bool
    form: Form
    identity: Callable[[], str] = field(repr=False)
    """What the model says at temperature 0; asked anew to notice another model."""

    @property
    def way(self) -> str:
        """The API and how answers are kept among the options."""
        api = "chat completions" if self.chat else "completions"
        return f"{api}, {self.form.replace('_', ' ')}, prompt version {prompts.VERSION}"

    def choose(
        self, questions: Sequence[Question], n: int, seed: int
    ) -> Iterator[tuple[int, Answers]]:
        """Yield the index of a question and its answers, as they come in.

        Raises:
            ModelError: The server has become another model, refuses every question, or stopped
                answering. What was yielded before stays valid.
        """
        if not questions:
            return
        first, refused = self.identity(), 0
        step = max(1, CALLS_BETWEEN_CHECKS // n)
        for start in range(0, len(questions), step):
            block = range(start, min(start + step, len(questions)))
            with ThreadPoolExecutor(self.server.policy.connections) as pool:
                jobs = {
                    pool.submit(self._ask, questions[i], n, seed + 1_000_003 * i): i for i in block
                }
                try:
                    for job in as_completed(jobs):
                        answers = job.result()
                        refused = refused + 1 if answers.refused == n else -len(questions)
                        if refused >= REFUSALS_IN_A_ROW:
                            raise ModelError(f"{self.name}: refuses every question")
                        yield jobs[job], answers
                finally:
                    pool.shutdown(cancel_futures=True)
            self._check(first)

    def _check(self, first: str) -> None:
        # Servers that batch requests are not exact at temperature 0: one match of three is enough.
        if not any(self.identity() == first for _ in range(3)):
            raise ModelError(
                f"{self.name}: answers a fixed question otherwise than at the start: the model "
                "behind the server has changed; the answers of before are kept, start anew"
            )

    def _ask(self, question: Question, n: int, seed: int) -> Answers:
        counts, other, refused = [0.0] * len(question.options), 0.0, 0
        if self.form == "logprobs":
            return self._read_next_word(question, n)
        for number in range(n):
            chosen = self._answer(question, seed + number)
            if chosen is None:
                other += 1
            elif chosen < 0:
                refused += 1
            else:
                counts[chosen] += 1
        return Answers(tuple(counts), other, refused)

    def _answer(self, question: Question, seed: int) -> int | None:
        """Return the option that was chosen, None for another answer, -1 for a refusal."""
        try:
            reply = self.server.post(*request(self, question, seed))
        except RefusedError:
            return -1
        return read_choice(reply, question.options, self.form, chat=self.chat, who=self.name)

    def _read_next_word(self, question: Question, n: int) -> Answers:
        try:
            reply = self.server.post(*request(self, question, 0))
        except RefusedError:
            return Answers((0,) * len(question.options), refused=n)
        shares = next_word_shares(top_logprobs(reply, self.name), question.options)
        if shares is None:
            return Answers((0,) * len(question.options), other=n)
        return Answers(tuple(n * s for s in shares), other=max(0.0, n * (1 - sum(shares))))


def request(
    chooser: ServerChooser, question: Question, seed: int, allowed: Sequence[str] = ()
) -> tuple[str, dict[str, Any]]:
    """Return path and body of the request for one answer.

    Args:
        chooser: Who is asked.
        question: What the prompt shows.
        seed: Seed for sampling.
        allowed: The answers that the constraint allows, if not the question's options.
    """
    body: dict[str, Any] = {
        "model": chooser.model, "max_tokens": WORD_TOKENS, "temperature": 1.0, "seed": seed,
    }  # fmt: skip
    options = [o if chooser.chat else " " + o for o in allowed or question.options]
    body |= constraint(chooser.form, options)
    if chooser.chat:
        return "chat/completions", body | {"messages": prompts.chat_messages(question)}
    return "completions", body | {"prompt": prompts.completion_prompt(question)}


def constraint(form: Form, options: Sequence[str]) -> dict[str, Any]:
    """Return what a request says in a form to keep the answer among the options.

    Source: documentation of vLLM (structured outputs), OpenAI (structured outputs) and llama.cpp
    (GBNF grammars).
    """
    if form == "structured_outputs":
        return {"structured_outputs": {"choice": list(options)}}
    if form == "guided_choice":
        return {"guided_choice": list(options)}
    if form == "json_schema":
        word = {"type": "string", "enum": list(options)}
        schema = {
            "type": "object", "properties": {"word": word}, "required": ["word"],
            "additionalProperties": False,
        }  # fmt: skip
        named = {"name": "choice", "strict": True, "schema": schema}
        return {"response_format": {"type": "json_schema", "json_schema": named}}
    if form == "grammar":
        quoted = (o.replace("\\", "\\\\").replace('"', '\\"') for o in options)
        return {"grammar": "root ::= " + " | ".join(f'"{o}"' for o in quoted)}
    return {"logprobs": N_LOGPROBS, "max_tokens": 1} if form == "logprobs" else {}


def read_choice(
    reply: Mapping[str, Any], options: Sequence[str], form: Form, *, chat: bool, who: str
) -> int | None:
    """Return the option that a reply names, None for another answer, -1 for a refusal.

    Raises:
        ModelError: The reply has no answer in it.
    """
    try:
        choice = reply["choices"][0]
        if choice.get("finish_reason") == "content_filter":
            return -1
        if not chat:
            return first_option(str(choice["text"] or ""), options)
        if choice["message"].get("refusal"):
            return -1
        answer = str(choice["message"].get("content") or "")
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise ModelError(f"{who}: the reply has no answer in it ({error!r})") from error
    if form == "json_schema":
        answer = _word_of(answer)
    return which_option(answer, options)


def _word_of(answer: str) -> str:
    from json import loads

    try:
        return str(loads(answer)["word"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return answer


def top_logprobs(reply: Mapping[str, Any], who: str) -> dict[str, float]:
    """Return the log-probabilities of the most likely next tokens by their text.

    Raises:
        ModelError: The reply has none.
    """
    try:
        given = reply["choices"][0]["logprobs"]["top_logprobs"][0]
        return {str(token): float(value) for token, value in given.items()}
    except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
        raise ModelError(f"{who}: the reply has no log-probabilities of the next token") from error


def next_word_shares(tokens: Mapping[str, float], options: Sequence[str]) -> list[float] | None:
    """Return the probability that the next word is each option, from the most likely tokens.

    A token speaks for an option if the option, with a space before it, begins with it and no other
    option does. None if an option has no token among those given: its probability is unknown.
    """
    shares = [0.0] * len(options)
    for token, logprob in tokens.items():
        begins = [i for i, o in enumerate(options) if token.strip() and (" " + o).startswith(token)]
        if len(begins) == 1:
            shares[begins[0]] += exp(min(0.0, logprob))
    return shares if all(shares) else None
