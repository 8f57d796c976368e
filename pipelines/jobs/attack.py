"""The job behind `leximark attack`: read a corpus, attack its documents, write it anew."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from attacks.attack import attack_documents
from pipelines.loading.text_attacks import CorpusColumns, make_text_attacks
from watermark.corpus import load_saved, open_corpus
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
) -> AttackCounts:
    """Attack a corpus and write it into a new folder, in its own form.

    Args:
        source: A path, a hub id or a `datasets.Dataset`.
        out: Folder to make; it is there whole or not at all.
        names: Attacks, applied one after the other.
        settings: See `make_text_attacks`.
        text_column: Column of the text.
        id_column: Column of the ids.
        split: Split of a data set.
        seed: Seed of everything random.
        share: Share of the documents that is attacked.

    Raises:
        ToolkitError: An attack, setting or number is invalid, or the target exists.
        CorpusError: The corpus cannot be read, or the attack drops every document.
    """
    if not 0 <= share <= 1:
        raise ToolkitError(f"--share must lie in [0, 1], got {share}")
    corpus = open_corpus(source, text_column=text_column, id_column=id_column, split=split)
    attacks = make_text_attacks(names, settings, CorpusColumns(text_column, id_column))
    counts = AttackCounts()

    def texts() -> Iterator[str | None]:
        after = attack_documents(attacks, corpus.documents(), seed=seed, share=share)
        bar = tqdm(after, unit=" documents", desc="attack", disable=None)
        for before, document in zip(corpus.documents(), bar, strict=True):
            counts.n_documents += 1
            counts.n_dropped += document is None
            counts.n_changed += document is not None and document.text != before.text
            yield None if document is None else document.text
        if counts.n_dropped == counts.n_documents:
            raise CorpusError(
                f"{' then '.join(names)}: dropped all {counts.n_documents} documents of "
                f"{corpus.source}; nothing was written. Choose a milder setting"
            )

    corpus.rewrite(out, texts())
    return counts


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
