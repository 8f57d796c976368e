"""Deduplicate a corpus, alone or in one crawl with other copies, by datatrove's own steps."""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from attacks.attack import CorpusAttack
from attacks.text.quality_filter import MISSING
from watermark.document import Document
from watermark.errors import PrerequisiteError

Pages = Iterable[Any]
Deduplicate = Callable[[Callable[[], Pages], str], Iterator[Any]]
"""Takes a function that yields datatrove's documents and a working folder; yields the kept ones."""


@dataclass(frozen=True)
class Deduplication(CorpusAttack):
    """Removes duplicates of documents, or of spans of three sentences within them.

    Source: datatrove 0.10. Exact deduplication compares whole texts. That of sentences is C4's:
    spans of 3 sentences are cut out, and documents left with fewer than 3 sentences or 50 words go.
    MinHash is FineWeb's: 5-grams, 14 buckets of 8 hashes, so documents that share about 70 % of
    their 5-grams are duplicates; one copy of each cluster is kept, not always the first. The other
    methods keep the first copy. The crawl's other texts come first.
    """

    name: ClassVar[str] = "deduplication"
    method: str = "minhash"
    """`exact`, `sentence` or `minhash`."""
    others: Sequence[Document] = field(default=(), repr=False)
    """Other texts in the same crawl: an unmarked copy, other editions."""

    def __post_init__(self) -> None:
        """Reject an unknown method.

        Raises:
            ValueError: There is no such method.
        """
        if self.method not in _METHODS:
            raise ValueError(f"method must be one of {', '.join(_METHODS)}, got {self.method!r}")

    def apply_all(
        self, documents: Sequence[Document], rng: np.random.Generator
    ) -> list[Document | None]:
        """Return the documents that are kept, without what was cut out of them.

        Raises:
            PrerequisiteError: datatrove is not installed.
        """
        try:
            from datatrove.data import Document as Page
            from datatrove.utils.logging import logger
        except ImportError as error:
            raise PrerequisiteError(f"deduplication: {MISSING}") from error
        logger.disable("datatrove")  # it reports every file it opens

        texts = [*(other.text for other in self.others), *(d.text for d in documents)]

        def pages() -> Pages:
            return [Page(text=text, id=str(number)) for number, text in enumerate(texts)]

        with tempfile.TemporaryDirectory() as folder:
            kept = {int(page.id): page.text for page in _METHODS[self.method](pages, folder)}
        texts_left = (kept.get(len(self.others) + i) for i in range(len(documents)))
        return [
            None if text is None else Document(document.id, text)
            for document, text in zip(documents, texts_left, strict=True)
        ]


def _hashes() -> Any:
    """Return the hash of all steps: datatrove's default wants another version of xxhash."""
    from datatrove.utils.hashing import HashConfig

    return HashConfig(precision=64, hash_fc="sha1")


def _content(page: Any) -> str:
    return str(page.text)


def _exact(pages: Callable[[], Pages], folder: str) -> Iterator[Any]:
    from datatrove.pipeline.dedup import ExactDedupFilter, ExactDedupSignature, ExactFindDedups
    from datatrove.pipeline.dedup.exact_dedup import ExactDedupConfig

    config = ExactDedupConfig(content_getter=_content, hash_config=_hashes())
    ExactDedupSignature(f"{folder}/1", config).run(pages())
    ExactFindDedups(f"{folder}/1", f"{folder}/2", config=config).run()
    yield from ExactDedupFilter(f"{folder}/2", config=config).run(pages())


def _sentence(pages: Callable[[], Pages], folder: str) -> Iterator[Any]:
    from datatrove.pipeline.dedup import (
        SentenceDedupFilter,
        SentenceDedupSignature,
        SentenceFindDedups,
    )
    from datatrove.pipeline.dedup.sentence_dedup import SentDedupConfig

    config = SentDedupConfig(hash_config=_hashes())
    SentenceDedupSignature(f"{folder}/1", config=config).run(pages())
    SentenceFindDedups(f"{folder}/1", f"{folder}/2", config=config).run()
    yield from SentenceDedupFilter(f"{folder}/2", config=config).run(pages())


def _minhash(pages: Callable[[], Pages], folder: str) -> Iterator[Any]:
    from datatrove.pipeline.dedup import (
        MinhashDedupBuckets,
        MinhashDedupCluster,
        MinhashDedupFilter,
        MinhashDedupSignature,
    )
    from datatrove.pipeline.dedup.minhash import MinhashConfig

    config = MinhashConfig(hash_config=_hashes())
    for _ in MinhashDedupSignature(f"{folder}/1", config=config).run(pages()) or ():
        pass
    n = config.num_buckets
    for bucket in range(n):
        MinhashDedupBuckets(f"{folder}/1", f"{folder}/2", config=config).run(None, bucket, n)
    MinhashDedupCluster(f"{folder}/2", f"{folder}/3", config=config).run(None, 0, 1)
    if not any(Path(folder, "3").glob("*")):  # no duplicate at all
        yield from pages()
        return
    yield from MinhashDedupFilter(f"{folder}/3").run(pages())


_METHODS: dict[str, Deduplicate] = {"exact": _exact, "sentence": _sentence, "minhash": _minhash}
