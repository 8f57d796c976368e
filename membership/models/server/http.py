"""JSON over HTTP with a server that may be busy, slow, broken or hostile."""

import math
import os
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from membership.models.server.deadline import Deadline, DeadlineTransport
from watermark.errors import ModelError
from watermark.limits import REPLY, REQUEST_WAIT, REQUEST_WAITS
from watermark.safe_json import BoundsError, parse_json

KEY_VARIABLE = "LEXIMARK_API_KEY"
"""Environment variable with the API key. It is the only way to pass one, and no other variable is
read: the server is not trusted and must not receive a key meant for another service."""

_PASSING = {408, 425, 429, 500, 502, 503, 504, 529}


class RefusedError(ModelError):
    """Raised when a server rejects a request as wrong; not for transient errors."""


@dataclass(frozen=True)
class RequestPolicy:
    """Timeout, retries and rate limit."""

    timeout: float = 120.0
    """Maximum seconds per reply, from connecting to its last byte."""
    tries: int = 7
    """Number of attempts if a request fails with a transient error."""
    requests_per_second: float | None = None
    """Maximum requests started per second; None for no limit."""
    connections: int = 4
    """Number of concurrent requests."""
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)


class Server:
    """A JSON server; safe to use from many threads."""

    def __init__(self, address: str, policy: RequestPolicy) -> None:
        """Store the base URL without a resource path, such as `http://host:8000/v1`."""
        self.address = address
        self.policy = policy
        self._key = os.environ.get(KEY_VARIABLE, "")
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        headers["Accept-Encoding"] = "identity"  # a packed reply can be a thousand times as large
        self._deadline = Deadline()
        # No redirects: they could send the key and the texts to a third party.
        self._client = httpx.Client(
            transport=DeadlineTransport(address, policy.connections, self._deadline),
            timeout=policy.timeout,
            headers=headers,
            follow_redirects=False,
        )
        weakref.finalize(self, self._client.close)
        self._lock = threading.Lock()
        self._next = 0.0

    def get(self, path: str) -> dict[str, Any]:
        """Get a resource.

        Raises:
            ModelError: See `post`.
        """
        return self._ask("GET", path, None)

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Post an object and return the object in the reply.

        Raises:
            RefusedError: The server rejects the request as wrong.
            ModelError: There was no usable reply after `tries` attempts.
        """
        return self._ask("POST", path, body)

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
        fault, wait, waited = "", 0.0, 0.0
        for number in range(self.policy.tries):
            if number:
                waited += wait
                if wait > REQUEST_WAIT or waited > REQUEST_WAITS:
                    fault += f"; asks to wait {wait:,.6g} s"
                    break
                self.policy.sleep(wait)
            wait = min(2.0**number, REQUEST_WAIT)
            self._take_turn()
            try:
                status, headers, content = self._exchange(method, path, body)
            except httpx.TransportError as error:
                fault = f"{type(error).__name__}: {error}"
                if "too long" in fault and isinstance(error, httpx.RemoteProtocolError):
                    break  # its headers
                continue
            if status < 300:
                return self._object(content)
            fault = f"HTTP {status}: {self._excerpt(content)}"
            if status not in _PASSING:
                raise RefusedError(f"{self.address}: {fault}{self._advice(status)}")
            wait = _retry_after(headers, wait)
        raise ModelError(
            f"{self.address}: no reply in {number + 1} tries ({fault}); when it answers "
            "again, the same command continues from the cache"
        )

    def _exchange(
        self, method: str, path: str, body: Mapping[str, Any] | None
    ) -> tuple[int, httpx.Headers, bytes]:
        content, size = list[bytes](), 0
        url = f"{self.address}/{path}"
        try:
            with (
                self._deadline.within(self.policy.timeout),
                self._client.stream(method, url, json=body) as reply,
            ):
                if reply.headers.get("content-encoding", "identity") != "identity":
                    raise ModelError(f"{self.address}: sends packed replies, which are not read")
                for chunk in reply.iter_raw():
                    content.append(chunk)
                    size += len(chunk)
                    if size > REPLY.bytes:
                        raise ModelError(
                            f"{self.address}: a reply of more than {REPLY.bytes:,} bytes"
                        )
                return reply.status_code, reply.headers, b"".join(content)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.DecodingError) as error:
            raise ModelError(f"{self.address}: {type(error).__name__}: {error}") from error

    def _object(self, content: bytes) -> dict[str, Any]:
        try:
            found = parse_json(content, REPLY)
        except BoundsError as error:
            raise ModelError(
                f"{self.address}: wanted JSON, got {self._excerpt(content)!r}; it {error}"
            ) from error
        if not isinstance(found, dict):
            raise ModelError(f"{self.address}: wanted a JSON object, got {type(found).__name__}")
        return found

    def _excerpt(self, content: bytes) -> str:
        plain = "".join(
            c if c.isprintable() else " " for c in content[:4000].decode(errors="replace")
        )
        text = " ".join(plain.split())  # no terminal control sequences
        return (text.replace(self._key, "***") if self._key else text)[:300] or "nothing"

    @staticmethod
    def _advice(status: int) -> str:
        return f"; is {KEY_VARIABLE} set to the right key?" if status in (401, 403) else ""

    def _take_turn(self) -> None:
        """Wait until the next request may start."""
        if self.policy.requests_per_second is None:
            return
        with self._lock:
            now = time.monotonic()
            begin = max(now, self._next)
            self._next = begin + 1 / self.policy.requests_per_second
        self.policy.sleep(begin - now)


def _retry_after(headers: httpx.Headers, otherwise: float) -> float:
    try:
        wait = float(headers["retry-after"])
    except (KeyError, ValueError):
        return otherwise
    return otherwise if math.isnan(wait) else max(wait, 0.0)
