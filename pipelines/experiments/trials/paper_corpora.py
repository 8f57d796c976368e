"""The six data sets of the LexiMark paper, by hub id or from a local copy.

Source: the released LexiMark code. A local copy lies in the folder that the environment variable
`LEXIMARK_DATA` names, under its hub id: a file there in place of the data set's folder will do, for
example `$LEXIMARK_DATA/swj0419/BookMIA.jsonl`.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from watermark.corpus import open_corpus
from watermark.corpus.rows import FullRow
from watermark.document import Document
from watermark.errors import CorpusError

DATA = "LEXIMARK_DATA"
PILE, BOOKMIA = "monology/pile-uncopyrighted", "swj0419/BookMIA"
MOST_SNIPPETS = 5_000
"""Maximum number of documents taken from BookMIA, as in the released code."""


@dataclass(frozen=True)
class PaperCorpus:
    """One data set of the paper."""

    dataset: str
    """Hub id."""
    split: str
    subset: str = ""
    """Part of the Pile, as `meta.pile_set_name` calls it."""

    @property
    def text_column(self) -> str:
        """Name of the column that holds the texts."""
        return "snippet" if self.dataset == BOOKMIA else "text"

    def has(self, full: FullRow) -> bool:
        """Tell whether a row is of this part."""
        if self.dataset == BOOKMIA:
            # Books that came out after the models: the others may have been trained on.
            return not int(full.columns["label"])
        return bool(full.columns["meta"]["pile_set_name"] == self.subset)


CORPORA = {
    "BookMIA": PaperCorpus(BOOKMIA, "train"),
    "Enron Emails": PaperCorpus(PILE, "validation", "Enron Emails"),
    "PubMed Abstracts": PaperCorpus(PILE, "validation", "PubMed Abstracts"),
    "Wikipedia (en)": PaperCorpus(PILE, "validation", "Wikipedia (en)"),
    "FreeLaw": PaperCorpus(PILE, "validation", "FreeLaw"),
    "USPTO Backgrounds": PaperCorpus(PILE, "validation", "USPTO Backgrounds"),
}


def load_paper_corpus(name: str, n: int) -> list[Document]:
    """Return the first n documents of a data set, each text once.

    Args:
        name: A key of `CORPORA`.
        n: Maximum number; BookMIA has 5,000.

    Raises:
        CorpusError: The data set cannot be read, or has none of these documents.
    """
    corpus = CORPORA[name]
    most = min(n, MOST_SNIPPETS) if corpus.dataset == BOOKMIA else n
    texts = islice(dict.fromkeys(_texts(corpus)), most)
    found = [Document(f"{name}-{i}", text) for i, text in enumerate(texts)]
    if not found:
        raise CorpusError(f"{corpus.dataset}: there is no document of {name} in it")
    return found


def _texts(corpus: PaperCorpus) -> Iterator[str]:
    source = find_dataset(corpus.dataset)
    split = None if Path(source).is_file() else corpus.split
    opened = open_corpus(source, text_column=corpus.text_column, split=split)
    for full in opened.full_rows():
        row = full.row
        try:
            wanted = corpus.has(full)
        except (KeyError, TypeError, ValueError) as error:
            raise CorpusError(f"{row.place}: not a row of {corpus.dataset} ({error!r})") from error
        if wanted and row.text.strip():
            yield row.text


def find_dataset(hub_id: str) -> str:
    """Return the local copy of a data set if there is one, else its hub id."""
    if DATA in os.environ:
        place = Path(os.environ[DATA]) / hub_id
        if place.is_dir():
            return str(place)
        for file in sorted(place.parent.glob(f"{place.name}.*")):
            return str(file)
    return hub_id
