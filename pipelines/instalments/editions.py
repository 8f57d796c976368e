"""The jobs behind `mark --editions` and `edition`: one edition a licensee."""

import json
import shutil
from itertools import zip_longest
from pathlib import Path
from typing import Any

from pipelines.jobs.mark import mark_command
from pipelines.loading.vaults import open_owned
from watermark.atomic import atomic_file, atomic_folder, refuse_existing
from watermark.corpus import Corpus, open_corpus
from watermark.corpus.address import Address
from watermark.errors import CorpusError, PrerequisiteError, VaultError
from watermark.keys import read_key
from watermark.marking.mark import Intent
from watermark.marking.workspace import is_finished, own_key
from watermark.vault.editions import (
    LICENSEES,
    edition_documents,
    edition_key,
    read_licensee_list,
    seal_of,
)
from watermark.vault.plan import Plan
from watermark.vault.vault import Vault
from watermark.vault.writer import check_targets

WITHOUT_CORPUS = "documents.jsonl"
"""Name of the file of an edition that is written without the original corpus."""


def mark_editions_command(
    source: Any,
    published: Path | Address,
    vault: Path,
    intent: Intent,
    licensees: Path,
    *,
    key_file: Path | None = None,
    sealed: dict[str, str] | None = None,
    **options: Any,
) -> Plan:
    """Mark a data set with a list of licensees, who each get an edition; return the plan.

    The texts in `published` have the coins of the owner's own key. Those of the editions are
    written by `edition_command`.

    Args:
        source: The data set.
        published: Folder or address for the owner's own edition.
        vault: Folder to keep private.
        intent: Scheme and plan.
        licensees: CSV file with a column `licensee`.
        key_file: A key to use instead of a fresh one.
        sealed: Hashes of further files that the plan is to bind.
        options: As of `mark_command`.

    Raises:
        ToolkitError: As of `mark_command`; or the list is not one, or is not that of the
            unfinished run.
    """
    read_licensee_list(licensees)
    if "redraw" not in intent.scheme.tests:
        raise PrerequisiteError(
            f"--editions: {intent.scheme.name} draws no words that the re-draw test could compare; "
            "choose another scheme or rule"
        )
    names = ("text_column", "id_column", "split")
    open_corpus(source, **{name: options[name] for name in names if name in options})
    work = vault.with_name(vault.name + ".partial")
    if not is_finished(work):
        check_targets(published, vault)
        work.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = own_key(work) if key_file is None else read_key(key_file)
    if not (work / LICENSEES).exists():
        with atomic_file(work / LICENSEES) as draft:
            shutil.copyfile(licensees, draft)
    elif (work / LICENSEES).read_bytes() != licensees.read_bytes():
        raise VaultError(
            f"{work}: left by an unfinished run with another list of licensees: repeat that "
            "command, or remove the folder to begin anew"
        )
    seals = {**(sealed or {}), LICENSEES: seal_of(work / LICENSEES, key)}
    return mark_command(
        source, published, vault, intent, key_file=key_file, sealed=seals, **options
    )


def edition_command(
    vault_folder: Path,
    licensee: str,
    out: Path,
    source: Any = None,
    *,
    key_file: Path | None = None,
    text_column: str = "text",
    id_column: str | None = None,
    split: str | None = None,
) -> int:
    """Write the texts of a licensee's edition into a new folder; return how many.

    With the original corpus they have its form and all of its columns, else they are JSON Lines
    with `id` and `text`.

    Raises:
        ToolkitError: There is no such licensee, the list of licensees or the vault was changed,
            or the corpus is not the one that was marked.
    """
    refuse_existing(out)
    vault = open_owned(vault_folder, key_file)
    edition_key(vault, licensee)  # before the corpus is read
    if source is None:
        n = 0
        with atomic_folder(out) as draft, (draft / WITHOUT_CORPUS).open("w", encoding="utf-8") as f:
            for document in filter(None, edition_documents(vault, licensee)):
                row = {"id": document.id, "text": document.text}
                f.write(json.dumps(row, ensure_ascii=False) + "\n")
                n += 1
        return n
    corpus = open_corpus(source, text_column=text_column, id_column=id_column, split=split)
    _check_same_corpus(vault, corpus)
    texts = (
        None if document is None else document.text
        for document in edition_documents(vault, licensee)
    )
    return corpus.rewrite(out, texts)


def _check_same_corpus(vault: Vault, corpus: Corpus) -> None:
    pairs = zip_longest(vault.documents(), corpus.documents())
    if any(
        row is None or document is None or (row.id, row.original) != (document.id, document.text)
        for row, document in pairs
    ):
        raise CorpusError(
            f"{corpus.source}: not the corpus that {vault.folder} was marked from: its ids or "
            "texts differ; name the original, with the same --text-column and --id-column"
        )
