import pytest

from membership.detector import UnscoredError
from pipelines.experiments.trials.marked_words import MarkedWords
from tests.support.traces import trace_of
from watermark.document import Document


def test_only_tokens_that_touch_a_mark_count():
    # "the aged town" in three tokens: the | aged | town
    trace = trace_of([-1.0, -4.0, -2.0], spans=[(0, 3), (3, 8), (8, 13)])
    document = Document("a", "the aged town")
    assert MarkedWords({"a": [(4, 8)]}).score(document, [trace]) == -4.0
    assert MarkedWords({"a": [(4, 8), (9, 13)]}).score(document, [trace]) == -3.0


def test_a_document_without_marks_is_unscored():
    with pytest.raises(UnscoredError, match="no marked word"):
        MarkedWords({"b": [(0, 1)]}).score(Document("a", "x"), [trace_of([-1.0], "x")])
