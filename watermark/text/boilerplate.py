"""Sentences that recur in a share of a corpus's documents: templates, licences, signatures.

They say nothing of a single document, and a mark in them would stand in all of them alike.
"""

import heapq
import re
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from math import ceil

from watermark.document import Document, Site

SHARE = 0.02
"""Minimum share of the different documents in which a sentence recurs to be boilerplate."""
LEAST_DOCUMENTS = 10
"""Minimum number of them."""
SAMPLED = 5_000
"""Documents of a larger corpus that are counted: those whose text has the least hash, so that the
result depends neither on the order nor on how the corpus is cut into shards."""
COUNTED_AT_EACH_END = 250
"""Sentences counted at the beginning and at the end of a long document."""
LEAST_CHARACTERS = 20
"""Shorter sentences are not counted."""
SHOWN = 3

_SENTENCE = re.compile(r"\S(?:[^\n\r.!?]|[.!?](?!\s))*[.!?]?")


@dataclass(frozen=True)
class Boilerplate:
    """The sentences of a corpus that recur."""

    hashes: frozenset[int]
    n_documents: int
    """Different documents that were counted."""

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where in a text a recurring sentence stands."""
        for match in _SENTENCE.finditer(text) if self.hashes else ():
            if len(match.group()) >= LEAST_CHARACTERS and _hash(match.group()) in self.hashes:
                yield match.span()

    def outside(self, document: Document, sites: Iterable[Site]) -> list[Site]:
        """Return the sites of a document that do not lie in boilerplate; additions stay."""
        spans = list(self.spans(document.text))
        return [
            site
            for site in sites
            if not any(start < site.end and site.start < end for start, end in spans)
        ]

    def examples(self, documents: Iterable[Document]) -> list[str]:
        """Return some of the recurring sentences, for a message."""
        found = dict[str, None]()
        for document in documents:
            for start, end in self.spans(document.text):
                found[document.text[start:end]] = None
                if len(found) == min(SHOWN, len(self.hashes)):
                    return list(found)
        return list(found)


def find_boilerplate(documents: Iterable[Document], share: float = SHARE) -> Boilerplate:
    """Count in how many different documents each sentence stands, and return those of many.

    A document that comes several times counts once. Memory is that of the sentences of 5,000
    documents, 8 bytes each.

    Args:
        documents: The corpus.
        share: Minimum share of the documents; 0 to find none.
    """
    if not share:
        return Boilerplate(frozenset(), 0)
    sample: list[int] = []  # a heap of negative hashes: the largest hash comes first
    sentences: dict[int, array[int]] = {}
    for document in documents:
        name = _hash(document.text)
        if name in sentences or (len(sample) == SAMPLED and name > -sample[0]):
            continue
        heapq.heappush(sample, -name)
        sentences[name] = array("Q", sorted(_counted(document.text)))
        if len(sample) > SAMPLED:
            del sentences[-heapq.heappop(sample)]
    counts = Counter(hashed for some in sentences.values() for hashed in some)
    least = max(LEAST_DOCUMENTS, ceil(share * len(sentences)))
    recurring = frozenset(hashed for hashed, n in counts.items() if n >= least)
    return Boilerplate(recurring, len(sentences))


def _counted(text: str) -> set[int]:
    found = [s for s in _SENTENCE.findall(text) if len(s) >= LEAST_CHARACTERS]
    if len(found) > 2 * COUNTED_AT_EACH_END:
        found = found[:COUNTED_AT_EACH_END] + found[-COUNTED_AT_EACH_END:]
    return set(map(_hash, found))


def _hash(text: str) -> int:
    normal = " ".join(text.split()).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(normal, digest_size=8).digest(), "big")
