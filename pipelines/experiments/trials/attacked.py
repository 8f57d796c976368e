"""The effect of an attack on the evidence: surviving marks, cost to the thief, the re-draw test."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.stats import kstest, norm

from membership.audit.corpus import AuditCorpus
from membership.audit.observations import Observations, observe
from membership.detector import values_of
from membership.detectors.loss import Loss
from membership.detectors.min_k_plus_plus import MinKPlusPlus
from membership.detectors.reference import MinusReference
from membership.evidence.holdout import holdout_test
from membership.evidence.redraw import redraw_test, simulate_null
from membership.evidence.result import TestResult
from membership.evidence.score_table import ScoreTable
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
DETECTORS = (MinKPlusPlus(), MinusReference(Loss()))
"""Detectors of the hold-out test, without a reference and with the base; as in the default plan."""


def published_part(corpus: AuditCorpus) -> AuditCorpus:
    """Return the corpus without the documents held out."""
    kept = np.flatnonzero(corpus.published)
    return replace(
        corpus,
        documents=tuple(corpus.documents[i] for i in kept),
        published=corpus.published[kept],
        originals=tuple(corpus.originals[i] for i in kept),
        sites=tuple(corpus.sites[i] for i in kept),
        choices=tuple(corpus.choices[i] for i in kept),
        key_names=tuple(corpus.key_names[i] for i in kept) if corpus.key_names else (),
    )


def observe_attacked(
    corpus: AuditCorpus, model: Path, references: Mapping[str, Path], options: ModelOptions
) -> Observations:
    """Run a model and references over a corpus: candidates at its sites, scores of documents."""
    panel = assemble_panel(
        {detector.name: detector for detector in DETECTORS},
        load_model(str(model), options),
        {name: load_model(str(folder), options) for name, folder in references.items()},
    )
    return observe(corpus, panel)


def table_with(found: Observations, reference: str) -> ScoreTable:
    """Return the table of the re-draw test with one of the references, or with `none`."""
    readings = found.site_logprobs
    kept = {name: of for name, of in readings.references.items() if name == reference}
    return replace(readings, references=kept).table()


def measure_redraw(found: Observations, key: Key, n_resamples: int = 99_999) -> Iterator[Measure]:
    """Yield p, z and effect of the re-draw test, with each reference and without."""
    for name in (*found.site_logprobs.references, "none"):
        try:
            table = table_with(found, name)
            result = redraw_test(table, key, alpha=ALPHA, n_resamples=n_resamples)
        except PrerequisiteError:
            continue
        yield from _measures(result, name, found)


def measure_holdout(found: Observations) -> Iterator[Measure]:
    """Yield p, z and AUROC of the hold-out test, with the base as reference and without.

    n is the number of published documents, as in the re-draw test.
    """
    published = found.corpus.published
    if published.all():
        return
    for detector, name in zip(DETECTORS, ("holdout_none", "holdout_base"), strict=True):
        values = values_of(found.scores[detector.name])
        result = holdout_test(
            {detector.name: values[published]},
            {detector.name: values[~published]},
            detectors=[detector.name],
            alpha=ALPHA,
        )
        yield from _measures(result, name, found)


def _measures(result: TestResult, name: str, found: Observations) -> Iterator[Measure]:
    for measure in ("pvalue", "zscore", "effect"):
        n = int(found.corpus.published.sum())
        yield Measure(measure, float(getattr(result, measure)), of=name, n=n)


def measure_null(found: Observations, seed: int) -> Iterator[Measure]:
    """Yield the distribution of p over keys that the model never saw."""
    keys = [experiment_key(seed, 1_000 + number) for number in range(N_NULL_KEYS)]
    pvalues = simulate_null(table_with(found, "base"), keys, seed=seed)
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


def measure_perplexity(
    attacked: Sequence[Document | None], reader: Path, n_read: int = 50
) -> Iterator[Measure]:
    """Yield the perplexity of the first attacked texts under a model that is not involved."""
    texts = [document.text for document in attacked if document is not None and document.text]
    if texts:
        logprobs = mean_logprobs_of(str(reader))(texts[:n_read])
        yield Measure("perplexity", float(np.exp(-np.mean(logprobs))), n=len(logprobs))


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
