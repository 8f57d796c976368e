"""Ways from single leaves to the root of a commitment, which show that they were committed to."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence

from watermark.keys import Key
from watermark.vault.commitment import document_leaf
from watermark.vault.tables import VaultDocument

Path = tuple[tuple[str, str], ...]
"""The nodes beside the way from a leaf to the root, lowest first: its side and its hash."""
PLAN_LEAF, KEY_LEAF, FIRST_DOCUMENT = 0, 1, 2
"""Numbers of the leaves of a commitment."""


def commitment_leaves(plan: bytes, key: Key, documents: Iterable[VaultDocument]) -> Iterator[bytes]:
    """Yield the leaves of a vault's commitment: plan, key commitment, documents."""
    yield hashlib.sha256(plan).digest()
    yield bytes.fromhex(key.commitment())
    for document in documents:
        salt = key.digest("salt", document.id)
        yield document_leaf(document.id, document.published_sha256, salt)


def merkle_paths(leaves: Sequence[bytes], wanted: Iterable[int]) -> dict[int, Path]:
    """Return for some leaves the way to the root.

    Raises:
        ValueError: A leaf that is wanted does not exist.
    """
    level = [hashlib.sha256(b"\0" + leaf).digest() for leaf in leaves]
    place = {index: index for index in wanted}
    if not all(0 <= index < len(level) for index in place):
        raise ValueError(f"wanted leaves below {len(level)}, got {sorted(place)}")
    paths: dict[int, list[tuple[str, str]]] = {index: [] for index in place}
    while len(level) > 1:
        for index, at in place.items():
            beside = at ^ 1
            if beside < len(level):  # the last node of an odd level rises alone
                paths[index].append(("left" if beside < at else "right", level[beside].hex()))
            place[index] = at // 2
        level = [
            hashlib.sha256(b"\1" + level[i] + level[i + 1]).digest()
            if i + 1 < len(level)
            else level[i]
            for i in range(0, len(level), 2)
        ]
    return {index: tuple(path) for index, path in paths.items()}
