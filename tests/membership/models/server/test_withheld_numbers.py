"""Numbers that a server does not give: what is left of a text never makes its score."""

from itertools import count

import numpy as np
import pytest

from membership.detector import score_document
from membership.detectors import default_detectors
from membership.models.server.address import Address
from membership.models.server.endpoint import open_endpoint
from membership.models.server.http import RequestPolicy
from membership.models.server.prompt_logprobs import read_reply
from membership.traces.trace import Query, Slot
from tests.support.fake_server import UNLIKELY, serve
from tests.support.tiny import TEXTS, save_tiny_model
from watermark.document import Document

TEXT = "It is not the case that the statement with a class is a try."
NOTHING = [None, -9999.0, float("-inf"), float("nan"), -10001]
FORMS = ["prompt_logprobs", "echo"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_tiny_model(tmp_path_factory.mktemp("model") / "tiny")


def read(fake, texts, **withheld):
    """Open the server as it should be, then read the texts while it withholds numbers."""
    policy = RequestPolicy(sleep=lambda seconds: None)
    model = open_endpoint(Address("openai", fake.url, "tiny"), policy=policy)
    for name, value in withheld.items():
        setattr(fake, name, value)
    queries = [text if isinstance(text, Query) else Query(text) for text in texts]
    found = dict(model.trace(queries))
    return [found[index] for index in range(len(texts))]


@pytest.mark.parametrize("value", NOTHING)
@pytest.mark.parametrize("form", FORMS)
def test_a_text_of_which_a_number_is_withheld_has_no_score(folder, form, value):
    with serve(folder, forms=(form,)) as fake:
        (whole,) = read(fake, [TEXT])
        (trace,) = read(fake, [TEXT], withheld=value)
    unlikely = whole.logprob <= UNLIKELY
    assert 0 < unlikely.sum() < len(unlikely)
    assert len(trace.logprob) == len(whole.logprob)
    np.testing.assert_array_equal(np.isnan(trace.logprob), unlikely)
    for detector in default_detectors().values():
        if detector.needs <= {"logprobs"} and len(detector.queries(Document("d", TEXT))) == 1:
            score = score_document(detector, Document("d", TEXT), [trace])
            assert np.isnan(score.value)
            assert score.reason == "the model returned no number for some tokens"


@pytest.mark.parametrize("form", FORMS)
def test_a_long_text_has_no_score_if_a_number_of_a_later_window_is_withheld(folder, form):
    with serve(folder, forms=(form,)) as fake:
        (trace,) = read(fake, [TEXTS[0][:600]], withheld=None)
    assert np.isnan(trace.logprob).any()


@pytest.mark.parametrize("bos", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_the_first_token_needs_a_number_only_if_something_stands_before_it(folder, form, bos):
    with serve(folder, forms=(form,), bos=bos) as fake:
        whole, trace = read(fake, [TEXT, "a"])
    assert np.isfinite(whole.logprob).all()
    assert len(trace.logprob) == bos


def test_a_window_whose_tokens_do_not_make_up_its_text_leaves_the_text_without_a_score(
    folder, monkeypatch
):
    long = TEXTS[0][:600]
    with serve(folder) as fake:
        (whole,) = read(fake, [long])
        word = fake.word
        policy = RequestPolicy(sleep=lambda seconds: None, connections=1)
        model = open_endpoint(Address("openai", fake.url, "tiny"), policy=policy)
        calls = count()
        monkeypatch.setattr(
            type(fake), "word", lambda self, token: word(token) if next(calls) < 200 else "##"
        )
        ((_, trace),) = model.trace([Query(long)])
    assert np.isfinite(whole.logprob).all()
    assert np.isfinite(trace.logprob).any()
    assert np.isnan(trace.logprob).any()


@pytest.mark.parametrize("value", NOTHING[:4])
def test_a_candidate_without_a_number_leaves_its_place_unread(folder, value):
    slot = Slot(28, "statement", ("statement", "expression"))
    with serve(folder) as fake:
        (trace,) = read(fake, [Query(TEXT, (slot,))], withheld=value)
    reading = trace.candidate_logprobs[0]
    assert np.isfinite(reading.logprob).all() or reading.reason
    assert bool(reading.reason) == bool(np.isnan(reading.logprob).all())


@pytest.mark.parametrize("order", [1, -1])
def test_the_likeliest_token_is_found_beside_one_without_a_number(order):
    entries = [("5", {"logprob": None}), ("6", {"logprob": -0.5})][::order]
    first = {"prompt_logprobs": [None, dict(entries)], "text": "x"}
    reply = read_reply("prompt_logprobs", {"choices": [first]}, "a b")
    assert reply is not None
    assert reply.top1[1] == -0.5
    tops = {"a": None, "b": -0.5} if order == 1 else {"b": -0.5, "a": None}
    echo = {
        "tokens": ["a", "b", "c"],
        "token_logprobs": [None, None, -1.0],
        "top_logprobs": [None, tops, None],
    }
    with_one = {**echo, "token_logprobs": [None, -9999.0, -1.0]}
    found = read_reply("echo", {"choices": [{"logprobs": with_one}]}, "abc")
    assert found is not None
    assert found.top1[1] == -0.5
    assert np.isnan(found.logprob[1])
