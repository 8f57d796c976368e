"""Questions that are answered with log-probabilities: a text, and words in alphabetical order."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from membership.audit.challenge import Answer, Challenge, Question
from membership.traces.candidate_tokens import NOT_A_NUMBER
from membership.traces.trace import CandidateLogprobs, Slot
from pipelines.challenge.files import MAX_WORDS, AnswersError, parsed


def question_lines(made: Challenge) -> list[str]:
    """Return the lines of the questions of a challenge."""
    return [
        json.dumps(
            {
                "number": number,
                "text": question.text,
                "slots": [[s.start, s.original, list(s.candidates)] for s in question.slots],
            },
            ensure_ascii=False,
        )
        + "\n"
        for number, question in enumerate(made.questions)
    ]


def read_question(where: str, number: int, line: str) -> Question:
    """Read a question that others wrote.

    Raises:
        AnswersError: The line is not a valid question; the message says which line.
    """
    fields = parsed(where, line)
    try:
        text = fields["text"]
        slots = tuple(Slot(int(s), str(o), tuple(map(str, c))) for s, o, c in fields["slots"])
        holds = fields["number"] == number and isinstance(text, str)
        holds = holds and all(
            0 <= slot.start <= len(text)
            and text[slot.start : slot.start + len(slot.original)] == slot.original
            and 2 <= len(set(slot.candidates)) == len(slot.candidates) <= MAX_WORDS
            for slot in slots
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise AnswersError(f"{where}: is not a question ({type(error).__name__})") from error
    if not holds:
        raise AnswersError(f"{where}: is not a question: its places are not in its text")
    return Question(text, slots)


def answer_line(number: int, answer: Answer) -> str:
    """Return the line of an answer."""
    slots: list[dict[str, Any]] = []
    for reading in answer:
        if np.isfinite(reading.logprob).all():
            slots.append({"logprobs": reading.logprob.tolist()})
        else:
            slots.append({"reason": reading.reason or NOT_A_NUMBER})
    return json.dumps({"number": number, "slots": slots}) + "\n"


def read_answers(rows: Sequence[tuple[str, dict[str, Any]]], made: Challenge) -> list[Answer]:
    """Return the answers that others wrote.

    Raises:
        AnswersError: One is incomplete, or holds another thing than numbers.
    """
    return [
        _answer(where, fields, question)
        for (where, fields), question in zip(rows, made.questions, strict=True)
    ]


def _answer(where: str, fields: dict[str, Any], question: Question) -> Answer:
    slots = fields.get("slots")
    if not isinstance(slots, list) or len(slots) != len(question.slots):
        raise AnswersError(f"{where}: wanted {len(question.slots)} slots: answered in part")
    return [
        _reading(where, s, len(q.candidates)) for s, q in zip(slots, question.slots, strict=True)
    ]


def _reading(where: str, fields: Any, n: int) -> CandidateLogprobs:
    if isinstance(fields, dict) and isinstance(fields.get("reason"), str) and fields["reason"]:
        return CandidateLogprobs(np.full(n, np.nan), f"not answered: {fields['reason'][:200]}")
    values = fields.get("logprobs") if isinstance(fields, dict) else None
    if not isinstance(values, list) or len(values) != n:
        raise AnswersError(f"{where}: wanted {n} log-probabilities, or a reason")
    if not all(type(v) in (int, float) and -1e6 <= v <= 1e-6 for v in values):  # NaN is neither
        raise AnswersError(f"{where}: a log-probability is not a number between -1e6 and 0")
    return CandidateLogprobs(np.array(values, dtype=np.float64))
