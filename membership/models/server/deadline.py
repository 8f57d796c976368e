"""HTTP with one deadline for a whole exchange: connecting, sending, headers and body.

The timeouts of the library are for each read alone, and a server that sends a byte a second never
exceeds one.
"""

import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

_PIECE = 1 << 16


class Deadline(threading.local):
    """When the exchange of this thread has to be over, on the monotonic clock."""

    at = float("inf")

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Set the deadline for the length of a block."""
        self.at = time.monotonic() + seconds
        try:
            yield
        finally:
            self.at = float("inf")

    def left(self, timeout: float | None, error: type[Exception]) -> float | None:
        """Return the seconds that one operation may take, no more than `timeout`.

        Raises:
            Exception: The given error; the deadline has passed.
        """
        rest = self.at - time.monotonic()
        if rest <= 0:
            raise error("the whole reply took too long")
        return timeout if rest == float("inf") else min(rest, timeout or rest)


class _Stream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._inner, self._deadline = inner, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._deadline.left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for first in range(0, len(buffer), _PIECE):
            left = self._deadline.left(timeout, httpcore.WriteTimeout)
            self._inner.write(buffer[first : first + _PIECE], left)

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = self._deadline.left(timeout, httpcore.ConnectTimeout)
        return _Stream(
            self._inner.start_tls(ssl_context, server_hostname, left),
            self._deadline,
        )

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    def __init__(self, deadline: Deadline) -> None:
        self._inner, self._deadline = httpcore.SyncBackend(), deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        left = self._deadline.left(timeout, httpcore.ConnectTimeout)
        found = self._inner.connect_tcp(host, port, left, local_address, socket_options)
        return _Stream(found, self._deadline)


class DeadlineTransport(httpx.HTTPTransport):
    """The transport of `httpx`, with proxies as the environment names them."""

    def __init__(self, base: str, connections: int, deadline: Deadline) -> None:
        """Prepare connections to the server at a base URL."""
        super().__init__()
        parts = urlsplit(base)
        proxy = getproxies().get(parts.scheme)
        settings: dict[str, Any] = {
            "ssl_context": httpx.create_ssl_context(),
            "max_connections": connections,
            "network_backend": _Backend(deadline),
        }
        self._pool: Any = (
            httpcore.HTTPProxy(proxy, **settings)
            if proxy and not proxy_bypass(parts.hostname or "")
            else httpcore.ConnectionPool(**settings)
        )
