import re

import numpy as np
import pytest

from membership.reading import NO_CONTEXT, NO_DIFFERENCE
from membership.trace import Place, Query
from tests.dense import ROOM, dense, exact, traces
from tests.tiny import TEXTS


def places_in(text, words):
    return tuple(Place(text.index(word), word, (word, *rivals)) for word, *rivals in words)


@pytest.mark.parametrize("architecture", ["gpt_neox", "gemma2"])
@pytest.mark.parametrize("text", ["for a class that can import the module", TEXTS[0]])
def test_a_reading_is_the_dense_row_of_the_text_with_each_candidate_in_it(
    folders, models, architecture, text
):
    words = [w for w in ("for", "class", "import", "module", "statement", "suite") if w in text]
    places = places_in(text, [(w, "value", "exception") for w in words])
    readings = traces(models(architecture), [Query(text, places)])[0].readings
    ids, rows = dense(folders(architecture), text)
    _, tokenizer = exact(folders(architecture))
    assert len(readings) == len(places) > 2
    for place, reading in zip(places, readings, strict=True):
        assert reading.reason == ""
        end = place.start + len(place.original)
        whole = [
            tokenizer(text[: place.start] + word + text[end:], add_special_tokens=False)[
                "input_ids"
            ]
            for word in place.candidates
        ]
        step = next(n for n, token in enumerate(ids) if len({w[n] for w in whole}) > 1)
        wanted = [rows[step, w[step]] for w in whole]
        np.testing.assert_allclose(reading.logprob, wanted, atol=1e-4)


def test_the_reading_of_the_original_is_its_log_probability_in_the_trace(models):
    text = " ".join(TEXTS[1].split())
    starts = [text.index("suite", len(text) // 2), text.index("the")]
    words = [text[start : text.index(" ", start)] for start in starts]
    places = [Place(s, word, (word, "try")) for s, word in zip(starts, words, strict=True)]
    trace = traces(models("llama"), [Query(text, tuple(places))])[0]
    assert len(trace.logprob) > ROOM
    for place, reading in zip(places, trace.readings, strict=True):
        token = int(np.flatnonzero(trace.spans[:, 1] > place.start)[0])
        assert reading.logprob[0] == pytest.approx(trace.logprob[token], abs=1e-5)


def test_places_may_come_in_any_order(models):
    text = TEXTS[0]
    words = [(m.start(), m.group()) for m in re.finditer("statement|suite|list", text)]
    places = tuple(Place(start, word, (word, "value")) for start, word in words)
    queries = [Query(text, places), Query(text, places[::-1])]
    forward, backward = (t.readings for t in traces(models("llama"), queries))
    assert len(forward) > 8
    for one, other in zip(forward, reversed(backward), strict=True):
        assert one.reason == other.reason == ""
        np.testing.assert_allclose(one.logprob, other.logprob, atol=1e-5)


def test_unusable_places_keep_their_position_and_their_reason(models):
    text = "try the class"
    places = (
        Place(0, "try", ("try", "if")),
        Place(4, "the", ("the", "the")),
        Place(8, "class", ("class", "module", "value")),
    )
    readings = traces(models("llama", start_token="none"), [Query(text, places)])[0].readings
    assert [r.reason for r in readings] == [NO_CONTEXT, NO_DIFFERENCE, ""]
    assert [len(r.logprob) for r in readings] == [2, 2, 3]
    assert np.isnan(readings[0].logprob).all()
