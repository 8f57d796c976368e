"""Servers that are slow, boundless or absurd: every exchange ends, with one message."""

import time
from itertools import chain

import numpy as np
import pytest

from membership.models.server.address import Address
from membership.models.server.endpoint import open_endpoint
from membership.models.server.http import RequestPolicy
from membership.models.server.probes import cut_questions, make_prompts
from membership.models.server.prompt_logprobs import read_reply
from membership.models.server.text_endpoint import open_text_endpoint
from membership.traces.trace import Query
from tests.support.fake_server import FakeServer, serve
from tests.support.raw_server import HEAD, ask, drip, raw_server, send
from tests.support.tiny import TEXTS, save_tiny_model
from watermark.errors import ModelError


def busy(wait):
    """Return the reply of a busy server; it closes, so that no later try meets a dead socket."""
    head = f"HTTP/1.1 503 x\r\nconnection: close\r\nretry-after: {wait}\r\n"
    return (head + "content-length: 0\r\n\r\n").encode()


@pytest.mark.parametrize(
    "content",
    [HEAD + b"content-length: 999\r\n\r\n" + b" " * 999, HEAD + b"x: " + b"a" * 999, b"H" * 999],
    ids=["body", "headers", "status line"],
)
def test_a_server_that_drips_ends_at_the_deadline_of_the_exchange(content):
    with raw_server(drip(content)) as url:
        message, _, seconds = ask(url, timeout=0.5, tries=2)
    assert "took too long" in message or "Timeout" in message
    assert seconds < 10


@pytest.mark.parametrize("wait", ["1e308", "inf", "121", "99999999999999999999"])
def test_a_server_that_asks_for_an_absurd_wait_is_left(wait):
    reply = busy(wait)
    with raw_server(send(reply)) as url:
        message, slept, _ = ask(url)
    assert "asks to wait" in message
    assert slept == []


@pytest.mark.parametrize("wait", ["NaN", "nan", "soon", "-5", "-inf", "Thu, 26 Nov 2026 00:00:00"])
def test_a_wait_that_is_no_number_is_the_usual_one(wait):
    reply = busy(wait)
    with raw_server(send(reply)) as url:
        message, slept, _ = ask(url, tries=3)
    assert "no reply in 3 tries" in message
    assert slept == ([0.0, 0.0] if wait in ("-5", "-inf") else [1.0, 2.0])


def test_waits_within_the_limit_have_a_sum_within_a_limit():
    reply = busy("120")
    with raw_server(send(reply)) as url:
        message, slept, _ = ask(url, tries=50)
    assert "asks to wait" in message
    assert sum(slept) <= 600


@pytest.mark.parametrize(
    "headers",
    [b"x: " + b"a" * 10_000_000, b"x: a\r\n" * 200_000],
    ids=["one", "many"],
)
def test_huge_headers_are_not_tried_again(headers):
    with raw_server(send(HEAD + headers + b"\r\n\r\n{}")) as url:
        message, slept, _ = ask(url, timeout=5)
    assert "no reply in" in message
    assert sum(slept) <= 600


def body(content):
    return send(HEAD + b"content-length: %d\r\n\r\n" % len(content) + content)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"[" * 100_000, "nested"),
        (b'{"a": [' + b"{}," * 3_000_000 + b"1]}", "values"),
        (b'{"a": ' + b"9" * 100_000 + b"}", "out of range"),
        (b'{"a": 1180591620717411303424}', "out of range"),
        (b"\xff\xfe", "wanted JSON"),
        (b" " * (65 << 20), "more than"),
    ],
    ids=["nesting", "values", "digits", "2**70", "bytes", "size"],
)
def test_a_reply_over_a_limit_is_one_message(content, words):
    with raw_server(body(content)) as url:
        message, _, seconds = ask(url, timeout=20)
    assert words in message
    assert seconds < 20


def test_a_packed_reply_is_not_unpacked():
    with raw_server(send(HEAD + b"content-encoding: gzip\r\n\r\n" + b"\x1f\x8b" * 50)) as url:
        assert "packed" in ask(url)[0]


@pytest.mark.parametrize("length", [2, -1, 0, True, "96", 2**70, 1e300, [96], 10**10])
def test_an_absurd_context_length_is_refused(folder, length):
    with serve(folder, max_model_len=length) as fake, pytest.raises(ModelError) as caught:
        open_endpoint(Address("openai", fake.url, "tiny"), policy=RequestPolicy(tries=1))
    assert "max_model_len" in str(caught.value) or "out of range" in str(caught.value)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_tiny_model(tmp_path_factory.mktemp("model") / "tiny")


def prompt_logprobs(entry, **others):
    choice = {"prompt_logprobs": [None, entry], "text": "x", **others.pop("choice", {})}
    return {"choices": [choice], **others}


ENTRY = {"5": {"logprob": -1.0, "rank": 1, "decoded_token": "b"}}
ECHO = {"tokens": ["a", "b", "c"], "token_logprobs": [None, -1.0, -1.0]}


@pytest.mark.parametrize(
    ("form", "reply"),
    [
        ("prompt_logprobs", prompt_logprobs({str(2**70): {"logprob": -1.0}})),
        ("prompt_logprobs", prompt_logprobs({"9" * 5000: {"logprob": -1.0}})),
        ("prompt_logprobs", prompt_logprobs({"5": {"logprob": -1.0, "rank": 2**70}})),
        ("prompt_logprobs", prompt_logprobs({"5": {"logprob": -1.0, "rank": float("inf")}})),
        ("prompt_logprobs", prompt_logprobs({"5": {"logprob": -1.0, "rank": 0.5}})),
        ("prompt_logprobs", prompt_logprobs({"-9": {"logprob": -1.0}})),
        ("prompt_logprobs", prompt_logprobs({"5": {"logprob": 10**400}})),
        ("prompt_logprobs", prompt_logprobs({"5": {"logprob": -1.0, "decoded_token": {}}})),
        ("prompt_logprobs", prompt_logprobs(ENTRY, choice={"prompt_token_ids": [1, 2**70]})),
        ("prompt_logprobs", prompt_logprobs(ENTRY, choice={"prompt_token_ids": [1.5, 2]})),
        ("prompt_logprobs", prompt_logprobs(ENTRY, usage=[1])),
        ("prompt_logprobs", prompt_logprobs(ENTRY, choice={"prompt_logprobs": [ENTRY] * 10**6})),
        ("prompt_logprobs", prompt_logprobs(ENTRY, choice={"prompt_logprobs": "ab"})),
        ("echo", {"choices": [{"logprobs": {**ECHO, "tokens": ["a"] * 2_000_000}}]}),
        ("echo", {"choices": [{"logprobs": {**ECHO, "tokens": ["a", "b", 3]}}]}),
        ("echo", {"choices": [{"logprobs": {**ECHO, "token_logprobs": [None, -1.0, 10**400]}}]}),
        ("echo", {"choices": [{"logprobs": ECHO}], "usage": {"prompt_tokens": -2}}),
        ("echo", {"choices": [{"logprobs": ECHO}], "usage": {"prompt_tokens": 1.5}}),
        ("echo", {"choices": [{"logprobs": ECHO}], "usage": {"prompt_tokens": "2"}}),
        ("echo", {"choices": {}}),
    ],
)  # fmt: skip
def test_numbers_out_of_their_range_are_one_message(form, reply):
    began = time.monotonic()
    with pytest.raises(ModelError, match="not that of a completion"):
        read_reply(form, reply, "a b")
    assert time.monotonic() - began < 5


def test_endless_text_is_refused(folder, monkeypatch):
    endless = {"choices": [{"text": "a" * 10_000_000}]}
    monkeypatch.setattr(FakeServer, "complete", lambda self, body: (200, endless))
    with serve(folder) as fake, pytest.raises(ModelError, match="wrote 10,000,000 characters"):
        open_text_endpoint(Address("text", fake.url, "tiny"))


def connect(fake, texts=()):
    policy = RequestPolicy(sleep=lambda seconds: None)
    return open_endpoint(Address("openai", fake.url, "tiny"), policy=policy, texts=texts)


def test_probes_are_cut_from_the_texts_and_differ_by_audit(folder):
    asked = []
    for _ in range(2):
        with serve(folder) as fake:
            connect(fake, TEXTS)
            asked.append([request["prompt"] for request in fake.requests])
    assert asked[0] != asked[1]
    assert all(any(text.startswith(prompts[0]) for text in TEXTS) for prompts in asked)


def test_without_texts_the_wording_differs_all_the_same():
    rng = np.random.default_rng(0)
    prompts = make_prompts([], 50, rng)
    assert len(set(prompts)) > 20
    assert make_prompts(["too short"], 1, rng)[0] != "too short"


def test_the_name_of_a_server_does_not_depend_on_the_probes(folder):
    with serve(folder) as fake:
        assert connect(fake, TEXTS).fingerprint == connect(fake, TEXTS).fingerprint


honest = FakeServer.complete


def worse(reply):
    """Give other numbers to given texts, and write by the real model."""
    for entry in reply["choices"][0].get("prompt_logprobs") or []:
        for each in (entry or {}).values():
            each["logprob"] = each["logprob"] - 1.0


def always(self, body):
    status, reply = honest(self, body)
    worse(reply)
    return status, reply


def every_second_time(self, body):
    status, reply = honest(self, body)
    if len(self.requests) % 2:
        worse(reply)
    return status, reply


def unless_it_knows_a_probe(self, body):
    """Answer by the real model what looks like the probes of old: short, or with "and" behind."""
    status, reply = honest(self, body)
    if len(body["prompt"]) > 75 and not body["prompt"].endswith(" and"):
        worse(reply)
    return status, reply


@pytest.mark.parametrize("decoy", [always, every_second_time, unless_it_knows_a_probe])
def test_a_server_that_switches_to_a_decoy_after_the_probe_is_found(folder, monkeypatch, decoy):
    queries = [Query(text[:150]) for text in TEXTS + TEXTS]
    with serve(folder, forms=("prompt_logprobs",)) as fake:
        model = connect(fake, TEXTS)
        assert len(list(model.trace(queries))) == len(queries)
        monkeypatch.setattr(FakeServer, "complete", decoy)
        with pytest.raises(ModelError, match="no longer those by which it writes"):
            # A random probe may say nothing, so a switch is found in the end, not at once.
            list(chain.from_iterable(model.trace(queries) for _ in range(12)))


def test_a_server_whose_probes_say_nothing_any_more_is_refused(folder, monkeypatch):
    def garble(self, body):
        status, reply = honest(self, body)
        reply["choices"][0]["text"] = "\ufffd"
        reply["choices"][0]["logprobs"]["tokens"][-1] = "\ufffd"
        return status, reply

    queries = [Query(f"{number} {text[:80]}") for number, text in enumerate(TEXTS * 64)]
    with serve(folder, forms=("prompt_logprobs",)) as fake:
        model = connect(fake, TEXTS)
        monkeypatch.setattr(FakeServer, "complete", garble)
        with pytest.raises(ModelError, match="cannot be checked any more"):
            list(model.trace(queries))


def test_probes_among_questions_have_their_form():
    texts = ["one two three four five six seven eight", "too few words"]
    cuts = cut_questions(texts, 50, 500, np.random.default_rng(0))
    assert {cut.left for cut in cuts} == {
        texts[0][:end] for end in (23, 27, 33, 39)
    }  # behind the fifth word and every later one
    assert all(texts[0].startswith(cut.left + cut.right) or cut.right == " and" for cut in cuts)
    assert cut_questions(texts, 50, 10) == []


def test_a_probe_that_does_not_fit_is_cut(folder):
    long = [Query("🤷 the class statement 🤷 " * 12) for _ in range(8)]
    with serve(folder, forms=("prompt_logprobs",), max_model_len=96) as fake:
        assert len(list(connect(fake, TEXTS).trace(long))) == 8
