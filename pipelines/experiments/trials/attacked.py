"""The effect of an attack on the evidence: surviving marks, cost to the thief, the re-draw test."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.stats import kstest, norm

from membership.audit.corpus import AuditCorpus
from membership.audit.observations import Observations, observe
from membership.evidence.redraw import redraw_test, simulate_null
from membership.models.marking.encoder import SentenceEncoder
from membership.scoring import assemble_panel
from pipelines.experiments.runner.records import Measure
from pipelines.experiments.trials.halves import experiment_key
from pipelines.loading.models import ModelOptions, load_model
from pipelines.loading.text_attacks import mean_logprobs_of
from watermark.document import Document
from watermark.errors import PrerequisiteError
from watermark.keys import Key
from watermark.substitution.target import TargetContext

ALPHA, POWER = 0.001, 0.8
N_NULL_KEYS = 200
OPTIONS = ModelOptions(dtype="float32")
REFERENCES = {"base": True, "none": False}


def observe_attacked(
    corpus: AuditCorpus, model: Path, base: Path, options: ModelOptions = OPTIONS
) -> Observations:
    """Run a model and its base over the original texts of a corpus."""
    panel = assemble_panel(
        {}, load_model(str(model), options), {"base": load_model(str(base), options)}
    )
    return observe(corpus, panel)


def measure_redraw(found: Observations, key: Key, n_resamples: int = 99_999) -> Iterator[Measure]:
    """Yield p, z and effect of the re-draw test, with the base as reference and without."""
    for name, with_base in REFERENCES.items():
        readings = found.site_logprobs
        table = (readings if with_base else replace(readings, references={})).table()
        try:
            result = redraw_test(table, key, alpha=ALPHA, n_resamples=n_resamples)
        except PrerequisiteError:
            continue
        for measure in ("pvalue", "zscore", "effect"):
            value = float(getattr(result, measure))
            yield Measure(measure, value, of=name, n=len(found.corpus.documents))


def measure_null(found: Observations, seed: int) -> Iterator[Measure]:
    """Yield the distribution of p over keys that the model never saw."""
    keys = [experiment_key(seed, 1_000 + number) for number in range(N_NULL_KEYS)]
    table = found.site_logprobs.table()
    pvalues = simulate_null(table, keys, seed=seed)
    yield Measure("null_ks", float(kstest(pvalues, "uniform").pvalue), n=N_NULL_KEYS)
    yield Measure("null_below_5_percent", float(np.mean(pvalues <= 0.05)), n=N_NULL_KEYS)


def measure_loss(
    model: Path, published: Sequence[Document], fresh: Sequence[str]
) -> Iterator[Measure]:
    """Yield the mean log-probabilities of the published texts and of new texts."""
    read = mean_logprobs_of(str(model))
    known = [document.text for document in published][: len(fresh)]
    yield Measure("published_logprob", float(np.mean(read(known))), n=len(known))
    yield Measure("fresh_logprob", float(np.mean(read(fresh))), n=len(fresh))


def measure_texts(
    corpus: AuditCorpus, attacked: Sequence[Document | None], encoder: SentenceEncoder
) -> Iterator[Measure]:
    """Yield the share of lost documents and of surviving marks, and the similarity of the rest."""
    n = len(attacked)
    yield Measure("lost", sum(document is None for document in attacked) / n, n=n)
    standing = total = 0
    for document, sites, choices in zip(attacked, corpus.sites, corpus.choices, strict=True):
        words = [site.candidates[c].lower() for site, c in zip(sites, choices, strict=True)]
        total += len(words)
        standing += 0 if document is None else count_standing(words, document.text)
    yield Measure("standing", standing / max(1, total), n=total)
    left = [
        (one.text, other.text)
        for one, other in zip(corpus.documents, attacked, strict=True)
        if other is not None and other.text
    ]
    if left:
        yield Measure("similarity", _similarity(left, encoder), n=len(left))


def count_standing(words: Sequence[str], text: str) -> int:
    """Return how many published words still occur in a text, each occurrence counted once."""
    padded = f" {' '.join(_bare(word) for word in text.lower().split())} "
    return sum(min(n, padded.count(f" {word} ")) for word, n in Counter(words).items())


def _bare(word: str) -> str:
    return word.strip(".,;:!?\"'()[]\u2018\u2019\u201c\u201d")


def _similarity(pairs: Sequence[tuple[str, str]], encoder: SentenceEncoder) -> float:
    texts = [text for pair in pairs for text in pair]
    vectors = np.stack(
        [
            found.sentence
            for found in encoder.encode([TargetContext(text, 0, len(text)) for text in texts])
        ]
    )
    return float(np.mean(np.sum(vectors[::2] * vectors[1::2], axis=1)))


def documents_needed(zscore: float, n_documents: int) -> float:
    """Return how many documents give p < .001 at power .8, from the z of n documents.

    z grows with the square root of the number of documents; infinite for z of 0 or less.
    """
    if not zscore > 0:
        return float("inf")
    wanted = norm.isf(ALPHA) + norm.ppf(POWER)
    return float(n_documents * (wanted / zscore) ** 2)
