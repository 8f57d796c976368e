"""Questions that are answered with a word: text around a blank, and words in a public order."""

import json
from collections.abc import Sequence
from typing import Any

from membership.audit.word_challenge import WordChallenge
from membership.choices.answers import Answers
from membership.choices.question import Question
from pipelines.challenge.files import MAX_WORDS, AnswersError, parsed

MOST_ANSWERS = 1_000
"""To one question."""


def question_lines(made: WordChallenge) -> list[str]:
    """Return the lines of the questions of a challenge."""
    return [
        json.dumps(
            {"number": i, "left": q.left, "right": q.right, "options": list(q.options)},
            ensure_ascii=False,
        )
        + "\n"
        for i, q in enumerate(made.questions)
    ]


def read_question(where: str, number: int, line: str) -> Question:
    """Read a question that others wrote.

    Raises:
        AnswersError: The line is not a valid question; the message says which line.
    """
    fields = parsed(where, line)
    texts, options = [fields.get("left"), fields.get("right")], fields.get("options")
    options = options if isinstance(options, list) else []
    holds = fields.get("number") == number and all(isinstance(each, str) for each in texts)
    holds = holds and all(isinstance(option, str) and option for option in options)
    if not holds or not 2 <= len(set(options)) == len(options) <= MAX_WORDS:
        raise AnswersError(f"{where}: is not a question: wanted left, right and 2 or more options")
    return Question(str(texts[0]), str(texts[1]), tuple(options))


def answer_line(number: int, answers: Answers) -> str:
    """Return the line of an answer."""
    said = {"counts": list(answers.counts), "other": answers.other, "refused": answers.refused}
    return json.dumps({"number": number, **said}) + "\n"


def read_answers(rows: Sequence[tuple[str, dict[str, Any]]], made: WordChallenge) -> list[Answers]:
    """Return the answers that others wrote.

    Raises:
        AnswersError: One is incomplete or counts nothing, or questions were asked unequally often.
    """
    found = [
        _answer(where, fields, len(question.options))
        for (where, fields), question in zip(rows, made.questions, strict=True)
    ]
    asked = {round(answers.n_asked, 6) for answers in found}
    if len(asked) != 1:
        raise AnswersError(
            f"{rows[0][0].rpartition(':')[0]}: wanted as many answers to each question, got "
            f"{min(asked):g} to {max(asked):g}"
        )
    return found


def _answer(where: str, fields: dict[str, Any], n: int) -> Answers:
    counts, other, refused = (fields.get(name) for name in ("counts", "other", "refused"))
    if not isinstance(counts, list) or len(counts) != n:
        raise AnswersError(f"{where}: wanted {n} counts: answered in part")
    numbers = [*counts, other, refused]
    if not all(type(v) in (int, float) and 0 <= v <= MOST_ANSWERS for v in numbers):
        raise AnswersError(f"{where}: a count is not a number between 0 and {MOST_ANSWERS:,}")
    if not 0 < sum(numbers) <= MOST_ANSWERS:
        raise AnswersError(f"{where}: wanted 1 to {MOST_ANSWERS:,} answers, got {sum(numbers):g}")
    return Answers(tuple(map(float, counts)), float(numbers[-2]), int(numbers[-1]))
