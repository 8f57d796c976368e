"""Mark a corpus in tasks that run anywhere: survey, settle, mark, assemble.

Each task may run in any process that sees the working folder, in any order within its step, twice,
or be cut at any moment; the bytes are those of `mark_corpus`. Nothing here knows what runs the
tasks.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from watermark.atomic import atomic_file, atomic_folder
from watermark.corpus import Corpus
from watermark.corpus.rows import Row
from watermark.document import Document, text_sha256
from watermark.errors import CorpusError, VaultError
from watermark.keys import HOLDOUT, Key, holdout_limit, read_key
from watermark.marking.codebook import Codebook, build_codebook, draw_marks
from watermark.marking.mark import Intent, finish_vault, nothing_to_mark
from watermark.marking.site_index import (
    DocumentsDigest,
    FindSites,
    IndexedDocument,
    batch_path,
    batches,
    index_batch,
    indexed_documents,
)
from watermark.marking.workspace import PART_SIZES, PARTS, PUBLISHED, SETTLEMENT, SITES
from watermark.substitution.rules import WordRules
from watermark.vault.plan import KEY, PLAN
from watermark.vault.writer import VaultWriter


@dataclass(frozen=True)
class Work:
    """What the tasks of one run share. No field holds the key, only where it is."""

    corpus: Corpus
    folder: Path
    """The working folder, `VAULT.partial`, which every task sees."""
    intent: Intent
    made_with: dict[str, str]
    key_file: Path | None = None
    rules: WordRules = field(default_factory=WordRules)

    def key(self) -> Key:
        """Read the key."""
        return read_key(self.key_file or self.folder / KEY)

    def groups(self) -> list[list[int]]:
        """Return the parts of the corpus that are written together, by number.

        The splits of a saved data set have a file in common.
        """
        numbers = list(range(len(self.corpus.parts)))
        return [numbers] if self.corpus.form == "datasets-folder" else [[n] for n in numbers]


def survey(
    work: Work,
    find_sites: FindSites,
    rank: int,
    n_tasks: int,
    progress: Callable[[int], None] = lambda n: None,
) -> None:
    """Find the sites in every `n_tasks`-th batch of documents, from the one numbered `rank` on.

    Every task reads the whole corpus, because the ids of documents depend on those before, and
    finding sites takes thousands of times as long as reading. The first one counts the documents
    of each part.

    Raises:
        CorpusError: The corpus cannot be read, or changed since the unfinished run.
    """
    folder = work.folder / SITES
    folder.mkdir(exist_ok=True)
    sizes = [0] * len(work.corpus.parts)

    def documents() -> Iterator[Document]:
        for part, document in work.corpus.numbered_documents():
            sizes[part] += 1
            yield document

    first = 0
    for number, batch in enumerate(batches(documents())):
        if number % n_tasks == rank:
            index_batch(batch, batch_path(folder, first), find_sites, progress)
        first += len(batch)
    if rank == 0:
        _write_json(work.folder / PART_SIZES, sizes)


def settle(work: Work) -> None:
    """Settle what needs all sites: the codebook, who is held out, and the digest of the corpus.

    Raises:
        CorpusError: There is nothing to mark.
    """
    folder, scheme = work.folder / SITES, work.intent.scheme
    digest, n_documents, n_sites = DocumentsDigest(), 0, 0
    for document in indexed_documents(folder):
        digest.add(document.document_id, document.text_sha256)
        n_documents, n_sites = n_documents + 1, n_sites + len(document.sites)
    if n_documents != sum(_read_json(work.folder / PART_SIZES)):
        raise VaultError(f"{folder}: batches are missing; repeat the command to find their sites")
    if not n_sites:
        raise nothing_to_mark(n_documents, scheme, work.made_with)
    names = (document.text_sha256 for document in indexed_documents(folder))
    settled = {
        "codebook": build_codebook(indexed_documents(folder), scheme).to_json(),
        "holdout_limit": holdout_limit(names, work.key(), work.intent.holdout_share),
        "digest": digest.hexdigest(),
    }
    _write_json(work.folder / SETTLEMENT, settled)


def mark_parts(work: Work, rank: int, n_tasks: int) -> None:
    """Write every `n_tasks`-th group of parts, from the one numbered `rank` on.

    Raises:
        CorpusError: The corpus changed, or a part cannot be written.
    """
    settled, sizes = (_read_json(work.folder / name) for name in (SETTLEMENT, PART_SIZES))
    codebook, limit = Codebook.from_json(settled["codebook"]), int(settled["holdout_limit"])
    for number, group in list(enumerate(work.groups()))[rank::n_tasks]:
        target = _part_folder(work, number)
        if target.exists():
            continue
        with suppress(FileExistsError), atomic_folder(target) as draft:
            _mark_group(work, draft, group, sizes, codebook, limit)


def _part_folder(work: Work, number: int) -> Path:
    return work.folder / PARTS / f"{number:06d}"


def _mark_group(
    work: Work,
    draft: Path,
    group: Sequence[int],
    sizes: Sequence[int],
    codebook: Codebook,
    limit: int,
) -> None:
    first, n_documents = sum(sizes[: group[0]]), sum(sizes[number] for number in group)
    key, found = work.key(), indexed_documents(work.folder / SITES, first)
    published = draft / PUBLISHED
    published.mkdir()
    with VaultWriter(draft) as vault:

        def edit(row: Row) -> str | None:
            indexed = next(found, None)
            if indexed is None or not _is_same(row, indexed):
                raise CorpusError(f"{row.place}: the corpus changed while it was marked")
            document = Document(indexed.document_id, row.text)
            marked = draw_marks(document, indexed.sites, codebook, work.intent.scheme, key)
            held_out = key.fraction(HOLDOUT, indexed.text_sha256) < limit
            fits = {site.start: site.fits for site in indexed.sites}
            vault.add(row.text, marked, "held out" if held_out else "published", fits)
            return None if held_out else marked.document.text

        work.corpus.rewrite_parts(published, group, edit)
    if vault.n_documents != n_documents:
        raise CorpusError(
            f"{work.corpus.source}: lost documents while it was marked: {vault.n_documents:,} "
            f"instead of {n_documents:,} in part {group[0]}"
        )


def _is_same(row: Row, indexed: IndexedDocument) -> bool:
    same_id = row.id is None or row.id == indexed.document_id
    return same_id and text_sha256(row.text) == indexed.text_sha256


def assemble(work: Work) -> None:
    """Put the parts together in the working folder; the plan comes last and marks the end.

    Raises:
        VaultError: A part is missing.
    """
    if (work.folder / PLAN).exists():
        return
    numbers = range(len(work.groups()))
    missing = [n for n in numbers if not _part_folder(work, n).exists()]
    if missing:
        raise VaultError(f"{work.folder / PARTS}: parts {missing} are missing; repeat the command")
    with VaultWriter(work.folder) as vault:
        for number in numbers:
            vault.append(_part_folder(work, number))
            _move(_part_folder(work, number) / PUBLISHED, work.folder / PUBLISHED)
    digest = _read_json(work.folder / SETTLEMENT)["digest"]
    finish_vault(vault, work.intent, work.key(), work.corpus.form, digest, work.made_with)


def _move(source: Path, target: Path) -> None:
    """Move all files below a folder; those that a cut run moved are there already."""
    target.mkdir(exist_ok=True)
    for folder, names, files in os.walk(source):
        here = target / Path(folder).relative_to(source)
        for name in names:
            (here / name).mkdir(exist_ok=True)
        for name in files:
            shutil.move(Path(folder, name), here / name)


def _write_json(path: Path, value: Any) -> None:
    if not path.exists():
        with suppress(FileExistsError), atomic_file(path) as draft:
            draft.write_text(json.dumps(value), encoding="utf-8")


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise VaultError(f"{path}: missing; repeat the command") from error
