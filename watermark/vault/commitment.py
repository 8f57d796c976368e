"""One line that binds the owner to documents, ledger, plan and key before anything is published."""

import hashlib
from collections.abc import Iterable, Iterator

from watermark.keys import Key
from watermark.vault.tables import VaultDocument

FORMAT = 1
_LEAF, _NODE = b"\0", b"\1"


def merkle_root(leaves: Iterable[bytes]) -> bytes:
    """Return the SHA-256 Merkle root of a sequence of leaves, in logarithmic memory.

    Leaves and inner nodes are hashed with different prefixes, as in RFC 6962, so that an inner
    node cannot be presented as a leaf.

    Raises:
        ValueError: There is no leaf.
    """
    stack: list[tuple[int, bytes]] = []
    for leaf in leaves:
        height, node = 0, hashlib.sha256(_LEAF + leaf).digest()
        while stack and stack[-1][0] == height:
            node = hashlib.sha256(_NODE + stack.pop()[1] + node).digest()
            height += 1
        stack.append((height, node))
    if not stack:
        raise ValueError("a Merkle tree needs a leaf")
    node = stack.pop()[1]
    while stack:
        node = hashlib.sha256(_NODE + stack.pop()[1] + node).digest()
    return node


def document_leaf(document_id: str, published_sha256: str, salt: bytes) -> bytes:
    """Return the leaf of a document: the salt keeps short texts from being guessed."""
    return hashlib.sha256(salt + document_id.encode() + b"\0" + published_sha256.encode()).digest()


def commitment_line(plan_text: str, key: Key, documents: Iterable[VaultDocument]) -> str:
    """Return the line of `commitment.txt`: a Merkle root over plan, key and documents.

    The plan holds the hashes of ledger and documents. A document can be shown to belong to the
    root without showing the others: its salt is HMAC(key, id).
    """

    def leaves() -> Iterator[bytes]:
        yield hashlib.sha256(plan_text.encode()).digest()
        yield bytes.fromhex(key.commitment())
        for document in documents:
            salt = key.digest("salt", document.id)
            yield document_leaf(document.id, document.published_sha256, salt)

    return f"leximark-commitment-{FORMAT} sha256-merkle {merkle_root(leaves()).hex()}\n"
