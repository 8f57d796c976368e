"""What marking did to the texts, measured without a model."""

import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from watermark.document import Document, Marked, segments

_WORD = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*")
_SENTENCE = re.compile(r"[^.!?\n]+(?:[.!?]+[\"'\u201d\u2019)]*|\n|$)")
N_PERMUTATIONS, N_BANDS, ROWS_PER_BAND, N_GRAM = 112, 14, 8, 5
"""MinHash settings used to deduplicate FineWeb: datatrove's defaults."""


@dataclass(frozen=True)
class Pair:
    """A document before and after marking."""

    original: Document
    marked: Marked

    @property
    def texts(self) -> tuple[str, str]:
        """Both texts, the original first."""
        return self.original.text, self.marked.document.text


def words_of(text: str) -> list[str]:
    """Return the words of a text, as they are written."""
    return _WORD.findall(text)


def changed_sentences(pair: Pair) -> Iterator[tuple[str, str]]:
    """Yield each changed sentence of the original and its marked version.

    Sentences end at full stops, question and exclamation marks and line ends. What was inserted
    between sentences belongs to none.
    """
    text = pair.original.text
    edits = [
        (site.start, site.end, mark.chosen)
        for _, mark, site in segments(pair.marked)
        if mark and site and mark.original and mark.chosen != mark.original
    ]
    for match in _SENTENCE.finditer(text):
        start, end = match.span()
        inside = [edit for edit in edits if start <= edit[0] < end]
        if inside:
            pieces, taken = list[str](), start
            for first, last, chosen in inside:
                pieces += [text[taken:first], chosen]
                taken = last
            yield match.group().strip(), "".join([*pieces, text[taken : max(end, taken)]]).strip()


def count_changes(pairs: Sequence[Pair]) -> dict[str, Any]:
    """Return the number of changes per word, sentence and document."""
    n_changed = np.array([sum(m.chosen != m.original for m in p.marked.marks) for p in pairs])
    n_words = np.array([len(words_of(p.original.text)) for p in pairs])
    n_sentences = sum(1 for p in pairs for _ in _SENTENCE.finditer(p.original.text))
    inserted = [sum(len(m.chosen) for m in p.marked.marks if not m.original) for p in pairs]
    return {
        "changed_sites": int(n_changed.sum()),
        "changed_sites_per_100_words": _ratio(100 * n_changed.sum(), n_words.sum()),
        "changed_sites_per_sentence": _ratio(n_changed.sum(), n_sentences),
        "changed_sites_per_document": _spread(n_changed),
        "unchanged_documents": float(np.mean(n_changed == 0)),
        "inserted_characters_per_document": float(np.mean(inserted)),
    }


def overlap_scores(pairs: Sequence[Pair]) -> dict[str, float]:
    """Return corpus BLEU and chrF of the marked texts against the originals, 0 to 100."""
    from sacrebleu import corpus_bleu, corpus_chrf

    originals, marked = (list(texts) for texts in zip(*(p.texts for p in pairs), strict=True))
    return {
        "bleu": float(corpus_bleu(marked, [originals], tokenize="intl").score),
        "chrf": float(corpus_chrf(marked, [originals]).score),
    }


def readability(pairs: Sequence[Pair]) -> dict[str, float]:
    """Return Flesch's reading ease before and after; higher is easier, plain English is 60 to 70.

    Source: R. Flesch, "A new readability yardstick", Journal of Applied Psychology 1948. Syllables
    are counted by where pyphen would hyphenate a word.
    """
    before, after = (np.array([flesch(p.texts[i]) for p in pairs]) for i in (0, 1))
    usable = np.isfinite(before) & np.isfinite(after)
    if not usable.any():
        return {}
    return {
        "flesch_original": float(before[usable].mean()),
        "flesch_marked": float(after[usable].mean()),
        "flesch_change": float((after - before)[usable].mean()),
    }


def flesch(text: str) -> float:
    """Return Flesch's reading ease of a text; NaN if it has no words."""
    words = words_of(text)
    if not words:
        return float("nan")
    n_sentences = max(1, sum(bool(words_of(m.group())) for m in _SENTENCE.finditer(text)))
    n_syllables = sum(map(_syllables, words))
    return 206.835 - 1.015 * len(words) / n_sentences - 84.6 * n_syllables / len(words)


@cache
def _syllables(word: str) -> int:
    return len(_hyphenation().positions(word)) + 1


@cache
def _hyphenation() -> Any:
    import pyphen

    return pyphen.Pyphen(lang="en_US")


def deduplication(pairs: Sequence[Pair]) -> dict[str, float]:
    """Return whether deduplication would take a marked text for its original.

    MinHash of word 5-grams in 14 bands of 8 rows: two texts collide with a probability of one
    half if their Jaccard similarity is about 0.7. A corpus that has a collision keeps one of the
    two, and it may be the original.
    """
    from datasketch import MinHash

    def minhash(text: str) -> list[int]:
        words = [word.lower() for word in words_of(text)]
        grams = {" ".join(words[i : i + N_GRAM]) for i in range(max(1, len(words) - N_GRAM + 1))}
        made = MinHash(num_perm=N_PERMUTATIONS, seed=1)
        made.update_batch([gram.encode() for gram in sorted(grams)])
        return [int(value) for value in made.hashvalues]

    before, after = (np.array([minhash(p.texts[i]) for p in pairs]) for i in (0, 1))
    same = before == after
    bands = same.reshape(len(pairs), N_BANDS, ROWS_PER_BAND).all(axis=2).any(axis=1)
    return {
        "jaccard_median": float(np.median(same.mean(axis=1))),
        "survive_minhash": float(1 - bands.mean()),
        "survive_exact": float(np.mean([a != b for a, b in (p.texts for p in pairs)])),
    }


def compressed_share(text: str) -> float:
    """Return the zlib-compressed size of a text over its size in bytes."""
    content = text.encode()
    return len(zlib.compress(content)) / max(1, len(content))


def _spread(values: NDArray[np.int64]) -> dict[str, float]:
    quantiles = np.quantile(values, [0, 0.25, 0.5, 0.75, 1])
    names = ("least", "quarter", "median", "three_quarters", "most")
    return dict(zip(names, map(float, quantiles), strict=True))


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else 0.0
