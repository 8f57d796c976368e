"""JSON over HTTP with a server that may be busy, slow, broken or hostile."""

import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from watermark.errors import ModelError

KEY_VARIABLE = "LEXIMARK_API_KEY"
"""Environment variable with the key of the server. There is no other way to give one, and no other
variable is looked at: the server is not trusted and must not get a key meant for others."""

_PASSING = {408, 425, 429, 500, 502, 503, 504, 529}
_MOST_BYTES = 64 << 20
_LONGEST_WAIT = 120.0


class RefusedError(ModelError):
    """Raised when a server says that a request is wrong; not for what may pass."""


@dataclass(frozen=True)
class RequestPolicy:
    """How a server is treated."""

    timeout: float = 120.0
    """Seconds that a reply may take."""
    tries: int = 7
    """How often a request is made if it fails with something that may pass."""
    requests_per_second: float | None = None
    """Most requests begun in a second; None for no limit."""
    connections: int = 4
    """How many requests are under way at a time."""
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)


class Server:
    """A server that speaks JSON. It may be used by many threads."""

    def __init__(self, address: str, policy: RequestPolicy) -> None:
        """Take the address without a path of a resource, such as `http://host:8000/v1`."""
        self.address = address
        self.policy = policy
        self._key = os.environ.get(KEY_VARIABLE, "")
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        limits = httpx.Limits(max_connections=policy.connections)
        # No redirects: they could send key and texts to somebody else.
        self._client = httpx.Client(
            timeout=policy.timeout, limits=limits, headers=headers, follow_redirects=False
        )
        self._lock = threading.Lock()
        self._next = 0.0

    def get(self, path: str) -> dict[str, Any]:
        """Get a resource.

        Raises:
            ModelError: As `post`.
        """
        return self._ask("GET", path, None)

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Post an object and return the one that comes back.

        Raises:
            RefusedError: The server says that the request is wrong.
            ModelError: There was no usable reply in so many tries.
        """
        return self._ask("POST", path, body)

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
        fault, wait = "", 0.0
        for number in range(self.policy.tries):
            if number:
                self.policy.sleep(wait)
            wait = min(2.0**number, _LONGEST_WAIT)
            self._take_turn()
            try:
                status, headers, content = self._exchange(method, path, body)
            except httpx.TransportError as error:
                fault = f"{type(error).__name__}: {error}"
                continue
            if status < 300:
                return self._object(content)
            fault = f"HTTP {status}: {self._excerpt(content)}"
            if status not in _PASSING:
                raise RefusedError(f"{self.address}: {fault}{self._advice(status)}")
            wait = _retry_after(headers, wait)
        raise ModelError(
            f"{self.address}: no reply in {self.policy.tries} tries ({fault}); when it answers "
            "again, the same command goes on with what the cache has"
        )

    def _exchange(
        self, method: str, path: str, body: Mapping[str, Any] | None
    ) -> tuple[int, httpx.Headers, bytes]:
        content, size = list[bytes](), 0
        url = f"{self.address}/{path}"
        try:
            with self._client.stream(method, url, json=body) as reply:
                for chunk in reply.iter_bytes():
                    content.append(chunk)
                    size += len(chunk)
                    if size > _MOST_BYTES:
                        raise ModelError(f"{self.address}: a reply of more than {size:,} bytes")
                return reply.status_code, reply.headers, b"".join(content)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.DecodingError) as error:
            raise ModelError(f"{self.address}: {type(error).__name__}: {error}") from error

    def _object(self, content: bytes) -> dict[str, Any]:
        try:
            found = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise ModelError(
                f"{self.address}: wanted JSON, got {self._excerpt(content)!r}"
            ) from error
        if not isinstance(found, dict):
            raise ModelError(f"{self.address}: wanted a JSON object, got {type(found).__name__}")
        return found

    def _excerpt(self, content: bytes) -> str:
        plain = "".join(
            c if c.isprintable() else " " for c in content[:4000].decode(errors="replace")
        )
        text = " ".join(plain.split())  # nothing that a terminal would obey
        return (text.replace(self._key, "***") if self._key else text)[:300] or "nothing"

    @staticmethod
    def _advice(status: int) -> str:
        return f"; is {KEY_VARIABLE} set to the right key?" if status in (401, 403) else ""

    def _take_turn(self) -> None:
        """Wait until the next request may begin."""
        if self.policy.requests_per_second is None:
            return
        with self._lock:
            now = time.monotonic()
            begin = max(now, self._next)
            self._next = begin + 1 / self.policy.requests_per_second
        self.policy.sleep(begin - now)


def _retry_after(headers: httpx.Headers, otherwise: float) -> float:
    try:
        return min(max(float(headers["retry-after"]), 0.0), _LONGEST_WAIT)
    except (KeyError, ValueError):
        return otherwise
