import numpy as np
import pytest

from membership.audit.challenge import Question
from membership.traces.trace import CandidateLogprobs, Slot
from pipelines.challenge.files import AnswersError
from pipelines.challenge.logprob_rows import answer_line, read_answers, read_question


class Made:
    questions = (Question("a bee", (Slot(2, "bee", ("bee", "wasp")),)),)


def test_answers_come_back_as_they_were_given():
    line = answer_line(0, [CandidateLogprobs(np.array([-1.5, -2.0]))])
    assert line == '{"number": 0, "slots": [{"logprobs": [-1.5, -2.0]}]}\n'
    row = ("answers.jsonl:1", {"number": 0, "slots": [{"logprobs": [-1.5, -2.0]}]})
    ((found,),) = read_answers([row], Made)  # type: ignore[arg-type]
    assert found.logprob.tolist() == [-1.5, -2.0]


def test_what_was_not_answered_keeps_its_reason():
    line = answer_line(0, [CandidateLogprobs(np.array([np.nan, -2.0]), "too long")])
    assert '"reason": "too long"' in line


@pytest.mark.parametrize(
    "line",
    [
        '{"number": 0, "text": "a bee", "slots": [[3, "bee", ["bee", "wasp"]]]}',
        '{"number": 0, "text": "a bee", "slots": [[2, "bee", ["bee"]]]}',
        '{"number": 0, "text": "a bee", "slots": [[2, "bee"]]}',
        '{"number": 0, "text": 5, "slots": []}',
        '{"number": 1, "text": "a bee", "slots": []}',
        '{"text": "a bee"}',
    ],
)
def test_what_is_no_question_is_refused(line):
    with pytest.raises(AnswersError, match=r"q\.jsonl:1: is not a question"):
        read_question("q.jsonl:1", 0, line)
