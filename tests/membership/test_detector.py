import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from membership.detector import Detector, Score, UnscoredError, check_abilities, score_document
from membership.detectors import default_detectors
from membership.traces.trace import Query, Trace
from tests.support.traces import trace_of
from watermark.document import Document
from watermark.errors import PrerequisiteError

DOCUMENT = Document("a", "six words stand in this text")


@dataclass(frozen=True)
class Fixed(Detector):
    value: float
    name: ClassVar[str] = "fixed"
    needs: ClassVar[frozenset[str]] = frozenset({"logprobs", "moments"})

    def score(self, document, traces):
        if self.value == 0:
            raise UnscoredError("zero is not to be had")
        return self.value


def test_a_score_has_no_reason():
    assert score_document(Fixed(2.5), DOCUMENT, [trace_of([-1.0])]) == Score(2.5, "")


@pytest.mark.parametrize(
    ("value", "logprob", "reason"),
    [
        (1.0, [], "no token was scored"),
        (1.0, [-1.0, np.nan], "the model returned no number for some tokens"),
        (0.0, [-1.0], "zero is not to be had"),
        (np.inf, [-1.0], "the score is inf"),
    ],
)
def test_what_has_no_score_has_a_reason(value, logprob, reason):
    score = score_document(Fixed(value), DOCUMENT, [trace_of([-2.0]), trace_of(logprob)])
    assert np.isnan(score.value)
    assert score.reason == reason


def test_what_a_detector_lacks_is_named():
    with pytest.raises(PrerequisiteError, match="fixed: needs moments, but gpt gives logprobs"):
        check_abilities(Fixed(1.0), frozenset({"logprobs"}), "gpt")
    check_abilities(Fixed(1.0), frozenset({"logprobs", "moments", "text"}), "gpt")


DETECTORS = default_detectors()
OFTEN = ("loss", "zlib", "min_k", "min_k_plus_plus")
SHORT_TEXTS_UNSCORED = {
    "camia_approximate_entropy",
    "camia_below_prior",
    "camia_slope",
    "window_comparison",
}


def test_every_detector_goes_by_its_name_and_four_are_also_held_against_a_reference():
    assert all(name == detector.name for name, detector in DETECTORS.items())
    against = [name for name in DETECTORS if name.endswith("_minus_reference")]
    assert against == [f"{name}_minus_reference" for name in OFTEN]


def test_the_detector_of_the_page_for_contributors_is_one():
    page = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names = {n: globals()[n] for n in ("dataclass", "ClassVar", "Detector", "Document", "np")}
    exec(code, names | {"Sequence": Sequence, "Trace": Trace}, names)
    median: Detector = names["Median"]()
    document, trace = DOCUMENT, trace_of([-1.0, -2.0, -9.0])
    check_abilities(median, frozenset({"logprobs"}), "gpt")
    assert median.queries(document) == (Query(document.text),)
    assert score_document(median, document, [trace]) == Score(-2.0)
    assert len(code.splitlines()) < 14


def read_by(detector, suspect, reference):
    """The traces that the detector asks for."""
    return [suspect if q.role == "suspect" else reference for q in detector.queries(DOCUMENT)]


@pytest.mark.parametrize("name", DETECTORS)
def test_a_text_that_the_model_knows_better_scores_higher(name):
    rng = np.random.default_rng(0)
    shape, reference = -rng.uniform(2, 6, 40), trace_of(np.full(40, -3.0), DOCUMENT.text)
    stranger = trace_of(shape, DOCUMENT.text, mean=-1.9, rank=9)
    # Likelier everywhere, the more so the further the text goes, and the model is surer of it.
    regular = np.where(np.arange(40) % 2, -0.4, -1.2) + np.linspace(0, 0.2, 40)
    known = trace_of(regular, DOCUMENT.text, mean=-1.0, rank=1)
    scores = [
        score_document(DETECTORS[name], DOCUMENT, read_by(DETECTORS[name], trace, reference)).value
        for trace in (stranger, known)
    ]
    assert scores[0] < scores[1]


@pytest.mark.parametrize("name", DETECTORS)
def test_every_detector_asks_for_the_document_and_says_what_it_needs(name):
    detector = DETECTORS[name]
    queries = detector.queries(DOCUMENT)
    assert all(query.text == DOCUMENT.text and not query.slots for query in queries)
    assert ("reference" in detector.needs) == any(q.role == "reference" for q in queries)
    assert detector.needs <= {"logprobs", "moments", "candidates", "text", "reference"}


@pytest.mark.parametrize("name", DETECTORS)
def test_a_text_of_one_token_has_a_score_or_a_reason(name):
    detector = DETECTORS[name]
    one = [trace_of([-2.0], DOCUMENT.text, mean=-1.0, rank=1) for _ in detector.queries(DOCUMENT)]
    reason = score_document(detector, DOCUMENT, one).reason
    assert bool(reason) == (name in SHORT_TEXTS_UNSCORED)
