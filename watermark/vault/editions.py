"""The licensees of a vault: who has an edition with coins of its own.

The list is sealed into the plan, and so into the commitment: a licensee who was added or renamed
after publication is refused. The seal is made with the key, so the plan gives no name away.
"""

import csv
import difflib
import hashlib
from collections.abc import Iterator
from pathlib import Path

from watermark.document import Document, apply_choices, original_sites
from watermark.errors import CorpusError, VaultError
from watermark.keys import Key
from watermark.safe_json import BoundsError, read_bytes
from watermark.vault.plan import PLAN
from watermark.vault.vault import Vault

LICENSEES = "licensees.csv"
"""The list in a vault, as it was given, and the name of its seal in `made_with` of the plan."""
COLUMN = "licensee"
MAX_BYTES, MAX_LICENSEES, MAX_LETTERS = 1024 * 1024, 10_000, 200


def read_licensee_list(path: Path) -> tuple[str, ...]:
    """Read the names in the column `licensee` of a CSV file, one licensee a row.

    Raises:
        CorpusError: It is no such file, or a name is empty, too long or there twice.
    """
    try:
        content = read_bytes(path, MAX_BYTES).decode("utf-8-sig")
        rows = list(csv.DictReader(content.splitlines(), strict=True))
    except (BoundsError, UnicodeDecodeError, csv.Error) as error:
        raise CorpusError(f"{path}: the list of licensees {error}") from error
    if not rows or COLUMN not in rows[0]:
        raise CorpusError(
            f"{path}: wanted a CSV file with a header line, a column {COLUMN} and a row for each "
            "licensee"
        )
    names = [(row[COLUMN] or "").strip() for row in rows]
    if len(names) > MAX_LICENSEES:
        raise CorpusError(f"{path}: {len(names):,} licensees; at most {MAX_LICENSEES:,} are read")
    seen: set[str] = set()
    for number, name in enumerate(names, 1):
        if not name or len(name) > MAX_LETTERS or not name.isprintable():
            raise CorpusError(
                f"{path}: row {number}: wanted a name of 1 to {MAX_LETTERS} letters, got "
                f"{name!r:.60}"
            )
        if name.casefold() in seen:
            raise CorpusError(f"{path}: row {number}: {name!r} is there twice")
        seen.add(name.casefold())
    return tuple(names)


def seal_of(path: Path, key: Key) -> str:
    """Return the seal of a list: it binds the owner to every byte and shows none of them."""
    digest = hashlib.sha256(read_bytes(path, MAX_BYTES)).hexdigest()
    return key.digest("licensees", digest).hex()


def licensees_of(vault: Vault) -> tuple[str, ...]:
    """Return the licensees of a vault in the order of their list.

    Raises:
        VaultError: The vault has no editions, or the list is not the one that was committed to.
    """
    path = vault.folder / LICENSEES
    seal = vault.plan.made_with.get(LICENSEES)
    if seal is None:
        raise VaultError(
            f"{vault.folder}: has no editions: they are made with `leximark mark --editions`"
        )
    if not path.exists():
        raise VaultError(f"{path}: is missing; the plan was made with a list of licensees")
    try:
        same = seal_of(path, vault.key) == seal
    except BoundsError as error:
        raise VaultError(f"{path}: {error}") from error
    if not same:
        raise VaultError(
            f"{path}: changed since the corpus was marked: the commitment in {PLAN} is to another "
            "list. Put the old list back; a new licensee needs a new vault"
        )
    return read_licensee_list(path)


def edition_key(vault: Vault, licensee: str) -> Key:
    """Return the key of a licensee's edition.

    Raises:
        VaultError: There is no such licensee; the message lists names that are close.
    """
    names = licensees_of(vault)
    if licensee not in names:
        folded = {name.casefold(): name for name in names}
        close = difflib.get_close_matches(licensee.casefold(), folded, n=3, cutoff=0.5)
        shown = ", ".join(repr(folded[name]) for name in close)
        hint = f"did you mean {shown}?" if shown else f"none is close; {LICENSEES} has them all"
        raise VaultError(f"{vault.folder}: no licensee {licensee!r:.80}: {hint}")
    return vault.key.derive("edition", licensee)


def edition_documents(vault: Vault, licensee: str) -> Iterator[Document | None]:
    """Yield the documents of a licensee's edition, None for those held out of every edition.

    Raises:
        VaultError: There is no such licensee.
    """
    key = edition_key(vault, licensee)
    for document, marked in vault.marked():
        if document.status == "held out":
            yield None
            continue
        sites = original_sites(marked.marks)
        choices = [key.draw(site.draw, len(site.candidates)) for site in sites]
        yield apply_choices(Document(document.id, document.original), sites, choices).document
