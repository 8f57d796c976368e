"""The job behind `leximark attack`: read a corpus, attack its documents, write it anew."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from attacks.attack import TextAttack, attack_documents, document_rng
from attacks.text.chat import ChatRewriting
from pipelines.jobs.attack_journal import attack_with_journal
from pipelines.loading.text_attacks import AnyTextAttack, CorpusColumns, make_text_attacks
from watermark.atomic import refuse_existing
from watermark.corpus import Corpus, load_saved, open_corpus
from watermark.document import Document
from watermark.errors import CorpusError, ToolkitError

if TYPE_CHECKING:
    from datasets import Dataset


@dataclass
class AttackCounts:
    """What became of the documents."""

    n_documents: int = 0
    n_changed: int = 0
    """Documents kept with another text."""
    n_dropped: int = 0
    n_failed: int = 0
    """Requests in this run that a server did not answer; their paragraphs stay as they were."""
    n_originals: int = 0
    """Documents that were also written as they came."""


def attack_command(
    source: Any,
    out: Path,
    names: Sequence[str],
    settings: Mapping[str, str],
    *,
    text_column: str = "text",
    id_column: str | None = None,
    split: str | None = None,
    seed: int = 0,
    share: float = 1.0,
    originals: float = 0.0,
) -> AttackCounts:
    """Attack a corpus and write it into a new folder, in its own form.

    A run that was interrupted goes on from where it stopped, unless one of the attacks needs all
    documents at once.

    Args:
        source: A path, a hub id or a `datasets.Dataset`.
        out: Folder to make; it appears complete or not at all.
        names: Attacks, applied one after the other.
        settings: See `make_text_attacks`.
        text_column: Column of the text.
        id_column: Column of the ids.
        split: Split of a data set.
        seed: Seed of everything random.
        share: Share of the documents that is attacked.
        originals: Share of the documents that are also written as they came, into a second folder
            beside `out`, whose name ends in `-originals`.

    Raises:
        ToolkitError: An attack, setting or number is invalid, or the target exists.
        CorpusError: The corpus cannot be read, the attack drops every document, or a server
            answered no request.
        ModelError: A model cannot be loaded.
    """
    for option, value in (("share", share), ("originals", originals)):
        if not 0 <= value <= 1:
            raise ToolkitError(f"--{option} must lie in [0, 1], got {value}")
    beside = out.with_name(f"{out.name}-originals")
    if originals:
        refuse_existing(beside)
    corpus = open_corpus(source, text_column=text_column, id_column=id_column, split=split)
    attacks = make_text_attacks(names, settings, CorpusColumns(text_column, id_column))
    counts = AttackCounts()
    chain = {"attacks": names, "settings": settings, "seed": seed, "share": share}
    journal = out.with_name(f".{out.name}.journal")
    after = _attacked(corpus, attacks, chain, journal)
    corpus.rewrite(out, _texts(corpus, after, attacks, counts, journal))
    journal.unlink(missing_ok=True)
    if originals:
        counts.n_originals = corpus.rewrite(beside, _originals(corpus, seed, originals))
    return counts


def _attacked(
    corpus: Corpus, attacks: Sequence[AnyTextAttack], chain: Mapping[str, Any], journal: Path
) -> Iterator[Document | None]:
    def attack(documents: Iterable[Document]) -> Iterator[Document | None]:
        return attack_documents(attacks, documents, seed=chain["seed"], share=chain["share"])

    if all(isinstance(one, TextAttack) for one in attacks):
        return attack_with_journal(journal, chain, corpus.documents(), attack)
    return attack(corpus.documents())


def _texts(
    corpus: Corpus,
    after: Iterator[Document | None],
    attacks: Sequence[AnyTextAttack],
    counts: AttackCounts,
    journal: Path,
) -> Iterator[str | None]:
    """Yield the text of each row after the attacks, and count; refuse a result of no use."""
    bar = tqdm(after, unit=" documents", desc="attack", disable=None)
    for before, document in zip(corpus.documents(), bar, strict=True):
        counts.n_documents += 1
        counts.n_dropped += document is None
        counts.n_changed += document is not None and document.text != before.text
        yield None if document is None else document.text
    counts.n_failed = sum(one.n_failures for one in attacks if isinstance(one, ChatRewriting))
    if reason := _no_use(counts):
        journal.unlink(missing_ok=True)
        chain = " then ".join(one.name for one in attacks)
        raise CorpusError(f"{chain}: {reason}; nothing of {corpus.source} was written")


def _no_use(counts: AttackCounts) -> str | None:
    if counts.n_dropped == counts.n_documents:
        return f"dropped all {counts.n_documents} documents, choose a milder setting"
    if counts.n_failed and not counts.n_changed:
        return f"the server failed on all {counts.n_failed} requests, fix it and try again"
    return None


def _originals(corpus: Corpus, seed: int, share: float) -> Iterator[str | None]:
    for document in corpus.documents():
        kept = document_rng((seed,), document.id, "original").random() < share
        yield document.text if kept else None


def attack_dataset(
    dataset: "Dataset",
    out: str | Path,
    attacks: Sequence[str],
    settings: Mapping[str, str] | None = None,
    *,
    text_column: str = "text",
    id_column: str | None = None,
    share: float = 1.0,
    seed: int = 0,
) -> "Dataset":
    """Do to published texts what a thief or a cleaner could do; needs no vault and no key.

    Args:
        dataset: The texts, such as `mark` returned them.
        out: Folder to make for the attacked data set.
        attacks: Names of the attacks, applied in order; docs/attacks.md lists them.
        settings: Values by the name of the setting, or by `attack.setting`.
        text_column: Column that holds the text.
        id_column: Column that holds the ids.
        share: Share of the documents that is attacked, in [0, 1].
        seed: Seed of all that is random.

    Raises:
        ToolkitError: An attack or a setting is unknown or invalid, or the folder exists.
    """
    attack_command(
        dataset,
        Path(out),
        attacks,
        settings or {},
        text_column=text_column,
        id_column=id_column,
        share=share,
        seed=seed,
    )
    saved: Dataset = load_saved(Path(out))
    return saved
