"""A completions server on loopback, backed by a tiny model, that can be made to misbehave."""

import json
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import torch
import transformers

UNLIKELY = -8.0
"""Log-probability below which a token's number may be withheld."""


@dataclass
class FakeServer:
    """What the server does, and what came in."""

    folder: Path
    forms: tuple[str, ...] = ("prompt_logprobs", "echo")
    bos: bool = False
    """Whether a start token goes before every prompt."""
    moved: int = 0
    """By how many places the numbers stand before (1) or behind (-1) their tokens; with echo."""
    own_row: bool = False
    """The number of a token is read in the row behind it, as llama.cpp's Python server does."""
    token_ids: bool = True
    """Whether the ids of a prompt are returned to who asks for them, as newer servers do."""
    key: str = ""
    max_model_len: int = 96
    faults: deque[str] = field(default_factory=deque)
    """What becomes of the next requests; the last one stays if it ends in an exclamation mark."""
    withheld: object = 0.0
    """What stands in place of the numbers of unlikely tokens; 0 for their numbers."""
    requests: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""

    def __post_init__(self):
        self.model = transformers.AutoModelForCausalLM.from_pretrained(self.folder).eval()
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(self.folder)
        self.lock = threading.Lock()

    def next_fault(self):
        with self.lock:
            if not self.faults:
                return ""
            stays = self.faults[0].endswith("!")
            return self.faults[0][:-1] if stays else self.faults.popleft()

    @torch.inference_mode()
    def complete(self, body):
        ids = self.tokenizer(body["prompt"], add_special_tokens=False)["input_ids"]
        if self.bos:
            ids = [self.tokenizer.bos_token_id, *ids]
        if len(ids) + 1 > self.max_model_len:
            return 400, {"message": f"This model's maximum context length is {self.max_model_len}"}
        rows = self.model(input_ids=torch.tensor([ids])).logits[0].double().log_softmax(-1)
        written = int(rows[-1].argmax())
        offset = 0 if self.own_row else 1
        scored = [None, *(rows[i - offset] for i in range(1, len(ids)))]
        own = [
            None if row is None else (self.given(float(row[token])), row)
            for row, token in zip(scored, ids, strict=True)
        ]
        choice = {"text": self.tokenizer.decode([written])}
        last = (float(rows[-1, written]), rows[-1])
        asked = body.get("logprobs") is not None
        if "prompt_logprobs" in body and "prompt_logprobs" in self.forms:
            choice["prompt_logprobs"] = [
                None if o is None else self.entry(t, *o) for t, o in zip(ids, own, strict=True)
            ]
            choice["logprobs"] = self.lists([written], [last])
            if body.get("return_token_ids") and self.token_ids:
                choice["prompt_token_ids"] = ids
        elif body.get("echo") and "echo" in self.forms and asked:
            if self.moved > 0:
                own = [*own[1:], None]
            elif self.moved:
                own = [None, *own[:-1]]
            choice["logprobs"] = self.lists([*ids, written], [*own, last])
        return 200, {
            "choices": [choice],
            "usage": {"prompt_tokens": len(ids), "completion_tokens": 1},
        }

    def given(self, logprob):
        return logprob if self.withheld == 0.0 or logprob > UNLIKELY else self.withheld

    def entry(self, token, own, row):
        top = int(row.argmax())
        rank = int((row > (own or 0.0)).sum()) + 1
        named = {str(token): {"logprob": own, "rank": rank, "decoded_token": self.word(token)}}
        best = {"logprob": float(row[top]), "rank": 1, "decoded_token": self.word(top)}
        return named | ({} if top == token else {str(top): best})

    def lists(self, ids, own):
        return {
            "tokens": [self.word(token) for token in ids],
            "token_logprobs": [None if o is None else o[0] for o in own],
            "top_logprobs": [
                None if o is None else {self.word(int(o[1].argmax())): float(o[1].max())}
                for o in own
            ],
        }

    def word(self, token):
        return self.tokenizer.decode([token])


class Handler(BaseHTTPRequestHandler):
    """One request; `fake` is set by `serve`."""

    fake: FakeServer

    def do_GET(self):
        self.reply(200, {"data": [{"id": "tiny", "max_model_len": self.fake.max_model_len}]})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.fake.requests.append(body)
        fault = self.fake.next_fault()
        if self.fake.key and self.headers["authorization"] != f"Bearer {self.fake.key}":
            self.reply(401, {"message": f"wrong key {self.headers['authorization']}"})
        elif fault.isdigit():
            self.reply(int(fault), {"message": "busy"}, {"retry-after": "7"})
        elif fault == "cut":
            self.send_response(200)
            self.send_header("content-length", "1000")
            self.end_headers()
            self.wfile.write(b'{"choices": [')
            self.close_connection = True
        elif fault == "not json":
            self.reply(200, "<html>")
        else:
            status, answer = self.answer(body)
            self.reply(status, spoil(answer, fault))

    def answer(self, body):
        if not self.path.endswith("chat/completions"):
            return self.fake.complete(body)
        said = body["messages"][-1]["content"]
        return 200, {"choices": [{"message": {"content": f"more of {said}"}}]}

    def reply(self, status, answer, headers=None):
        content = b"\x1b[2J<html>\x07" if answer == "<html>" else json.dumps(answer).encode()
        self.send_response(status)
        for name, value in {**(headers or {}), "content-length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments):
        pass


@contextmanager
def serve(folder: Path, **settings: Any) -> Iterator[FakeServer]:
    """Run a server for the length of a block."""
    fake = FakeServer(folder, **settings)
    handler = type("OurHandler", (Handler,), {"fake": fake})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        fake.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield fake
        finally:
            server.shutdown()
            thread.join()


def spoil(answer, fault):
    """Take something out of a good answer."""
    choice = answer.get("choices", [{}])[0]
    if fault == "no logprobs":
        choice.pop("prompt_logprobs", None)
        choice["logprobs"] = None
    if fault == "wrong length":
        if choice.get("prompt_logprobs"):
            choice["prompt_logprobs"].pop()
        else:
            choice["logprobs"]["token_logprobs"].pop()
    return answer
