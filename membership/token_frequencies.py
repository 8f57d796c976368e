"""Token frequencies of a tokenizer in a reference corpus."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from membership.traces.tokens import TextTokenizer
from watermark.atomic import atomic_file, refuse_existing
from watermark.corpus import CorpusDigest
from watermark.document import Document
from watermark.errors import CorpusError, PrerequisiteError

_AT_ONCE = 256
_FORMAT = 1


@dataclass(frozen=True)
class Origin:
    """The origin of a table of counts; scores are comparable only if all of it agrees."""

    tokenizer: str
    """Fingerprint of the tokenizer; see `TextTokenizer.fingerprint`."""
    tokenizer_name: str
    corpus: str
    """SHA-256 over the ids and texts of the corpus."""
    corpus_name: str
    n_documents: int
    max_tokens: int | None
    """Maximum number of tokens counted per document; None for all."""
    special_tokens: str = "not counted"


@dataclass(frozen=True)
class FrequencyTable:
    """Token counts of a reference corpus, smoothed by adding one to each."""

    counts: NDArray[np.int64]
    """Shape (V,), V being the size of the model's vocabulary including padding."""
    origin: Origin

    def log_frequency(self, token_ids: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
        """Return log((count + 1) / (all counts + V)) of each token, natural, below 0."""
        total = float(self.counts.sum() + len(self.counts))
        frequency: NDArray[np.float64] = (self.counts[token_ids] + 1) / total
        return np.log(frequency)

    def check(self, tokenizer: str) -> None:
        """Check that the table was made with this tokenizer.

        Raises:
            PrerequisiteError: It was made with another one.
        """
        if tokenizer != self.origin.tokenizer:
            raise PrerequisiteError(
                f"dc_pdd: the frequencies were counted with the tokenizer of "
                f"{self.origin.tokenizer_name} ({self.origin.tokenizer[:12]}), but the suspect's "
                f"is another ({tokenizer[:12]}); make a table with "
                "`leximark frequencies --tokenizer` and the suspect's name"
            )

    def save(self, path: Path) -> None:
        """Write the table to a new file.

        Raises:
            ToolkitError: The file exists already.
        """
        about = json.dumps({"format": _FORMAT, **asdict(self.origin)}, sort_keys=True)
        refuse_existing(path)
        with atomic_file(path) as draft, draft.open("wb") as stream:
            np.savez_compressed(stream, counts=self.counts, about=np.array(about))


def load_frequencies(path: Path) -> FrequencyTable:
    """Read a table that `leximark frequencies` wrote.

    Raises:
        PrerequisiteError: The file does not exist, or is not a table.
    """
    wanted = f"{path}: wanted a table of token frequencies, as `leximark frequencies` makes it"
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            counts, about = file["counts"], json.loads(str(file["about"]))
        if about.pop("format") != _FORMAT or counts.ndim != 1 or counts.dtype != np.int64:
            raise ValueError("unknown format")
        return FrequencyTable(counts, Origin(**about))
    except FileNotFoundError as error:
        raise PrerequisiteError(f"{wanted}; there is no such file") from error
    except (OSError, ValueError, TypeError, KeyError, EOFError, BadZipFile) as error:
        raise PrerequisiteError(f"{wanted}, but it cannot be read ({error})") from error


def count_tokens(
    documents: Iterable[Document],
    tokenizer: TextTokenizer,
    *,
    vocabulary: int,
    max_tokens: int | None = 1024,
    corpus_name: str,
    tokenizer_name: str,
) -> FrequencyTable:
    """Count the tokens of a corpus; tokens that the tokenizer adds are not counted.

    Args:
        documents: The reference corpus; should resemble the suspect's training data in general.
        tokenizer: The suspect's tokenizer.
        vocabulary: V, the vocabulary size of the model; at least that of the tokenizer is used.
        max_tokens: Maximum number of tokens counted per document, from its start; None for all.
        corpus_name: Name of the corpus in messages.
        tokenizer_name: Name of the tokenizer in messages.

    Raises:
        CorpusError: The corpus has no tokens.
    """
    size = max(vocabulary, 1 + max(tokenizer.backend.get_vocab(with_added_tokens=True).values()))
    counts = np.zeros(size, dtype=np.int64)
    digest, n_documents = CorpusDigest(), 0
    passing = digest.passing(documents)
    while some := list(islice(passing, _AT_ONCE)):
        cuts = tokenizer.encode([document.text for document in some])
        ids = np.concatenate([tokens.ids[:max_tokens] for tokens in cuts])
        # Token counts, not document counts.
        counts += np.bincount(ids, minlength=size)
        n_documents += len(some)
    counts[list(tokenizer.special)] = 0
    if not counts.any():
        raise CorpusError(f"{corpus_name}: has no tokens to count")
    origin = Origin(
        tokenizer=tokenizer.fingerprint(),
        tokenizer_name=tokenizer_name,
        corpus=digest.hexdigest(),
        corpus_name=corpus_name,
        n_documents=n_documents,
        max_tokens=max_tokens,
    )
    return FrequencyTable(counts, origin)
