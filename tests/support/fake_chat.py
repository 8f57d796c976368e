"""A chat server on loopback that answers with a function of what it is told."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextmanager
def serve_chat(
    answer: Callable[[str], str | None], port: int = 0, name: str = "tiny"
) -> Iterator[str]:
    """Yield the address of the model; an answer that raises is HTTP 400. Port 0 is any free one."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.reply(200, {"data": [{"id": name}]})

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            try:
                said = answer(body["messages"][-1]["content"])
            except ValueError as error:
                self.reply(400, {"message": str(error)})
            else:
                ended = "stop" if said else "length"
                choice = {"message": {"content": said}, "finish_reason": ended}
                self.reply(200, {"choices": [choice]})

        def reply(self, status, value):
            content = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"chat+http://127.0.0.1:{server.server_address[1]}/v1#{name}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
