"""Apply an editor's decisions on sites before the texts are published.

A site that is rejected returns to its original word and is removed from the ledger. The tests of
evidence stay exact because no decision depends on what the key decided
(watermark/marking/decisions.py).
"""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from watermark.atomic import atomic_folder
from watermark.corpus import Corpus
from watermark.document import Document, Marked, apply_choices, sites_of, text_sha256
from watermark.errors import CorpusError, VaultError
from watermark.keys import write_key
from watermark.marking.decisions import Decisions, Place
from watermark.vault.editions import LICENSEES
from watermark.vault.plan import COMMITMENT, KEY, Plan, file_sha256
from watermark.vault.streams import CHAIN
from watermark.vault.tables import FitRows, VaultDocument
from watermark.vault.vault import Vault
from watermark.vault.writer import VaultWriter, check_targets


def review_vault(
    vault: Vault, published: Corpus, decisions: Decisions, out: Path, vault_out: Path
) -> Plan:
    """Write a new corpus to publish and a new vault, without the rejected sites.

    The old ones are not changed. The new vault is written last, completely or not at all.

    Args:
        vault: The vault written by `mark`, already checked.
        published: The corpus that `mark` wrote and that is not public yet.
        decisions: Which sites to drop.
        out: Folder to create for the texts to publish.
        vault_out: Folder to create for the new vault.

    Raises:
        VaultError: A decision is not about a site of this vault, no site would be left, or a
            folder cannot be made.
        CorpusError: The corpus is not the one that belongs to the vault.
    """
    check_targets(out, vault_out)
    _check_decisions(vault, decisions)
    with atomic_folder(vault_out) as draft:
        draft.chmod(0o700)
        with VaultWriter(draft) as writer:
            published.rewrite(out, _rewritten(vault, published, decisions, writer))
        if (vault.folder / KEY).exists():
            write_key(draft / KEY, vault.key)
        for name in (LICENSEES, CHAIN):  # which the plan binds
            if (vault.folder / name).exists():
                shutil.copyfile(vault.folder / name, draft / name)
        before = vault.plan.corpus
        rules_file = decisions.rules_file
        used = {} if rules_file is None else {"rules_sha256": file_sha256(rules_file)}
        counts = {
            "n_sites": writer.n_sites,
            "n_changed": writer.n_changed,
            "review": {
                "decisions_sha256": file_sha256(decisions.source),
                "kind": decisions.kind,
                **used,
                "n_rejected": before["n_sites"] - writer.n_sites,
                "commitment_before": (vault.folder / COMMITMENT).read_text("utf-8").strip(),
            },
        }
        return writer.finish(replace(vault.plan, corpus={**before, **counts}), vault.key)


def _check_decisions(vault: Vault, decisions: Decisions) -> None:
    """Hold every decision against its site, and make sure that a site is left."""
    seen: set[Place] = set()
    n_sites = 0
    for _, marked in vault.marked():
        for site in sites_of(marked):
            place = (site.document_id, site.start)
            named = decisions.sites.get(place)
            if named is not None and site.original:
                if named != (site.original, site.candidates):
                    raise VaultError(
                        f"{decisions.source}: {place} is {site.original!r} with the candidates "
                        f"{list(site.candidates)}, not {named[0]!r} with {list(named[1])}"
                    )
                seen.add(place)
            n_sites += decisions.keeps(site)
    if unknown := [place for place in decisions.sites if place not in seen]:
        raise VaultError(
            f"{decisions.source}: {vault.folder} has no word as a site at {unknown[0]} "
            f"({len(unknown)} such lines); insertions cannot be removed one by one"
        )
    if not n_sites:
        raise VaultError(f"{decisions.source}: no site would be left, so nothing could be proved")


def _rewritten(
    vault: Vault, published: Corpus, decisions: Decisions, writer: VaultWriter
) -> Iterator[str]:
    """Yield the texts to publish; fill the new vault meanwhile."""
    theirs, fits = published.documents(), FitRows(vault.folder)
    for row, marked in vault.marked():
        reviewed = _without(marked, Document(row.id, row.original), decisions)
        writer.add(row.original, reviewed, row.status, fits.of(row.id))
        if row.status == "published":
            _check_same(theirs, row)
            yield reviewed.document.text
    if next(theirs, None) is not None:
        raise CorpusError("the corpus has documents that the vault does not know")


def _check_same(theirs: Iterator[Document], row: VaultDocument) -> None:
    """Raise `CorpusError` unless the next document of the corpus is the one of the vault."""
    document = next(theirs, None)
    if document is None or text_sha256(document.text) != row.published_sha256:
        raise CorpusError(
            f"the corpus does not have {row.id!r} as it was marked in this vault: name the folder "
            "that `mark` wrote, as it wrote it"
        )


def _without(marked: Marked, original: Document, decisions: Decisions) -> Marked:
    """Return a marked document without the sites that were rejected."""
    kept = [
        (site, mark)
        for site, mark in zip(sites_of(marked), marked.marks, strict=True)
        if decisions.keeps(site)
    ]
    choices = [mark.candidates.index(mark.chosen) for _, mark in kept]
    return apply_choices(original, [site for site, _ in kept], choices)
