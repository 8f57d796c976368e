"""A real RFC 3161 authority (`openssl ts`) behind a server on this machine."""

import shlex
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CONFIG = """
[tsa]
default_tsa = here
[here]
serial = {folder}/serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
accuracy = secs:1
ordering = yes
tsa_name = no
ess_cert_id_chain = no
"""


REPLY = (
    "openssl ts -reply -config ts.cnf -section here -queryfile request.tsq -signer signer.pem "
    "-inkey signer.key -out answer.tsr"
)


@dataclass(frozen=True)
class Authority:
    """The files of an authority; `root` is what an auditor trusts."""

    folder: Path

    @property
    def root(self) -> Path:
        return self.folder / "root.pem"

    def stamp(self, request: bytes) -> bytes:
        """Return the answer to a request."""
        (self.folder / "request.tsq").write_bytes(request)
        subprocess.run(
            shlex.split(REPLY),
            cwd=self.folder,
            check=True,
            capture_output=True,
        )
        return (self.folder / "answer.tsr").read_bytes()


def found_authority(
    folder: Path, *, valid: timedelta = timedelta(days=365), name: str = "Clock House"
) -> Authority:
    """Make the keys and certificates of an authority; the signer's is valid so long from now."""
    folder.mkdir(parents=True)
    now = datetime.now(UTC)
    end = now + valid
    root_key, signer_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{name} root")])
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    root = (
        _certificate(root_name, root_name, root_key.public_key(), now + timedelta(days=999))
        .add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
        .add_extension(usage, critical=True)
        .sign(root_key, hashes.SHA256())
    )
    own_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer = (
        _certificate(own_name, root_name, signer_key.public_key(), end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "root.pem").write_bytes(root.public_bytes(pem))
    (folder / "signer.pem").write_bytes(signer.public_bytes(pem))
    (folder / "signer.key").write_bytes(
        signer_key.private_bytes(
            pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    (folder / "serial").write_text("01\n")
    (folder / "ts.cnf").write_text(CONFIG.format(folder=folder))
    return Authority(folder)


def _certificate(subject, issuer, public_key, end):
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(end)
    )


@contextmanager
def serve(answer: Callable[[bytes], bytes], *, drip: float = 0.0) -> Iterator[str]:
    """Yield the address at which requests are answered, byte by byte if `drip` is a pause."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            content = answer(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            try:
                size = 1 if drip else len(content) or 1
                for start in range(0, len(content), size):
                    self.wfile.write(content[start : start + size])
                    time.sleep(drip)
            except OSError:  # the client had enough
                pass

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
