"""Time stamps on a vault's commitment, of authorities (RFC 3161) and of OpenTimestamps.

The stamp of an authority counts if it is of this commitment, its signature holds, and its
certificate chain was valid at the time of the stamp and ends at a root that is trusted: a public
one, or one that the auditor names. Certificates that come with the vault are never trusted for
their own sake, because an owner can found an authority in a minute and let it stamp any date. All
of this is checked offline.
"""

import hashlib
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from watermark.atomic import atomic_file
from watermark.errors import PrerequisiteError, VaultError
from watermark.vault.beforehand import Stamp
from watermark.vault.opentimestamps import PROOF, check_proof
from watermark.vault.plan import COMMITMENT

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from rfc3161_client import TimeStampResponse

ANSWER = ".tsr"
"""How the name of an authority's answer ends."""
STAMPS = "stamps"
"""Folder of the vault; no hash of the vault covers it, so stamps can be added later."""
MAX_BYTES = 256 * 1024
MAX_STAMPS = 100
INSTALL = "time stamps need two libraries: pip install 'leximark[evidence]'"


def stamp_request(commitment: bytes) -> tuple[bytes, int]:
    """Return a request to an authority for a stamp on a commitment, and its nonce.

    Raises:
        PrerequisiteError: The library is not installed.
    """
    try:
        from rfc3161_client import HashAlgorithm, TimestampRequestBuilder
    except ImportError as error:
        raise PrerequisiteError(INSTALL) from error
    builder = TimestampRequestBuilder().data(commitment).hash_algorithm(HashAlgorithm.SHA256)
    request = builder.nonce(nonce=True).cert_request(cert_request=True).build()
    assert request.nonce is not None
    return request.as_bytes(), request.nonce


def read_roots(files: Sequence[Path]) -> "list[Certificate]":
    """Return the public roots and those in some PEM files.

    Raises:
        PrerequisiteError: The libraries are not installed.
        VaultError: A file holds no certificate.
    """
    try:
        import certifi
        from cryptography.x509 import load_pem_x509_certificates
    except ImportError as error:
        raise PrerequisiteError(INSTALL) from error
    roots = _public_roots(Path(certifi.where()))
    for path in files:
        try:
            roots += load_pem_x509_certificates(path.read_bytes())
        except (OSError, ValueError) as error:
            raise VaultError(f"{path}: wanted certificates in PEM form ({error})") from error
    return list(dict.fromkeys(roots))


def _public_roots(bundle: Path) -> "list[Certificate]":
    """Return the certificates of a bundle, without those that the library does not accept."""
    from cryptography.x509 import load_pem_x509_certificate

    end = b"-----END CERTIFICATE-----"
    roots = []
    for block in bundle.read_bytes().split(end)[:-1]:
        with warnings.catch_warnings(), suppress(ValueError, UserWarning):
            warnings.simplefilter("error")
            roots.append(load_pem_x509_certificate(block + end))
    return roots


def read_stamps(vault: Path, root_files: Sequence[Path] = ()) -> tuple[Stamp, ...]:
    """Read and check all stamps of a vault.

    A stamp that cannot be checked is no reason to refuse the vault: it says why it does not count.

    Raises:
        VaultError: A file of roots holds no certificate, or there are too many stamps.
    """
    folder = vault / STAMPS
    kinds = (ANSWER, PROOF)
    paths = sorted(path for path in folder.glob("*") if path.suffix in kinds and path.is_file())
    if len(paths) > MAX_STAMPS:
        raise VaultError(f"{folder}: wanted at most {MAX_STAMPS} stamps, got {len(paths)}")
    if not paths:
        return ()
    commitment, roots, missing = (vault / COMMITMENT).read_bytes(), [], ""
    try:
        roots = read_roots(root_files) if any(path.suffix == ANSWER for path in paths) else []
    except PrerequisiteError as error:
        missing = f"it was not checked: {error}"

    def check(path: Path) -> Stamp:
        name, content = f"{STAMPS}/{path.name}", _content(path)
        if path.suffix == PROOF:
            return check_proof(name, content, commitment)
        if missing:
            return Stamp(name, None, "", missing)
        return check_stamp(name, content, commitment, roots)

    return tuple(check(path) for path in paths)


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def add_stamp(vault: Path, content: bytes, ending: str = ANSWER) -> Path:
    """Store the answer of an authority, or a proof, in a vault under the next free number."""
    taken = {path.stem for path in (vault / STAMPS).glob("*")}
    for number in range(1, MAX_STAMPS + 1):
        if (stem := f"{number:03d}") not in taken:
            path = vault / STAMPS / f"{stem}{ending}"
            with atomic_file(path) as draft:
                draft.write_bytes(content)
            return path
    raise VaultError(f"{vault / STAMPS}: holds {MAX_STAMPS} stamps already, which are enough")


def check_stamp(
    name: str,
    content: bytes,
    commitment: bytes,
    roots: "Sequence[Certificate]",
    nonce: int | None = None,
) -> Stamp:
    """Check one answer of an authority.

    Args:
        name: What the stamp is called in messages.
        content: The answer, in DER.
        commitment: What must have been stamped.
        roots: Certificates at which a chain may end.
        nonce: The nonce of the request that this answers, if it was made just now.
    """
    authority, time = "", None
    try:
        with _as_vault_error():
            response = _decoded(content)
            time, authority = response.tst_info.gen_time, _authority(response)
            _check_content(response, commitment, nonce)
            _check_chain(response, roots)
    except VaultError as error:
        return Stamp(name, time, authority, str(error))
    return Stamp(name, time, authority)


@contextmanager
def _as_vault_error() -> Iterator[None]:
    """Turn whatever a malformed stamp makes the libraries raise into a `VaultError`."""
    try:
        yield
    except VaultError:
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise VaultError(f"it is malformed ({type(error).__name__})") from error


def _decoded(content: bytes) -> "TimeStampResponse":
    from rfc3161_client import decode_timestamp_response

    if len(content) > MAX_BYTES:
        raise VaultError(f"it is longer than {MAX_BYTES:,} bytes")
    response = decode_timestamp_response(content)
    if response.status != 0:
        said = "; ".join(response.status_string)[:200]
        raise VaultError(f"the authority refused it (status {response.status}) {said}".rstrip())
    if response.as_bytes() != content:
        raise VaultError("it is malformed (it has bytes of its own)")
    return response


def _check_content(response: "TimeStampResponse", commitment: bytes, nonce: int | None) -> None:
    imprint = response.tst_info.message_imprint
    algorithm = _ALGORITHMS.get(imprint.hash_algorithm.dotted_string)
    if algorithm is None:
        raise VaultError("its hash function is neither SHA-256 nor SHA-512")
    if imprint.message != hashlib.new(algorithm, commitment).digest():
        raise VaultError("it is a stamp of another commitment")
    if nonce is not None and response.tst_info.nonce != nonce:
        raise VaultError("it has the nonce of another request")


_ALGORITHMS = {"2.16.840.1.101.3.4.2.1": "sha256", "2.16.840.1.101.3.4.2.3": "sha512"}


def _check_chain(response: "TimeStampResponse", roots: "Sequence[Certificate]") -> None:
    from rfc3161_client import VerificationError, VerifierBuilder

    signer, time = _signer(response), response.tst_info.gen_time
    if time > signer.not_valid_after_utc:
        raise VaultError(
            f"the authority's certificate had expired ({signer.not_valid_after_utc:%Y-%m-%d})"
        )
    verifier = VerifierBuilder(roots=list(roots)).build()
    try:
        verifier.verify(response, response.tst_info.message_imprint.message)
    except VerificationError as error:
        raise VaultError(
            "its signature does not hold, or its authority is not one of the public ones "
            "(--tsa-root FILE names another that you trust)"
        ) from error


def _signer(response: "TimeStampResponse") -> "Certificate":
    from cryptography.x509 import load_der_x509_certificate

    (signer,) = response.signed_data.signer_infos
    for encoded in response.signed_data.certificates:
        certificate = load_der_x509_certificate(encoded)
        if (certificate.issuer, certificate.serial_number) == (signer.issuer, signer.serial_number):
            return certificate
    raise VaultError("it does not hold the certificate of its signer")


def _authority(response: "TimeStampResponse") -> str:
    name = _signer(response).subject.rfc4514_string()
    return "".join(c for c in name if c.isprintable())[:200]
