"""A server on loopback that chooses among words, constrained in one vendor's way, or misbehaves."""

import json
import re
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from watermark.vault.vault import open_vault


def allowed(body: dict[str, Any], form: str) -> list[str] | None:
    """Return the answers that a request allows in one form of constraint; None if it sets none."""
    if form in ("structured_outputs", "guided_choice"):
        found = body.get(form)
        return found["choice"] if isinstance(found, dict) else found
    if form == "json_schema" and "response_format" in body:
        schema = body["response_format"]["json_schema"]["schema"]
        return [json.dumps({"word": w}) for w in schema["properties"]["word"]["enum"]]
    if form == "grammar" and "grammar" in body:
        return re.findall(r'"((?:[^"\\]|\\.)*)"', body["grammar"])
    return None


@dataclass
class FakeChoices:
    """What the server does, and what came in."""

    form: str
    """The only constraint it obeys; others are ignored, or refused with `strict`."""
    answer: Callable[[str, list[str]], str]
    """From what the prompt shows and the answers allowed (none without a constraint) to a reply."""
    strict: bool = False
    greedy: str = "as before"
    empty: bool = False
    """Replies hold no choice."""
    faults: deque[str] = field(default_factory=deque)
    requests: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""

    def reply(self, body: dict[str, Any], *, chat: bool) -> tuple[int, dict[str, Any]]:
        """Return status and body of the reply."""
        self.requests.append(body)
        fault = self.faults.popleft() if self.faults else ""
        if fault.isdigit():
            return int(fault), {"message": "try again"}
        forms = {"structured_outputs", "guided_choice", "response_format", "grammar"} & set(body)
        if self.strict and forms and allowed(body, self.form) is None:
            return 400, {"message": f"unknown field {min(forms)}"}
        shown = body["messages"][-1]["content"] if chat else body["prompt"]
        if body["temperature"] == 0:
            text = self.greedy
        else:
            text = fault or self.answer(shown, allowed(body, self.form) or [])
        if text == "REFUSAL":
            return 200, {"choices": [{"message": {"content": None, "refusal": "I cannot"}}]}
        if self.empty:
            return 200, {"choices": []}
        choice = {"message": {"content": text}} if chat else {"text": text}
        return 200, {"choices": [choice]}


@contextmanager
def serve_choices(fake: FakeChoices) -> Iterator[FakeChoices]:
    """Serve for the length of a block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send(200, {"data": [{"id": "tiny"}]})

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            self.send(*fake.reply(body, chat=self.path.endswith("chat/completions")))

        def send(self, status, value):
            content = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    fake.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()


def published_words(job):
    """Pairs of left context and the word that the key chose: a model that memorised the marks."""
    vault = open_vault(job.vault, job.key_file)
    found: dict[frozenset[str], str] = {}
    for row, marked in vault.marked():
        if row.status == "published":
            for mark in marked.marks:
                found.setdefault(frozenset(mark.candidates), mark.chosen)
    return found


def memorised(chosen):
    def answer(shown, allowed):
        options = allowed or re.findall(r"^- (.*)$", shown, re.MULTILINE)
        return chosen.get(frozenset(o.strip() for o in options), options[0])

    return answer
