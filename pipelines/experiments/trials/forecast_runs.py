"""Trainings of the tiny model whose audits a forecast of power is compared with.

The sites of one set of passages do not depend on the key, so they are found once; each key then
publishes other words and trains a model of its own.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from membership.audit.corpus import AuditCorpus
from membership.audit.observations import SiteLogprobs, observe
from membership.evidence.redraw import redraw_test
from membership.evidence.score_table import ScoreTable
from membership.evidence.sensitivity import measure_sensitivity
from membership.scoring import assemble_panel
from pipelines.experiments.trials.halves import experiment_key
from pipelines.experiments.trials.small import TRAINING, small_base
from pipelines.experiments.trials.tiny import OPTIONS, fresh_passages
from pipelines.forecast.survey import find_marked_sites
from pipelines.loading.models import load_model
from pipelines.training.training import load_base, train_once
from watermark.document import Document, Site, apply_choices
from watermark.errors import PrerequisiteError
from watermark.keys import Key
from watermark.schemes.leximark import LexiMark

ALPHA, N_RESAMPLES, N_SUBSETS, N_PASSAGES = 0.001, 9_999, 100, 80
REFERENCES = ("base", "none")
"""What the suspects are compared with."""
MakeTable = Callable[[Collection[str]], ScoreTable]


def train_and_audit(
    out: Path, texts_seed: int, n_keys: int, sizes: Sequence[int]
) -> Iterator[dict[str, Any]]:
    """Yield for each key what a model trained on the published passages shows.

    Args:
        out: For the models; what an earlier run trained is used again.
        texts_seed: Which passages are marked.
        n_keys: Keys, each with a training of its own seed.
        sizes: Numbers of documents to measure the power with; none to measure the effect only.
    """
    base = small_base(out / "tiny-base")
    documents = fresh_passages(N_PASSAGES, texts_seed)
    sites = find_marked_sites(LexiMark(sources=("wordnet",)), documents)
    references = {"base": load_model(str(base), OPTIONS)}
    for number in range(n_keys):
        key, settings = experiment_key(texts_seed, 20 + number), TRAINING.of_seed(number)
        corpus = publish(documents, sites, key)
        texts = [document.text for document in corpus.documents]
        folder = out / f"tiny-{texts_seed}-{number}"
        model = train_once(partial(load_base, str(base), settings), texts, folder, settings)
        panel = assemble_panel({}, load_model(str(model), OPTIONS), references)
        logprobs = observe(corpus, panel).site_logprobs
        yield {"draws": draws_of(corpus, ids_of(corpus))} | {
            name: _audited(some, corpus, key, texts_seed, sizes)
            for name, some in (("base", logprobs), ("none", replace(logprobs, references={})))
        }


def publish(
    documents: Sequence[Document], sites: Sequence[Sequence[Site]], key: Key
) -> AuditCorpus:
    """Return the corpus that a key publishes; nothing is held out and no vault is written."""
    choices = [tuple(key.draw(site.draw, len(site.candidates)) for site in some) for some in sites]
    marked = map(apply_choices, documents, sites, choices)
    return AuditCorpus(
        documents=tuple(m.document for m in marked),
        published=np.ones(len(documents), dtype=np.bool_),
        originals=tuple(documents),
        sites=tuple(map(tuple, sites)),
        choices=tuple(choices),
    )


def _audited(
    logprobs: SiteLogprobs, corpus: AuditCorpus, key: Key, seed: int, sizes: Sequence[int]
) -> dict[str, Any]:
    def table_of(ids: Collection[str]) -> ScoreTable:
        return logprobs.table(documents=ids)

    ids = ids_of(corpus)
    return {
        "sensitivity": asdict(measure_sensitivity(table_of(ids), key)),
        "power": {str(n): power_of_subsets(table_of, ids, n, key, seed) for n in sizes},
    }


def ids_of(corpus: AuditCorpus) -> list[str]:
    """Return the documents that have sites."""
    return sorted(document.id for document, _ in corpus.readable())


def draws_of(corpus: AuditCorpus, ids: Collection[str]) -> list[list[tuple[str, int]]]:
    """Return the draw and the number of candidates of each site of each of these documents."""
    return [
        [(site.draw, len(site.candidates)) for site in sites]
        for document, sites in corpus.readable()
        if document.id in ids
    ]


def power_of_subsets(table_of: MakeTable, ids: Sequence[str], n: int, key: Key, seed: int) -> float:
    """Return the share of random subsets of n documents that are evidence."""
    rng, hits = np.random.default_rng([seed, n]), 0
    for _ in range(N_SUBSETS):
        try:
            table = table_of(set(rng.choice(list(ids), n, replace=False)))
            hits += redraw_test(table, key, alpha=ALPHA, n_resamples=N_RESAMPLES).pvalue < ALPHA
        except PrerequisiteError:
            continue  # a subset without a usable site
    return hits / N_SUBSETS
