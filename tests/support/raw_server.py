"""A server that sends what it likes, in clear or by TLS, and a client that must not wait for it."""

import socket
import ssl
import threading
import time
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from membership.models.server.http import RequestPolicy, Server
from watermark.errors import ModelError

HEAD = b"HTTP/1.1 200 OK\r\nconnection: close\r\n"


@contextmanager
def raw_server(answer, tls=None):
    """Serve what `answer(connection, done)` sends, to whoever connects, until the block ends.

    With `tls`, the context of a server, the connection is encrypted first.
    """
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)

        def talk(connection):
            with connection:
                try:
                    safe = (
                        nullcontext(connection)
                        if tls is None
                        else tls.wrap_socket(connection, server_side=True)
                    )
                    with safe as stream:
                        answer(stream, done)
                except OSError:
                    pass  # the client has gone

        def accept():
            while not done.is_set():
                try:
                    connection, _ = listener.accept()
                except TimeoutError:
                    continue
                connection.settimeout(30)
                threads.append(threading.Thread(target=talk, args=(connection,)))
                threads[-1].start()

        threads = [threading.Thread(target=accept)]
        threads[0].start()
        try:
            yield f"http{'s' if tls else ''}://127.0.0.1:{listener.getsockname()[1]}/v1"
        finally:
            done.set()
            for thread in threads:
                thread.join()


def drip(content, first=b""):
    """Answer a request with `first` at once, then with a byte every tenth of a second."""

    def answer(connection, done):
        connection.recv(65536)
        connection.sendall(first)
        for byte in content:
            connection.sendall(bytes([byte]))
            if done.wait(0.1):
                return

    return answer


def send(content):
    """Answer a request with bytes."""

    def answer(connection, done):
        connection.recv(65536)
        connection.sendall(content)

    return answer


def ask(url, **policy):
    """Ask in vain: return the message, the waits between the tries, and the seconds."""
    slept: list[float] = []
    server = Server(url, RequestPolicy(sleep=slept.append, **policy))
    began = time.monotonic()
    with pytest.raises(ModelError) as caught:
        server.get("models")
    return str(caught.value), slept, time.monotonic() - began


def make_certificate(folder):
    """Write a certificate for this machine; return its file and the context of a server."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "here")])
    now = datetime.now(UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(address, critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "here.pem"
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "here.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, folder / "here.key")
    return file, context
