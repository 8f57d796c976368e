"""One deadline for the whole exchange: in clear, by TLS, and through the environment's proxies."""

import socket
import time

import pytest

from membership.models.server.http import RequestPolicy, Server
from tests.support.raw_server import HEAD, ask, drip, make_certificate, raw_server, send
from watermark.errors import ModelError

GOOD = HEAD + b'content-length: 16\r\n\r\n{"data": [1, 2]}'
SLOW_BODY = HEAD + b"content-length: 999\r\n\r\n" + b" " * 999
SLOW_HEADERS = HEAD + b"x: " + b"a" * 999
SERVER_HELLO = b"\x16\x03\x03\x10\x00" + b"\0" * 999  # begins a record of 4,096 bytes
TUNNEL = b"HTTP/1.1 200 OK\r\n\r\n"


@pytest.fixture
def tls(tmp_path, monkeypatch):
    """Return the context of a server that clients of this test trust."""
    file, context = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    return context


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def ends_in_time(url):
    """Tell whether two tries of half a second end with a message, and not later than they may."""
    message, _, seconds = ask(url, timeout=0.5, tries=2)
    return seconds < 5 and "no reply in 2 tries" in message


def test_what_comes_in_time_is_read_by_tls(tls):
    with raw_server(send(GOOD), tls) as url:
        assert Server(url, RequestPolicy(tries=1)).get("models") == {"data": [1, 2]}


@pytest.mark.parametrize("content", [SLOW_BODY, SLOW_HEADERS], ids=["body", "headers"])
def test_a_tls_server_that_drips_ends_at_the_deadline(tls, content):
    with raw_server(drip(content), tls) as url:
        assert ends_in_time(url)


@pytest.mark.parametrize("content", [SERVER_HELLO, b""], ids=["dripped", "silent"])
def test_a_handshake_without_an_end_ends_at_the_deadline(content):
    def answer(connection, done):
        drip(content)(connection, done)
        done.wait(10)

    with raw_server(answer) as url:
        assert ends_in_time(url.replace("http:", "https:"))


def test_a_server_that_reads_a_byte_at_a_time_ends_at_the_deadline():
    def answer(connection, done):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        while connection.recv(512) and not done.wait(0.01):
            pass

    with raw_server(answer) as url:
        server = Server(url, RequestPolicy(timeout=0.5, tries=1))
        began = time.monotonic()
        with pytest.raises(ModelError, match="no reply in 1 tries"):
            server.post("completions", {"prompt": "a" * (16 << 20)})
        assert time.monotonic() - began < 3


def test_a_proxy_of_the_environment_is_used_and_no_proxy_heeded(monkeypatch):
    asked = []

    def answer(connection, done):
        asked.append(connection.recv(65536))
        connection.sendall(GOOD)

    with raw_server(answer) as proxy, raw_server(send(GOOD)) as url:
        monkeypatch.setenv("HTTP_PROXY", proxy.removesuffix("/v1"))
        assert Server(url, RequestPolicy(tries=1)).get("models") == {"data": [1, 2]}
        assert asked[0].startswith(f"GET {url}/models HTTP/1.1".encode())
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        assert Server(url, RequestPolicy(tries=1)).get("models") == {"data": [1, 2]}
        assert len(asked) == 1


@pytest.mark.parametrize(
    ("variable", "target", "content", "first"),
    [
        ("HTTP_PROXY", "http://model.invalid/v1", SLOW_BODY, b""),
        ("HTTP_PROXY", "http://model.invalid/v1", SLOW_HEADERS, b""),
        ("http_proxy", "http://model.invalid/v1", SLOW_BODY, b""),
        ("HTTPS_PROXY", "https://model.invalid/v1", SLOW_HEADERS, b""),
        ("HTTPS_PROXY", "https://model.invalid/v1", SERVER_HELLO, TUNNEL),
    ],
    ids=["body", "headers", "lower case", "tunnel", "handshake in the tunnel"],
)
def test_a_proxy_that_drips_ends_at_the_deadline(monkeypatch, variable, target, content, first):
    with raw_server(drip(content, first)) as proxy:
        monkeypatch.setenv(variable, proxy.removesuffix("/v1"))
        assert ends_in_time(target)


def test_a_proxy_by_tls_may_drip_too(monkeypatch, tls):
    with raw_server(drip(SLOW_BODY), tls) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.removesuffix("/v1"))
        assert ends_in_time("http://model.invalid/v1")


def test_a_proxy_gets_the_password_that_the_environment_holds(monkeypatch):
    asked = []

    def answer(connection, done):
        asked.append(connection.recv(65536).lower())
        connection.sendall(GOOD)

    with raw_server(answer) as proxy:
        named = proxy.removesuffix("/v1").replace("http://", "user:secret@")
        monkeypatch.setenv("HTTP_PROXY", named)
        Server("http://model.invalid/v1", RequestPolicy(tries=1)).get("models")
    assert b"proxy-authorization: basic dxnlcjpzzwnyzxq=" in asked[0]  # user:secret, lower case


@pytest.mark.parametrize(
    ("target", "value", "words"),
    [
        ("https://model.invalid/v1", "https://127.0.0.1:9", "TLS within TLS"),
        ("https://model.invalid/v1", "socks5://127.0.0.1:9", "HTTPS_PROXY is no proxy"),
        ("http://model.invalid/v1", "secret:secret", "HTTP_PROXY is no proxy"),
        ("http://model.invalid/v1", "http://", "HTTP_PROXY is no proxy"),
        ("http://model.invalid/v1", "http://u:secret@[::1", "HTTP_PROXY is no proxy"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_one_message(monkeypatch, target, value, words):
    monkeypatch.setenv(target.partition(":")[0] + "_proxy", value)
    with pytest.raises(ModelError, match=words) as caught:
        Server(target, RequestPolicy(tries=1))
    assert "secret" not in str(caught.value)
