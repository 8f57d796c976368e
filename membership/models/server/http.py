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
"""Environment variable with the API key. It is the only way to pass one, and no other variable is
read: the server is not trusted and must not receive a key meant for another service."""

_PASSING = {408, 425, 429, 500, 502, 503, 504, 529}
_MOST_BYTES = 64 << 20
_LONGEST_WAIT = 120.0


class RefusedError(ModelError):
    """Raised when a server rejects a request as wrong; not for transient errors."""


@dataclass(frozen=True)
class RequestPolicy:
    """Timeout, retries and rate limit."""

    timeout: float = 120.0
    """Maximum seconds per reply."""
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
        limits = httpx.Limits(max_connections=policy.connections)
        # No redirects: they could send the key and the texts to a third party.
        self._client = httpx.Client(
            timeout=policy.timeout, limits=limits, headers=headers, follow_redirects=False
        )
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
            "again, the same command continues from the cache"
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
        return min(max(float(headers["retry-after"]), 0.0), _LONGEST_WAIT)
    except (KeyError, ValueError):
        return otherwise
