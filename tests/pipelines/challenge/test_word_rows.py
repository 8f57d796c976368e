import pytest

from membership.choices.answers import Answers
from membership.choices.question import Question
from pipelines.challenge.files import AnswersError
from pipelines.challenge.word_rows import answer_line, read_answers, read_question


class Made:
    questions = (Question("a ", " b", ("x", "y")), Question("c ", "", ("x", "y", "z")))


def rows(*fields):
    return [(f"answers.jsonl:{i + 1}", dict(each, number=i)) for i, each in enumerate(fields)]


ONE = {"counts": [2, 1], "other": 0, "refused": 0}
TWO = {"counts": [1, 1, 0], "other": 1, "refused": 0}


def test_answers_come_back_as_they_were_given():
    assert answer_line(0, Answers((2.0, 1.0))) == (
        '{"number": 0, "counts": [2.0, 1.0], "other": 0, "refused": 0}\n'
    )
    assert read_answers(rows(ONE, TWO), Made) == [Answers((2, 1)), Answers((1, 1, 0), 1)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"counts": [1]}, "wanted 2 counts"),
        ({"counts": [float("nan"), 1]}, "not a number between"),
        ({"counts": [-1, 4]}, "not a number between"),
        ({"counts": [True, 1]}, "not a number between"),
        ({"counts": ["2", 1]}, "not a number between"),
        ({"counts": [0, 0]}, "wanted 1 to 1,000 answers, got 0"),
        ({"counts": [9, 9]}, "as many answers to each question, got 3 to 18"),
        ({"refused": None}, "not a number between"),
    ],
)
def test_counts_that_are_none_are_named(changed, named):
    with pytest.raises(AnswersError, match=named):
        read_answers(rows(ONE | changed, TWO), Made)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "line",
    [
        '{"number": 0, "left": "a", "right": "b", "options": ["x"]}',
        '{"number": 0, "left": "a", "right": "b", "options": ["x", "x"]}',
        '{"number": 0, "left": "a", "right": "b", "options": ["x", ""]}',
        '{"number": 0, "left": "a", "right": "b", "options": "xy"}',
        '{"number": 1, "left": "a", "right": "b", "options": ["x", "y"]}',
        '{"number": 0, "left": 7, "right": "b", "options": ["x", "y"]}',
        '["x"]',
    ],
)
def test_what_is_no_question_is_refused(line):
    with pytest.raises(AnswersError, match=r"q\.jsonl:1"):
        read_question("q.jsonl:1", 0, line)
