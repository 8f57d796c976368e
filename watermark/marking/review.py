"""Apply a reviewer's decisions on sites before the texts are published.

A site that is rejected returns to its original word and is removed from the ledger. The tests of
evidence stay exact as long as decisions do not depend on what the key decided: which candidate was
drawn, and which documents are held out. So a decision names a site by its offset in the *original*
text and lists all of its candidates; a file that names the chosen word is refused.
"""

import csv
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from watermark.atomic import atomic_folder
from watermark.corpus import Corpus
from watermark.document import Document, Marked, apply_choices, sites_of
from watermark.errors import CorpusError, VaultError
from watermark.keys import write_key
from watermark.vault.editions import LICENSEES
from watermark.vault.plan import COMMITMENT, KEY, Plan, file_sha256, text_sha256
from watermark.vault.streams import CHAIN
from watermark.vault.tables import VaultDocument
from watermark.vault.vault import Vault
from watermark.vault.writer import VaultWriter, check_targets

COLUMNS = ("document_id", "start", "original", "candidates")
Kind = Literal["approve", "reject"]
_Place = tuple[str, int]


@dataclass(frozen=True)
class Decisions:
    """The sites named in a file, and whether they are rejected or approved."""

    kind: Kind
    """`reject`: drop the named sites. `approve`: drop all others."""
    source: Path
    sites: Mapping[_Place, tuple[str, tuple[str, ...]]]
    """Document and offset in its original text, with the original word and all candidates."""

    def keeps(self, place: _Place) -> bool:
        """Tell whether a site stays."""
        return (place in self.sites) == (self.kind == "approve")


def read_decisions(path: Path, kind: Kind) -> Decisions:
    """Read the CSV file that the review page exports.

    Raises:
        VaultError: It has other columns or an invalid line; the message names file and line.
    """
    sites: dict[_Place, tuple[str, tuple[str, ...]]] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            _check_columns(path, reader.fieldnames or ())
            for row in reader:
                place, site = _decision(path, reader.line_num, row)
                if sites.setdefault(place, site) != site:
                    raise VaultError(f"{path}:{reader.line_num}: {place} came before, otherwise")
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise VaultError(f"{path}: wanted a CSV file in UTF-8 ({error})") from error
    return Decisions(kind, path, sites)


def _check_columns(path: Path, names: object) -> None:
    found = tuple(map(str, names)) if isinstance(names, list | tuple) else ()
    if "chosen" in found:
        raise VaultError(
            f"{path}: has a column 'chosen': a decision must not depend on which word the key "
            "drew, or the test is no longer exact; decide on review.html"
        )
    if found != COLUMNS:
        raise VaultError(f"{path}: wanted the columns {', '.join(COLUMNS)}, got {', '.join(found)}")


def _decision(
    path: Path, line: int, row: Mapping[str, str]
) -> tuple[_Place, tuple[str, tuple[str, ...]]]:
    try:
        candidates = json.loads(row["candidates"])
        if not all(isinstance(candidate, str) for candidate in candidates):
            raise TypeError("candidates are not texts")
        place = (row["document_id"], int(row["start"]))
    except (TypeError, ValueError) as error:
        raise VaultError(
            f"{path}:{line}: wanted an offset and a JSON list of all candidates ({error})"
        ) from error
    return place, (row["original"], tuple(candidates))


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
        counts = {
            "n_sites": writer.n_sites,
            "n_changed": writer.n_changed,
            "review": {
                "decisions_sha256": file_sha256(decisions.source),
                "kind": decisions.kind,
                "n_rejected": before["n_sites"] - writer.n_sites,
                "commitment_before": (vault.folder / COMMITMENT).read_text("utf-8").strip(),
            },
        }
        return writer.finish(replace(vault.plan, corpus={**before, **counts}), vault.key)


def _check_decisions(vault: Vault, decisions: Decisions) -> None:
    """Hold every decision against its site, and make sure that a site is left."""
    seen: set[_Place] = set()
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
            n_sites += not site.original or decisions.keeps(place)
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
    theirs = published.documents()
    for row, marked in vault.marked():
        reviewed = _without(marked, Document(row.id, row.original), decisions)
        writer.add(row.original, reviewed, row.status)
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
        if not site.original or decisions.keeps((site.document_id, site.start))
    ]
    choices = [mark.candidates.index(mark.chosen) for _, mark in kept]
    return apply_choices(original, [site for site, _ in kept], choices)
