"""CORPORA: data sets read as documents, and written again in the form they have.

A form is a file: JSON Lines, CSV, Parquet, folders of texts, what `datasets` saves and loads.
"""

from watermark.corpus.corpus import (
    Corpus,
    CorpusDigest,
    corpus_digest,
    load_saved,
    open_corpus,
)

__all__ = ["Corpus", "CorpusDigest", "corpus_digest", "load_saved", "open_corpus"]
