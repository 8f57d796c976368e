"""The job behind `mark --append-to`: add an instalment to a vault that grows."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pipelines.instalments.editions import mark_editions_command
from pipelines.jobs.mark import mark_command
from watermark.atomic import alone_in, atomic_file
from watermark.corpus import open_corpus
from watermark.corpus.address import Address
from watermark.document import text_sha256
from watermark.errors import CorpusError, VaultError
from watermark.keys import Key, new_key, read_key, write_key
from watermark.marking.mark import Intent
from watermark.marking.workspace import is_finished, own_key
from watermark.vault.plan import Plan
from watermark.vault.streams import (
    CHAIN,
    INSTALMENTS,
    KEYS,
    Instalment,
    new_instalment_folder,
    next_link,
    original_hashes,
    owner_keys,
    read_chain,
)
from watermark.vault.writer import check_targets


class Addition(NamedTuple):
    """What was marked."""

    plan: Plan
    folder: Path
    """Its vault; for an instalment, the vault of its own."""


def mark_any(
    source: Any,
    published: Path | Address,
    intent: Intent,
    *,
    new_vault: Path | None,
    append_to: Path | None,
    name: str | None,
    new_owner_key: bool,
    licensees: Path | None,
    **options: Any,
) -> Addition:
    """Mark a data set into a new vault, or as an instalment of one; with editions if asked to.

    Raises:
        ToolkitError: As of `mark_command`, `mark_editions_command` and `append_command`.
        ValueError: Neither or both of the vaults are given.
    """
    if (new_vault is None) == (append_to is None):
        raise ValueError("wanted either a new vault or one to add to")
    if append_to is not None:
        return append_command(
            source, published, append_to, intent,
            name=name, new_owner_key=new_owner_key, licensees=licensees, **options,
        )  # fmt: skip
    assert new_vault is not None
    if licensees is None:
        return Addition(mark_command(source, published, new_vault, intent, **options), new_vault)
    plan = mark_editions_command(source, published, new_vault, intent, licensees, **options)
    return Addition(plan, new_vault)


def append_command(
    source: Any,
    published: Path | Address,
    vault: Path,
    intent: Intent,
    *,
    name: str | None = None,
    new_owner_key: bool = False,
    key_file: Path | None = None,
    licensees: Path | None = None,
    **options: Any,
) -> Addition:
    """Mark documents as a new instalment of a vault.

    Args:
        source: The data set.
        published: Folder or address for the texts to publish.
        vault: The vault to add to.
        intent: Scheme and plan of the instalment; the level must be that of the vault.
        name: Name of the instalment; without one, its number.
        new_owner_key: Whether the owner's key is changed from this instalment on.
        key_file: The owner's key, if it is not in the vault, or the new one.
        licensees: List of licensees, for editions of the instalment.
        options: As of `mark_command`.

    Raises:
        ToolkitError: The chain is broken, the name is taken, documents are in the vault already,
            or as of `mark_command`.
    """
    chain = read_chain(vault)
    if intent.alpha != chain[0].plan.alpha:
        raise VaultError(
            f"--alpha {intent.alpha:g}: the instalments of a vault are tested together at its "
            f"planned level: give --alpha {chain[0].plan.alpha:g}"
        )
    if isinstance(published, Path) and published.resolve().is_relative_to(vault.resolve()):
        raise VaultError(f"{published} is to be published and lies inside the vault {vault}")
    name = name or f"{len(chain):04d}"
    folder = new_instalment_folder(vault, chain, name)
    (vault / INSTALMENTS).mkdir(mode=0o700, exist_ok=True)
    with alone_in(vault / INSTALMENTS) as alone:
        if not alone:
            raise VaultError(f"{vault}: another run is adding an instalment: wait for it to end")
        names = ("text_column", "id_column", "split")
        corpus = open_corpus(source, **{each: options[each] for each in names if each in options})
        _refuse_known_documents(corpus.documents(), chain)
        work = folder.with_name(f"{name}.partial")
        if not is_finished(work):
            check_targets(published, folder)
        owner = _owner_key(vault, chain, name, key_file, is_new=new_owner_key)
        link = next_link(chain, name, owner).to_json()
        work.mkdir(exist_ok=True, mode=0o700)
        if not (work / CHAIN).exists():
            with atomic_file(work / CHAIN) as draft:
                draft.write_text(link, encoding="utf-8")
        elif (work / CHAIN).read_text(encoding="utf-8") != link:
            raise VaultError(
                f"{work}: left by an unfinished run, after another instalment or with another "
                "key: remove the folder to begin anew"
            )
        own_key(work, owner.derive("instalment", name))
        sealed = {CHAIN: text_sha256(link)}
        if licensees is not None:
            plan = mark_editions_command(
                source, published, folder, intent, licensees, sealed=sealed, **options
            )
        else:
            plan = mark_command(source, published, folder, intent, sealed=sealed, **options)
    return Addition(plan, folder)


def _refuse_known_documents(documents: Any, chain: Sequence[Instalment]) -> None:
    where = {digest: each.name for each in chain for digest in original_hashes(each.folder)}
    known = [
        (document.id, where[digest])
        for document in documents
        if (digest := text_sha256(document.text)) in where
    ]
    if known:
        raise CorpusError(
            f"{len(known):,} documents are in the vault already, such as {known[0][0]!r:.80} in "
            f"instalment {known[0][1]}: a text is marked once, so leave them out"
        )


def _owner_key(
    vault: Path, chain: Sequence[Instalment], name: str, key_file: Path | None, *, is_new: bool
) -> Key:
    """Return the owner's key for an instalment; a new one is kept in the vault, unless given."""
    last = chain[-1]
    if not is_new:
        if last.compromised:
            raise VaultError(
                f"{vault}: the key in use was marked as compromised ({last.compromised}): add "
                "--new-key"
            )
        keys = owner_keys(vault, chain, key_file)
        if last.owner_key not in keys:
            raise VaultError(
                f"{vault}: the owner's key of instalment {last.name} is not here: say where it is "
                "with --key-file, or change it with --new-key"
            )
        return keys[last.owner_key]
    path = vault / KEYS / name
    if key_file is not None:
        key = read_key(key_file)
    else:
        if not path.exists():
            path.parent.mkdir(mode=0o700, exist_ok=True)
            with atomic_file(path) as draft:
                write_key(draft, new_key())
        key = read_key(path)
    if key.commitment() in {each.owner_key for each in chain}:
        raise VaultError(f"{vault}: --new-key wants a key that no instalment was made with")
    return key
