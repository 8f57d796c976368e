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

from watermark.errors import ModelError

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
        proxy = find_proxy(base)
        settings: dict[str, Any] = {
            "ssl_context": httpx.create_ssl_context(),
            "max_connections": connections,
            "network_backend": _Backend(deadline),
        }
        self._pool: Any = (
            httpcore.ConnectionPool(**settings)
            if proxy is None
            else httpcore.HTTPProxy(str(proxy.url), proxy_auth=proxy.raw_auth, **settings)
        )


def find_proxy(base: str) -> httpx.Proxy | None:
    """Return the proxy that the environment names for a base URL, if it names one.

    Raises:
        ModelError: It is not `http://host:port`, or `https://host:port` for a server without TLS.
            The message does not show it: it may hold a password.
    """
    parts = urlsplit(base)
    named = getproxies().get(parts.scheme)
    if not named or proxy_bypass(parts.hostname or ""):
        return None
    variable = f"{parts.scheme.upper()}_PROXY"
    try:
        proxy = httpx.Proxy(named if "://" in named else f"http://{named}")
    except (ValueError, httpx.InvalidURL):
        proxy = None
    if proxy is None or proxy.url.scheme not in {"http", "https"} or not proxy.url.host:
        raise ModelError(
            f"{base}: the environment's {variable} is no proxy that can be used; wanted "
            "http://host:port"
        )
    if proxy.url.scheme == parts.scheme == "https":
        # The library runs TLS within TLS in a loop of its own, with a timeout for each read.
        raise ModelError(
            f"{base}: the environment's {variable} would need TLS within TLS, which is not "
            "supported; name the proxy as http://host:port, or the server in NO_PROXY"
        )
    return proxy
