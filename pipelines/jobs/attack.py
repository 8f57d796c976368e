"""The job behind `leximark attack`: read a corpus, attack its documents, write it anew."""

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from attacks.attack import TextAttack, attack_documents, document_rng
from attacks.text.chat import ChatRewriting
from attacks.text.collusion import Collusion
from membership.models.marking.chat import Chat
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
    """Requests in this run without a usable answer; their paragraphs stay as they were."""
    n_untouched: int = 0
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
    untouched: float = 0.0,
) -> AttackCounts:
    """Attack a corpus and write it into a new folder, in its own form.

    A run that was interrupted goes on from where it stopped, unless one of the attacks needs all
    documents at once. Until it is done, a hidden file beside `out` holds the texts so far.

    Args:
        source: A path, a hub id or a `datasets.Dataset`.
        out: Folder to make; it appears complete or not at all.
        names: Attacks, applied one after the other.
        settings: See `make_text_attacks`.
        text_column: Column of the text.
        id_column: Column of the ids.
        split: Split of a data set.
        seed: Seed of everything random.
        share: Share of the documents to attack.
        untouched: Share of the documents that are also written as they came, into a second folder
            beside `out`, whose name ends in `-untouched`.

    Raises:
        ToolkitError: An attack, setting or number is invalid, or the target exists.
        CorpusError: The corpus cannot be read, the attack drops every document, or a server
            answered no request.
        ModelError: A model cannot be loaded.
    """
    for option, value in (("share", share), ("untouched", untouched)):
        if not 0 <= value <= 1:
            raise ToolkitError(f"--{option} must lie in [0, 1], got {value}")
    refuse_existing(out)
    beside = out.with_name(f"{out.name}-untouched")
    if untouched:
        refuse_existing(beside)
    corpus = open_corpus(source, text_column=text_column, id_column=id_column, split=split)
    for _ in corpus.documents():  # refuse invalid rows before any work is done
        pass
    attacks = make_text_attacks(names, settings, CorpusColumns(text_column, id_column))
    counts = AttackCounts()
    recorded = _content(settings, _served_models(attacks))
    chain = {"attacks": names, "settings": recorded, "seed": seed, "share": share}
    journal = out.with_name(f".{out.name}.journal")
    hidden = out.with_name(f".{out.name}.untouched")  # so that both folders appear at the end
    try:
        if untouched:
            shutil.rmtree(hidden, ignore_errors=True)
            counts.n_untouched = corpus.rewrite(hidden, _untouched(corpus, seed, untouched))
        corpus.rewrite(out, _texts(corpus, attacks, chain, counts, journal))
        if untouched:
            hidden.rename(beside)
    finally:
        shutil.rmtree(hidden, ignore_errors=True)
    journal.unlink(missing_ok=True)
    return counts


def _served_models(attacks: Sequence[AnyTextAttack]) -> list[str]:
    """Return the names of the models behind servers, as the servers call them."""
    chats = [one for one in attacks if isinstance(one, ChatRewriting)]
    return [each.model for chat in chats for each in chat.requests if isinstance(each, Chat)]


def _content(settings: Mapping[str, str], served: Sequence[str] = ()) -> dict[str, Any]:
    """Return what the settings of a chain say, with size and time of the files that they name.

    The number of failures allowed does not change a result, and of an endpoint only the model does.

    Args:
        settings: The settings.
        served: Names of the models behind the endpoint, which need not name one.
    """
    found: dict[str, Any] = {"version": version("leximark")}
    for name, value in settings.items():
        setting = name.rpartition(".")[2]
        if setting == "max_failures":
            continue
        if setting == "endpoint":
            found[name] = value.partition("#")[2] or list(served)
            continue
        paths = [Path(part) for part in value.split(",") if part]
        files = sorted(f for p in paths for f in ([p] if p.is_file() else p.glob("**/*")))
        stats = [file.stat() for file in files if file.is_file()]
        found[name] = [value, [[stat.st_size, stat.st_mtime_ns] for stat in stats]]
    return found


def _texts(
    corpus: Corpus,
    attacks: Sequence[AnyTextAttack],
    chain: Mapping[str, Any],
    counts: AttackCounts,
    journal: Path,
) -> Iterator[str | None]:
    """Yield the text of each row after the attacks, and count; refuse a result of no use."""

    def attack(documents: Iterable[Document]) -> Iterator[Document | None]:
        return attack_documents(attacks, documents, seed=chain["seed"], share=chain["share"])

    chats = [one for one in attacks if isinstance(one, ChatRewriting)]
    after = attack(corpus.documents())
    if all(isinstance(one, TextAttack) for one in attacks):
        documents = corpus.documents()
        after = attack_with_journal(
            journal, chain, documents, attack, lambda: sum(chat.n_retryable for chat in chats)
        )
    editions = [e for one in attacks if isinstance(one, Collusion) for e in one.editions]
    n_matched = 0
    bar = tqdm(after, unit=" documents", desc="attack", disable=None)
    for before, document in zip(corpus.documents(), bar, strict=True):
        counts.n_documents += 1
        n_matched += any(before.id in edition for edition in editions)
        counts.n_dropped += document is None
        counts.n_changed += document is not None and document.text != before.text
        yield None if document is None else document.text
    counts.n_failed = sum(chat.n_failures for chat in chats)
    unmatched = bool(editions) and not n_matched
    if reason := _no_use(counts, unmatched):
        journal.unlink(missing_ok=True)
        names = " then ".join(one.name for one in attacks)
        raise CorpusError(f"{names}: {reason}; nothing of {corpus.source} was written")


def _no_use(counts: AttackCounts, unmatched: bool) -> str | None:
    if unmatched:
        return "no edition has a document with one of these ids, name their column by --id-column"
    if counts.n_dropped == counts.n_documents:
        return f"dropped all {counts.n_documents} documents, choose a milder setting"
    if counts.n_failed and not counts.n_changed:
        return f"no usable answer to any of {counts.n_failed} requests, see to the chat model"
    return None


def _untouched(corpus: Corpus, seed: int, share: float) -> Iterator[str | None]:
    for document in corpus.documents():
        kept = document_rng((seed,), document.id, "untouched").random() < share
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
        share: Share of the documents to attack, in [0, 1].
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
