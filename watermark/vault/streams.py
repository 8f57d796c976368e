"""A vault that grows: its instalments, chained so that none can be slipped in later.

    VAULT/                      the first documents, as ever
    VAULT/instalments/NAME/     a vault of its own, with a key of its own
        chain.json              its name and number, the commitment before it, the owner's key
    VAULT/keys/NAME             the owner's key from that instalment on, if it was changed

The key of an instalment is derived from the owner's key and the instalment's name, so nobody can
try several. The plan of an instalment binds its `chain.json`, so its commitment, and any stamp on
it, fixes everything before it.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow.parquet as pq

from watermark.document import text_sha256 as digest_of
from watermark.errors import VaultError
from watermark.keys import Key, read_key
from watermark.limits import PLAN as PLAN_LIMITS
from watermark.safe_json import BoundsError, parse_json, read_bytes
from watermark.vault.custody import read_custody
from watermark.vault.plan import COMMITMENT, DOCUMENTS, KEY, Plan, file_sha256, read_plan

INSTALMENTS, KEYS, CHAIN = "instalments", "keys", "chain.json"
FIRST = "first"
"""The name of the documents that a vault was made with."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}(?:\.[A-Za-z0-9_-]{1,64}){0,8}")


@dataclass(frozen=True)
class Link:
    """What chains an instalment to those before it; the content of `chain.json`."""

    name: str
    number: int
    """1 for the first instalment that was added."""
    previous: str
    """SHA-256 of the commitment of the instalment before."""
    owner_key: str
    """Commitment to the owner's key that the instalment's key was derived from."""

    def to_json(self) -> str:
        """Return the link as it is stored."""
        return json.dumps(asdict(self), indent=2, sort_keys=True) + "\n"


@dataclass(frozen=True)
class Instalment:
    """One part of a vault that grows."""

    name: str
    folder: Path
    plan: Plan
    owner_key: str
    """Commitment to the owner's key."""
    compromised: str = ""
    """When the owner's key was marked as compromised; empty if it was not."""


def instalment_folder(vault: Path, name: str) -> Path:
    """Return the folder of an instalment.

    Raises:
        VaultError: The name cannot be one.
    """
    if _NAME.fullmatch(name) is None or name == FIRST or name.endswith(".partial"):
        raise VaultError(
            f"instalment {name!r:.80}: wanted a name of at most 64 letters, digits, dots, hyphens "
            f"and underscores, such as 2026-11-26, and not {FIRST!r}"
        )
    return vault / INSTALMENTS / name


def has_instalments(vault: Path) -> bool:
    """Tell whether anything was added to a vault."""
    return bool(_instalment_folders(vault))


def _instalment_folders(vault: Path) -> list[Path]:
    folders = (vault / INSTALMENTS).glob("*")
    return [f for f in folders if f.suffix != ".partial" and not f.name.startswith(".")]


def read_chain(vault: Path) -> tuple[Instalment, ...]:
    """Return the instalments of a vault in their order, the first documents among them.

    Raises:
        VaultError: The chain is broken; the message names the instalment.
    """
    plan = read_plan(vault)
    when = {
        entry["owner_key"]: str(entry["time"])
        for entry in read_custody(vault).entries
        if entry["event"] == "compromised"
    }
    found = [Instalment(FIRST, vault, plan, plan.key_commitment, when.get(plan.key_commitment, ""))]
    links = sorted(
        ((_read_link(folder), folder) for folder in _instalment_folders(vault)),
        key=lambda each: each[0].number,
    )
    for number, (link, folder) in enumerate(links, 1):
        before = found[-1]
        if link.number != number:
            raise VaultError(
                f"{folder}: the chain breaks here: it is instalment {link.number}, and number "
                f"{number} is missing or there twice"
            )
        if link.previous != file_sha256(before.folder / COMMITMENT):
            raise VaultError(
                f"{folder}: the chain breaks here: it follows another commitment than "
                f"that of {before.name}, which was changed, moved or slipped in later"
            )
        key = link.owner_key
        found.append(Instalment(link.name, folder, read_plan(folder), key, when.get(key, "")))
    return tuple(found)


def _read_link(folder: Path) -> Link:
    """Read the link of an instalment, which its plan must bind."""
    path = folder / CHAIN
    try:
        content = read_bytes(path, PLAN_LIMITS.bytes)
        link = Link(**parse_json(content, PLAN_LIMITS))
    except (BoundsError, TypeError) as error:
        raise VaultError(f"{path}: the chain breaks here: {error}") from error
    bound = read_plan(folder).made_with.get(CHAIN)
    if bound != hashlib.sha256(content).hexdigest() or link.name != folder.name:
        raise VaultError(
            f"{path}: the chain breaks here: the plan of this instalment binds another {CHAIN}"
        )
    return link


def new_instalment_folder(vault: Path, chain: Sequence[Instalment], name: str) -> Path:
    """Return the folder of an instalment that is to be added.

    Raises:
        VaultError: The name cannot be one, or is taken.
    """
    folder = instalment_folder(vault, name)
    if any(each.name.casefold() == name.casefold() for each in chain):
        raise VaultError(
            f"instalment {name!r}: is there already; an instalment is never changed: name another"
        )
    return folder


def next_link(chain: Sequence[Instalment], name: str, owner_key: Key) -> Link:
    """Return the link of an instalment that follows all others."""
    before = chain[-1]
    previous = file_sha256(before.folder / COMMITMENT)
    return Link(name, len(chain), previous, owner_key.commitment())


def owner_keys(
    vault: Path, chain: Sequence[Instalment], key_file: Path | None = None
) -> dict[str, Key]:
    """Return the owner's keys that are in reach, by their commitments."""
    paths = [vault / KEY, *(vault / KEYS / each.name for each in chain)]
    paths += [key_file] if key_file else []
    keys = [read_key(path) for path in paths if path == key_file or path.exists()]
    return {key.commitment(): key for key in keys}


def check_derived(instalment: Instalment, key: Key, keys: dict[str, Key]) -> bool:
    """Check that the key of an instalment is derived from the owner's; return whether it could be.

    Raises:
        VaultError: It is another one: the coins may have been chosen among several.
    """
    owner = keys.get(instalment.owner_key)
    if instalment.name == FIRST or owner is None:
        return instalment.name == FIRST
    if owner.derive("instalment", instalment.name) != key:
        raise VaultError(
            f"{instalment.folder}: its key is not the one that follows from the owner's key and "
            f"the name {instalment.name!r}: its coins may have been chosen, so it is no evidence"
        )
    return True


def original_hashes(folder: Path) -> set[str]:
    """Return the SHA-256 of every original text of a vault."""
    try:
        texts = pq.read_table(folder / DOCUMENTS, columns=["original"])["original"]
        return {digest_of(text.as_py()) for text in texts}
    except (OSError, ValueError, KeyError) as error:
        raise VaultError(f"{folder / DOCUMENTS}: cannot be read ({error})") from error
