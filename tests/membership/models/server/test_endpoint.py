import time
from collections import deque
from itertools import pairwise

import numpy as np
import pytest
from transformers import AutoModelForCausalLM

from membership.models.local.huggingface import load_huggingface
from membership.models.local.inference_settings import InferenceSettings
from membership.models.server.address import Address
from membership.models.server.endpoint import open_endpoint
from membership.models.server.http import KEY_VARIABLE, RequestPolicy, Server
from membership.models.server.text_endpoint import open_text_endpoint
from membership.traces.candidate_tokens import NO_CONTEXT, NO_DIFFERENCE
from membership.traces.suspect_protocol import Sampling, Suspect
from membership.traces.trace import Query, Slot
from tests.support.fake_server import serve
from tests.support.tiny import TEXTS, save_tiny_model
from watermark.errors import ModelError, PrerequisiteError

TEXT = "It is not the case that the statement with a class is a try."
PLACES = (
    Slot(0, "It", ("It", "This")),
    Slot(14, "case", ("case", "fact")),
    Slot(28, "statement", ("statement", "expression", "name")),
    Slot(45, "class", ("class", "name")),
)
SHORT = (TEXT, "for x in y: the “naïve” 🤷 way", "", "a", "with a class statement of Python")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_tiny_model(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture(scope="module")
def local(folder):
    return {
        bos: load_huggingface(
            folder, InferenceSettings(dtype="float32", start_token="auto" if bos else "none")
        )
        for bos in (False, True)
    }


class Clock:
    """Sleeps in no time, and remembers for how long."""

    def __init__(self):
        self.slept = []

    def __call__(self, seconds):
        self.slept.append(seconds)


def connect(fake, **options):
    policy = options.pop("policy", RequestPolicy(sleep=Clock()))
    return open_endpoint(Address("openai", fake.url, "tiny"), policy=policy, **options)


def traces(model, queries):
    queries = [q if isinstance(q, Query) else Query(q) for q in queries]
    found = dict(model.trace(queries))
    assert sorted(found) == list(range(len(queries)))
    return [found[index] for index in range(len(queries))]


def words(text, trace):
    """The tokens in the text; local tokenizers may leave white space out of a span."""
    found = [(text[first:stop].strip(), stop) for first, stop in trace.spans.tolist()]
    return [(word, stop) for word, stop in found if word]


@pytest.mark.parametrize("bos", [False, True])
@pytest.mark.parametrize("form", ["prompt_logprobs", "echo"])
def test_the_scores_are_those_of_the_local_model(folder, local, form, bos):
    with serve(folder, forms=(form,), bos=bos) as fake:
        suspect: Suspect = connect(fake)
        assert form in suspect.settings
        assert ("first token scored" in suspect.settings) == bos
        found = traces(suspect, SHORT)
    for text, ours, theirs in zip(SHORT, found, traces(local[bos], SHORT), strict=True):
        np.testing.assert_allclose(ours.logprob, theirs.logprob, atol=1e-4)
        np.testing.assert_allclose(ours.top1, theirs.top1, atol=1e-4)
        assert words(text, ours) == words(text, theirs)
        assert np.isnan(ours.mean).all()
        if form == "prompt_logprobs":
            np.testing.assert_array_equal(ours.token_ids, theirs.token_ids)
            np.testing.assert_array_equal(ours.rank, theirs.rank)
            assert ours.unscored_start == theirs.unscored_start


@pytest.mark.parametrize("bos", [False, True])
def test_a_server_that_does_not_name_the_first_token_reads_candidates_all_the_same(
    folder, local, bos
):
    with serve(folder, token_ids=False, bos=bos) as fake:
        trace = traces(connect(fake), [Query(TEXT, PLACES)])[0]
    theirs = traces(local[bos], [Query(TEXT, PLACES)])[0]
    assert trace.unscored_start == ()
    assert (
        trace.candidate_logprobs[0].reason
        == theirs.candidate_logprobs[0].reason
        == ("" if bos else NO_CONTEXT)
    )
    np.testing.assert_allclose(trace.logprob, theirs.logprob, atol=1e-4)


@pytest.mark.parametrize("bos", [False, True])
@pytest.mark.parametrize("form", ["prompt_logprobs", "echo"])
def test_candidates_are_read_as_in_the_local_model(folder, local, form, bos):
    with serve(folder, forms=(form,), bos=bos) as fake:
        ours = traces(connect(fake), [Query(TEXT, PLACES)])[0].candidate_logprobs
    theirs = traces(local[bos], [Query(TEXT, PLACES)])[0].candidate_logprobs
    assert sum(not reading.reason for reading in theirs) >= 3
    assert ours[0].reason == ("" if bos else NO_CONTEXT)
    for one, other in zip(ours, theirs, strict=True):
        assert bool(one.reason) == bool(other.reason)
        np.testing.assert_allclose(one.logprob, other.logprob, atol=1e-4)


def test_a_place_far_behind_is_read_with_all_the_text_to_its_left(folder, local):
    text = f"It is a test. The class has a name. For x in y, try it with an import. {TEXT}"
    slot = Slot(text.index("class is"), "class", ("class", "name"))
    with serve(folder) as fake:  # windows of twice 96 code points
        ours = traces(connect(fake), [Query(text, (slot,))])[0].candidate_logprobs[0]
    theirs = traces(local[False], [Query(text, (slot,))])[0].candidate_logprobs[0]
    np.testing.assert_allclose(ours.logprob, theirs.logprob, atol=1e-4)


def test_candidates_that_share_the_first_differing_token_are_not_compared(folder):
    # The first token behind the context is the same for two of the three.
    slot = Slot(14, "case", ("case", "string", "strings"))
    with serve(folder) as fake:
        reading = traces(connect(fake), [Query(TEXT, (slot,))])[0].candidate_logprobs[0]
    assert reading.reason == NO_DIFFERENCE
    assert np.isnan(reading.logprob).all()


def test_the_word_of_the_text_itself_costs_no_request_of_its_own(folder):
    with serve(folder) as fake:
        suspect = connect(fake)
        before = len(fake.requests)
        traces(suspect, [Query(TEXT, PLACES)])
        assert len(fake.requests) - before == 1 + 5  # the text, and each word that is not in it


def test_a_long_document_is_read_in_windows_and_every_token_scored_once(folder, local):
    text = TEXTS[0]
    slot = text.rindex(" the ") + 1
    with serve(folder) as fake:
        query = Query(text, (Slot(slot, "the", ("the", "a")),))
        trace = traces(connect(fake), [query])[0]
    whole = traces(local[False], [text])[0]
    assert all(b[0] >= a[0] for a, b in pairwise(trace.spans))
    assert words(text, trace) == words(text, whole)
    np.testing.assert_array_equal(trace.token_ids, whole.token_ids)
    assert np.corrcoef(trace.logprob, whole.logprob)[0, 1] > 0.8  # other windows, same text
    assert not trace.candidate_logprobs[0].reason


def test_a_start_token_can_be_spelled_out(folder, local):
    with serve(folder) as fake:
        found = traces(connect(fake, start_token="<|endoftext|>"), [TEXT])[0]
        with pytest.raises(ModelError, match="spell the start token out"):
            connect(fake, start_token="bos")
    np.testing.assert_allclose(found.logprob, traces(local[True], [TEXT])[0].logprob, atol=1e-4)


@pytest.mark.parametrize("moved", [1, -1])
def test_numbers_that_stand_one_place_off_are_put_right(folder, local, moved):
    with serve(folder, forms=("echo",), moved=moved) as fake:
        suspect = connect(fake)
        assert f"moved by {moved}" in suspect.settings
        found = traces(suspect, [TEXT])[0]
    want = traces(local[False], [TEXT])[0].logprob
    np.testing.assert_allclose(found.logprob, want[: len(found.logprob)], atol=1e-4)
    assert len(want) - len(found.logprob) == (moved < 0)  # the number of the last one was lost


@pytest.mark.parametrize("form", ["prompt_logprobs", "echo"])
def test_numbers_of_another_row_are_refused(folder, form):
    with (
        serve(folder, forms=(form,), own_row=True) as fake,
        pytest.raises(ModelError, match="one place off"),
    ):
        connect(fake)


def test_a_server_without_log_probabilities_of_the_prompt_is_refused(folder):
    with serve(folder, forms=()) as fake, pytest.raises(ModelError, match=r"text\+http"):
        connect(fake)


@pytest.mark.parametrize("fault", ["500", "429", "503", "cut"])
def test_what_may_pass_is_tried_again(folder, fault):
    clock = Clock()
    with serve(folder) as fake:
        suspect = connect(fake, policy=RequestPolicy(sleep=clock))
        want = traces(suspect, [TEXT])[0]
        fake.faults = deque([fault] * 3)
        found = traces(suspect, [TEXT])[0]
    np.testing.assert_array_equal(found.logprob, want.logprob)
    assert clock.slept == ([1.0, 2.0, 4.0] if fault == "cut" else [7.0] * 3)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("500!", "no reply in 7 tries"),
        ("cut!", "no reply in 7 tries"),
        ("404", "HTTP 404"),
        ("no logprobs", "no log-probabilities of the prompt"),
        ("wrong length", "log-probabilities for"),
        ("not json", "wanted JSON"),
    ],
)
@pytest.mark.parametrize("form", ["prompt_logprobs", "echo"])
def test_what_does_not_pass_is_one_message(folder, form, fault, words):
    with serve(folder, forms=(form,)) as fake:
        suspect = connect(fake)
        fake.faults = deque([fault])
        with pytest.raises(ModelError, match=words) as caught:
            traces(suspect, [TEXT])
    assert fake.url in str(caught.value)
    assert str(caught.value).isprintable()  # a terminal may obey what is not


def test_a_server_that_does_not_exist_is_one_message():
    with pytest.raises(ModelError, match="no reply in 2 tries"):
        open_endpoint(
            Address("openai", "http://127.0.0.1:9", "x"),
            policy=RequestPolicy(tries=2, sleep=Clock()),
        )


def test_the_key_comes_from_the_environment_and_is_seen_nowhere(folder, monkeypatch):
    with serve(folder, key="very-secret") as fake:
        monkeypatch.setenv(KEY_VARIABLE, "very-secret")
        suspect = connect(fake)
        assert len(traces(suspect, [TEXT])[0].logprob)
        assert "very-secret" not in repr(suspect) + suspect.settings + suspect.name
        fake.key = "another"  # the server says in its reply which key it got
        with pytest.raises(ModelError, match=KEY_VARIABLE) as caught:
            traces(suspect, [TEXT])
    assert "very-secret" not in str(caught.value)


def test_requests_keep_their_distance(folder):
    with serve(folder) as fake:
        server = Server(fake.url, RequestPolicy(requests_per_second=50))
        began = time.monotonic()
        for _ in range(11):
            server.get("models")
    assert time.monotonic() - began >= 10 / 50


def test_the_fingerprint_is_of_what_the_model_writes(folder, tmp_path):
    other = save_tiny_model(tmp_path / "other", seed=4)  # what it writes reads back
    with serve(folder) as fake:
        one, two = connect(fake), connect(fake)
        assert one.fingerprint == two.fingerprint
        fake.model = AutoModelForCausalLM.from_pretrained(other).eval()
        assert connect(fake).fingerprint != one.fingerprint


def test_a_model_is_found_by_its_name(folder):
    policy = RequestPolicy(tries=1)
    with serve(folder) as fake:
        assert open_endpoint(Address("openai", fake.url, ""), policy=policy).model == "tiny"
        with pytest.raises(ModelError, match="has no model 'big'; it has tiny"):
            open_endpoint(Address("openai", fake.url, "big"), policy=policy)


@pytest.mark.parametrize("api", ["text", "chat"])
def test_a_server_that_only_writes_is_a_suspect_of_its_own_kind(folder, api):
    with serve(folder, forms=()) as fake:
        suspect = open_text_endpoint(Address(api, fake.url, "tiny"))
        as_protocol: Suspect = suspect
        assert as_protocol.abilities == {"text"}
        written = suspect.write(["The", "A"], Sampling(3, 0.0, 1), max_tokens=4)
        assert [len(each) for each in written] == [3, 3]
        assert all(written[0])
        seeds = [request["seed"] for request in fake.requests[-6:]]
        assert sorted(seeds) == [1, 1, 2, 2, 3, 3]
        with pytest.raises(PrerequisiteError, match="returns only text"):
            list(suspect.trace([Query("x")]))
