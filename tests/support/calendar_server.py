"""A calendar of OpenTimestamps and a Bitcoin node on this machine, for the real program `ots`.

Both speak the protocols of the real ones, so far as `ots` uses them. No block is mined: the node
answers with a header that holds the Merkle root which the calendar's proofs lead to.
"""

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PENDING = bytes.fromhex("83dfe30d2ef90c8e")
BITCOIN = bytes.fromhex("0588960d73d71901")
APPEND, SHA256, ATTESTATION = b"\xf0", b"\x08", b"\0"
SALT = b"calendar"
BLOCK_HASH = "00" * 31 + "01"


def number(value: int) -> bytes:
    """Return a number in groups of 7 bits, the lowest first."""
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + number(rest) if rest else bytes([low])


def string(content: bytes) -> bytes:
    return number(len(content)) + content


class Calendar:
    """What was submitted, and the block that holds it once there is one."""

    def __init__(self) -> None:
        self.height: int | None = None
        self.merkle_root = bytes(32)
        self.pause = 0.0

    def submit(self, url: str, digest: bytes) -> bytes:
        """Return the pending rest of a proof, from a digest."""
        self.merkle_root = hashlib.sha256(digest + SALT).digest()
        return ATTESTATION + PENDING + string(string(url.encode()))

    def complete(self, commitment: bytes) -> bytes | None:
        """Return the rest of a proof, from what was submitted to the root of a block."""
        if self.height is None or hashlib.sha256(commitment + SALT).digest() != self.merkle_root:
            return None
        block = ATTESTATION + BITCOIN + string(number(self.height))
        return APPEND + string(SALT) + SHA256 + block


@contextmanager
def serve_calendar(calendar: Calendar) -> Iterator[str]:
    """Yield the address of a calendar."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            digest = self.rfile.read(int(self.headers["Content-Length"]))
            self.answer(calendar.submit(address, digest))

        def do_GET(self):
            time.sleep(calendar.pause)
            found = calendar.complete(bytes.fromhex(self.path.rpartition("/")[2]))
            self.answer(found or b"Pending confirmation in Bitcoin blockchain", found is not None)

        def answer(self, content, found=True):
            self.send_response(200 if found else 404)
            self.send_header("Content-Length", str(len(content)))
            with suppress(OSError):  # the client had enough
                self.end_headers()
                self.wfile.write(content)

        def log_message(self, *arguments):
            pass

    with _server(Handler) as port:
        address = f"http://127.0.0.1:{port}"
        yield address


@contextmanager
def serve_node(
    calendar: Calendar, mined: datetime, home: Path, *, highest: int | None = None
) -> Iterator[None]:
    """Run a Bitcoin node that has the calendar's block, as the configuration in `home` says."""
    top = calendar.height if highest is None else highest

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            seconds = int(mined.timestamp()).to_bytes(4, "little")
            header = bytes(36) + calendar.merkle_root + seconds + bytes(8)
            answers = {
                "getblockcount": top,
                "getblockhash": BLOCK_HASH,
                "getblockheader": header.hex(),
            }
            answer: dict[str, object] = {"result": answers[asked["method"]], "error": None}
            if asked["method"] == "getblockhash" and asked["params"][0] > top:
                answer["error"] = {"code": -8, "message": "out of range"}
            content = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments):
            pass

    with _server(Handler) as port:
        folder = home / ".bitcoin"
        folder.mkdir(parents=True, exist_ok=True)
        settings = {"rpcconnect": "127.0.0.1", "rpcport": port, "rpcpassword": "local"}
        lines = [f"{name}={value}\n" for name, value in settings.items()]
        (folder / "bitcoin.conf").write_text("".join(lines))
        yield


@contextmanager
def _server(handler) -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
