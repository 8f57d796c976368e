import re

import numpy as np
import pytest

from membership.traces.candidate_tokens import NO_CONTEXT, NO_DIFFERENCE
from membership.traces.trace import Query, Slot
from tests.support.dense import ROOM, dense, exact, traces
from tests.support.tiny import TEXTS


def places_in(text, words):
    return tuple(Slot(text.index(word), word, (word, *rivals)) for word, *rivals in words)


@pytest.mark.parametrize("architecture", ["gpt_neox", "gemma2"])
@pytest.mark.parametrize("text", ["for a class that can import the module", TEXTS[0]])
def test_a_reading_is_the_dense_row_of_the_text_with_each_candidate_in_it(
    folders, models, architecture, text
):
    words = [w for w in ("for", "class", "import", "module", "statement", "suite") if w in text]
    slots = places_in(text, [(w, "value", "exception") for w in words])
    candidate_logprobs = traces(models(architecture), [Query(text, slots)])[0].candidate_logprobs
    ids, rows = dense(folders(architecture), text)
    _, tokenizer = exact(folders(architecture))
    assert len(candidate_logprobs) == len(slots) > 2
    for slot, reading in zip(slots, candidate_logprobs, strict=True):
        assert reading.reason == ""
        end = slot.start + len(slot.original)
        whole = [
            tokenizer(text[: slot.start] + word + text[end:], add_special_tokens=False)["input_ids"]
            for word in slot.candidates
        ]
        step = next(n for n, token in enumerate(ids) if len({w[n] for w in whole}) > 1)
        wanted = [rows[step, w[step]] for w in whole]
        np.testing.assert_allclose(reading.logprob, wanted, atol=1e-4)


def test_the_reading_of_the_original_is_its_log_probability_in_the_trace(models):
    text = " ".join(TEXTS[1].split())
    starts = [text.index("suite", len(text) // 2), text.index("the")]
    words = [text[start : text.index(" ", start)] for start in starts]
    slots = [Slot(s, word, (word, "try")) for s, word in zip(starts, words, strict=True)]
    trace = traces(models("llama"), [Query(text, tuple(slots))])[0]
    assert len(trace.logprob) > ROOM
    for slot, reading in zip(slots, trace.candidate_logprobs, strict=True):
        token = int(np.flatnonzero(trace.spans[:, 1] > slot.start)[0])
        assert reading.logprob[0] == pytest.approx(trace.logprob[token], abs=1e-5)


def test_places_may_come_in_any_order(models):
    text = TEXTS[0]
    words = [(m.start(), m.group()) for m in re.finditer("statement|suite|list", text)]
    slots = tuple(Slot(start, word, (word, "value")) for start, word in words)
    queries = [Query(text, slots), Query(text, slots[::-1])]
    forward, backward = (t.candidate_logprobs for t in traces(models("llama"), queries))
    assert len(forward) > 8
    for one, other in zip(forward, reversed(backward), strict=True):
        assert one.reason == other.reason == ""
        np.testing.assert_allclose(one.logprob, other.logprob, atol=1e-5)


def test_unusable_places_keep_their_position_and_their_reason(models):
    text = "try the class"
    slots = (
        Slot(0, "try", ("try", "if")),
        Slot(4, "the", ("the", "the")),
        Slot(8, "class", ("class", "module", "value")),
    )
    candidate_logprobs = traces(models("llama", start_token="none"), [Query(text, slots)])[
        0
    ].candidate_logprobs
    assert [r.reason for r in candidate_logprobs] == [NO_CONTEXT, NO_DIFFERENCE, ""]
    assert [len(r.logprob) for r in candidate_logprobs] == [2, 2, 3]
    assert np.isnan(candidate_logprobs[0].logprob).all()
