"""Detectors that read more texts than the document."""

import numpy as np
import pytest

from membership.detector import UnscoredError, score_document
from membership.detectors.con_recall import ConRecall
from membership.detectors.lowercase import Lowercase
from membership.detectors.neighbourhood import Neighbourhood
from membership.detectors.pac import Pac, exchange_words, polarized_distance
from membership.detectors.recall import Recall
from membership.models.local.huggingface import load_huggingface
from membership.models.local.inference_settings import InferenceSettings
from tests.support.tiny import END, save_tiny_model
from tests.support.traces import trace_of
from watermark.document import Document

TEXT = "Six words stand in this text"
DOCUMENT = Document("a", TEXT)


def texts(detector, document=DOCUMENT):
    return [query.text for query in detector.queries(document)]


def behind(prefix, logprob):
    """A trace of prefix and text in which only tokens of the text have these log-probabilities."""
    n = len(logprob)
    own = trace_of(logprob, TEXT).spans + len(prefix)
    spans = np.concatenate([[[0, len(prefix)]], own])
    return trace_of([-99.0, *logprob], prefix + TEXT, spans=spans, ids=range(n + 1))


def test_lowercase_is_the_ratio_of_the_losses():
    assert texts(Lowercase()) == [TEXT, TEXT.lower()]
    assert Lowercase().score(DOCUMENT, [trace_of([-1.0, -3.0]), trace_of([-4.0, -5.0])]) == 2.25


def test_a_text_without_loss_has_no_ratio():
    found = score_document(Lowercase(), DOCUMENT, [trace_of([0.0]), trace_of([-1.0])])
    assert found.reason == "the score is inf"


def test_neighbours_are_averaged_and_the_worst_is_not_picked():
    detector = Neighbourhood({TEXT: ("one", "two")})
    assert texts(detector) == [TEXT, "one", "two"]
    found = detector.score(DOCUMENT, [trace_of([-1.0]), trace_of([-2.0]), trace_of([-6.0])])
    assert found == 3  # not 5, against the strangest, nor 1


def test_a_document_without_neighbours_has_no_score():
    with pytest.raises(UnscoredError, match="no neighbours"):
        Neighbourhood({}).score(DOCUMENT, [trace_of([-1.0])])


def test_recall_is_the_loss_behind_a_prefix_over_the_loss_alone():
    detector = Recall(("not known", "nor this"))
    prefix = "not known\n\nnor this\n\n"
    assert texts(detector) == [TEXT, prefix + TEXT]
    traces = [trace_of([-1.0, -3.0], TEXT), behind(prefix, [-2.0, -4.0])]
    assert detector.score(DOCUMENT, traces) == 1.5


def test_recall_compares_the_same_tokens_where_the_first_is_not_scored_alone():
    prefix = "not known\n\n"
    alone = trace_of([-1.0, -3.0], spans=[[4, 9], [9, len(TEXT)]])
    conditional = trace_of(
        [-50.0, -60.0, -2.0, -4.0],
        spans=np.array([[0, 11], [11, 15], [15, 20], [20, 11 + len(TEXT)]]),
    )
    assert len(prefix) == 11
    assert Recall(("not known",)).score(DOCUMENT, [alone, conditional]) == 1.5


def test_con_recall_by_hand():
    detector = ConRecall(("not known",), ("known",))
    assert texts(detector) == [TEXT, "not known\n\n" + TEXT, "known\n\n" + TEXT]
    traces = [
        trace_of([-1.0, -1.0], TEXT),
        behind("not known\n\n", [-2.0, -2.0]),
        behind("known\n\n", [-0.5, -0.5]),
    ]
    assert detector.score(DOCUMENT, traces) == 2 - 0.5 * 0.5
    assert (detector.name, ConRecall(("a",), ("b",), 0.1).name) == ("con_recall", "con_recall_0.1")


@pytest.mark.parametrize(
    "detector", [Recall((TEXT,)), ConRecall((TEXT,), ("b",)), ConRecall(("b",), (TEXT,))]
)
def test_a_document_of_the_prefix_is_never_scored(detector):
    # One peer draws the prefix from the labelled test set and scores it all the same.
    traces = [trace_of([-1.0], TEXT) for _ in detector.queries(DOCUMENT)]
    assert score_document(detector, DOCUMENT, traces).reason == "it is in the prefix"


def test_a_prefix_needs_texts():
    for make in (lambda: Recall(()), lambda: ConRecall((), ("a",)), lambda: ConRecall(("a",), ())):
        with pytest.raises(ValueError, match="at least one text"):
            make()
    with pytest.raises(ValueError, match="gamma"):
        ConRecall(("a",), ("b",), 0)


def test_no_second_start_token_stands_between_prefix_and_text(tmp_path):
    model = load_huggingface(
        save_tiny_model(tmp_path / "model", "llama"), InferenceSettings(dtype="float32")
    )
    (_, query) = Recall(("for x in y",)).queries(DOCUMENT)
    ((_, trace),) = model.trace([query])
    assert END not in query.text
    assert len(trace.token_ids) == len(model.tokenizer.encode([query.text])[0])


def test_the_polarized_distance_by_hand():
    logprob = -np.arange(1.0, 21.0)
    # The likeliest one of 20, and the least likely six: -15 to -20.
    assert polarized_distance(logprob) == -1 + 17.5


def test_pac_is_what_exchanging_words_adds_to_the_distance():
    detector = Pac(copies=2)
    own, copies = trace_of([-1.0, -3.0]), [trace_of([-1.0, -5.0]), trace_of([-1.0, -9.0])]
    assert detector.score(DOCUMENT, [own, *copies]) == np.mean([4, 8]) - 2


def test_the_copies_have_the_same_words_and_spaces_and_depend_on_the_text_alone():
    text = "  one two\tthree\n\nfour five, six "
    _, *copies = texts(Pac(), Document("a", text))
    assert copies == texts(Pac(), Document("other id", text))[1:]
    assert len(set(copies)) > 1
    for copy in copies:
        assert sorted(copy.split()) == sorted(text.split())
        assert [c for c in copy if c.isspace()] == [c for c in text if c.isspace()]
    assert texts(Pac(seed=1), Document("a", text)) != [text, *copies]


def test_one_word_cannot_be_exchanged():
    assert exchange_words(" one ", 0.3, np.random.default_rng(0)) == " one "
    with pytest.raises(UnscoredError, match="fewer than two words"):
        Pac(1).score(Document("a", "one"), [trace_of([-1.0])] * 2)


def test_settings_of_pac_show_in_its_name_and_are_checked():
    assert (Pac().name, Pac(10, 0.1, 3).name) == ("pac", "pac_10_0.1_3")
    with pytest.raises(ValueError, match="copies"):
        Pac(0)
