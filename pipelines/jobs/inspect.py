"""The job behind `leximark inspect`: what was changed, at what cost, what could be proved later."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import log2
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from membership.evidence.redraw import absorbed, draw_table, redraw_test, response
from membership.evidence.score_table import ScoreTable, build_table, slots_of
from membership.models.marking.encoder import load_encoder
from membership.traces.suspect_protocol import Suspect
from membership.traces.trace import Query, Trace
from pipelines.jobs.stealth import blind_classifier_auc, outliers
from pipelines.reporting.comparison_page import comparison_page
from pipelines.reporting.review_page import review_page
from watermark.assets import find_model
from watermark.atomic import atomic_folder
from watermark.document import Document, Marked, Site, sites_of
from watermark.errors import AssetError, PrerequisiteError, VaultError
from watermark.marking.quality import (
    Pair,
    changed_sentences,
    compressed_share,
    count_changes,
    deduplication,
    overlap_scores,
    readability,
)
from watermark.marking.risk import PairGroup, RiskOrder
from watermark.substitution.rules import Rule, accepted_pairs
from watermark.substitution.target import TargetContext
from watermark.vault.tables import FitRows
from watermark.vault.vault import Vault

N_RESAMPLES = 9_999
EFFECTS = (0.05, 0.1, 0.2, 0.5, 1.0)
"""Effects, in nats, for which the power of the re-draw test is stated."""

Section = dict[str, Any]


@dataclass(frozen=True)
class Inspection:
    """What was found, section by section, and the documents that it was found on."""

    sections: Mapping[str, Section]
    pairs: tuple[Pair, ...]
    """A random sample of the published documents."""
    to_review: tuple[PairGroup, ...]
    """The sites of all documents, by risk: who decides must not know which are held out."""


def inspect_vault(
    vault: Vault,
    *,
    sample: int = 200,
    model: Suspect | None = None,
    seed: int = 0,
    rules: Sequence[Rule] = (),
) -> Inspection:
    """Inspect the marks of a vault.

    Args:
        vault: The owner's vault, already checked.
        sample: How many published documents are measured, chosen at random; 0 for all.
        model: A language model that has not seen the texts, for perplexity and expected power.
        seed: Of the choice of documents.
        rules: Decisions on corpora before; pairs that they accept come last on the review page.

    Raises:
        VaultError: Nothing was published.
    """
    published = _Reservoir(sample, np.random.default_rng([seed, 0]))
    order = RiskOrder(accepted_pairs(rules))
    corpus = _read(vault, published, order)
    pairs = published.kept
    if not pairs:
        raise VaultError(f"{vault.folder}: no document was published: nothing to inspect")
    originals, marked = (list(texts) for texts in zip(*(p.texts for p in pairs), strict=True))
    sizes = [[compressed_share(text) for text in texts] for texts in (originals, marked)]
    sections: dict[str, Section] = {
        "corpus": {**corpus, "sampled": len(pairs)},
        "changes": count_changes(pairs),
        "fidelity": {**overlap_scores(pairs), "similarity": _similarity(pairs)},
        "readability": readability(pairs),
        "deduplication": deduplication(pairs),
        "stealth": {
            "blind_classifier_auroc": blind_classifier_auc(originals, marked),
            "zlib": outliers(*sizes),
        },
    }
    if model is None:
        reason = "not measured: name a language model with --model"
        sections["perplexity"] = sections["power"] = {"reason": reason}
    else:
        sections |= _with_model(vault, pairs, model)
    return Inspection(sections, tuple(pairs), tuple(order.groups()))


class _Reservoir:
    """A uniform sample of what passes by; everything if its size is 0."""

    def __init__(self, size: int, rng: np.random.Generator) -> None:
        self.kept: list[Pair] = []
        self._size, self._rng, self._seen = size, rng, 0

    def add(self, pair: Pair) -> None:
        self._seen += 1
        if not self._size or len(self.kept) < self._size:
            self.kept.append(pair)
        elif (slot := int(self._rng.integers(self._seen))) < self._size:
            self.kept[slot] = pair


def _read(vault: Vault, published: _Reservoir, order: RiskOrder) -> Section:
    """Fill the sample and the order, and return counts over all published documents."""
    draws: dict[str, int] = {}
    fits = FitRows(vault.folder)
    n_published = n_sites = n_changed = n_unmarked = 0
    for row, marked in tqdm(vault.marked(), desc="reading", unit=" documents", disable=None):
        pair = Pair(Document(row.id, row.original), marked)
        order.add(pair.original, _judged(sites_of(marked), fits.of(row.id)))
        if row.status != "published":
            continue
        published.add(pair)
        n_published += 1
        n_sites += len(marked.marks)
        n_changed += sum(mark.chosen != mark.original for mark in marked.marks)
        n_unmarked += not marked.marks
        draws.update((mark.draw, len(mark.candidates)) for mark in marked.marks)
    if vault.plan.scheme.get("rule") == "published":
        draws = {}
    return {
        "scheme": vault.plan.scheme["name"],
        "published": n_published,
        "held_out": vault.plan.corpus["n_held_out"],
        "without_marks": n_unmarked,
        "sites": n_sites,
        "changed": n_changed,
        "draws": len(draws),
        "bits": float(sum(log2(n) for n in draws.values())),
    }


def _judged(sites: Iterable[Site], fits: Mapping[int, tuple[float, ...]]) -> Iterator[Site]:
    """Yield the sites with the fits that belong to them."""
    for site in sites:
        known = fits.get(site.start, ())
        yield replace(site, fits=known) if len(known) == len(site.candidates) else site


def _similarity(pairs: Sequence[Pair]) -> Section:
    sentences = [sentences for pair in pairs for sentences in changed_sentences(pair)]
    if not sentences:
        return {"reason": "no sentence was changed"}
    try:
        folder = find_model("minilm")
    except AssetError as error:
        return {"reason": f"not measured: {error}"}
    texts = [text for both in sentences for text in both]
    found = load_encoder(folder).encode([TargetContext(text, 0, len(text)) for text in texts])
    vectors = np.stack([encoding.sentence for encoding in found]).reshape(len(sentences), 2, -1)
    cosines = (vectors[:, 0] * vectors[:, 1]).sum(axis=1)
    return {
        "changed_sentences": len(sentences),
        "median": float(np.median(cosines)),
        "lowest_twentieth": float(np.quantile(cosines, 0.05)),
    }


def _with_model(vault: Vault, pairs: Sequence[Pair], model: Suspect) -> dict[str, Section]:
    """Return what one pass of a model over both versions of the texts tells."""
    blind = _why_blind(vault, model)
    sites = [() if blind else _readable(p.marked) for p in pairs]
    queries = [Query(p.original.text, slots_of(s)) for p, s in zip(pairs, sites, strict=True)]
    queries += [Query(p.marked.document.text) for p in pairs]
    traces: dict[int, Trace] = {}
    bar = tqdm(total=len(queries), desc=f"reading with {model.name}", unit=" texts", disable=None)
    for index, trace in model.trace(queries):
        traces[index] = trace
        bar.update()
    bar.close()
    n = len(pairs)
    usable = [i for i in range(n) if len(traces[i].logprob) and len(traces[n + i].logprob)]
    if not usable:
        reason = {"reason": f"not measured: {model.name} scored no token"}
        return {"perplexity": reason, "power": reason}
    loss = [[-float(traces[first + i].logprob.mean()) for i in usable] for first in (0, n)]
    perplexity = {
        "model": model.name,
        "original": float(np.exp(np.mean(loss[0]))),
        "marked": float(np.exp(np.mean(loss[1]))),
        "outliers": outliers(*loss),
    }
    if blind:
        return {"perplexity": perplexity, "power": {"reason": blind}}
    read = [choice for i in range(n) for choice in traces[i].candidate_logprobs]
    table = build_table([site for some in sites for site in some], read, {})
    try:
        result = redraw_test(table, vault.key, alpha=vault.plan.alpha, n_resamples=N_RESAMPLES)
    except PrerequisiteError as error:
        return {"perplexity": perplexity, "power": {"reason": str(error)}}
    if np.isinf(result.detectable_effect):
        return {"perplexity": perplexity, "power": {"reason": result.detectable_words}}
    return {"perplexity": perplexity, "power": _power(result.detectable_effect, vault, table)}


def _why_blind(vault: Vault, model: Suspect) -> str:
    """Return why the power of the re-draw test cannot be predicted; empty if it can."""
    if vault.plan.scheme.get("rule") == "published":
        return "rule published: no key chose, and nothing can be drawn again"
    return "" if "candidates" in model.abilities else f"{model.name} reads no candidates"


def _readable(marked: Marked) -> tuple[Site, ...]:
    """Return the sites where words can be compared: no insertions."""
    return tuple(site for site in sites_of(marked) if site.original)


def _power(detectable: float, vault: Vault, table: ScoreTable) -> Section:
    """Return the chance of evidence for some true effects, on the sampled documents."""
    known = response(draw_table(table), N_RESAMPLES, absorbed(table))
    return {
        "alpha": vault.plan.alpha,
        "usable_sites": len(table.draws),
        "unusable_sites": dict(table.unusable),
        "draws": len(set(table.draws)),
        "minimum_detectable_effect": detectable,
        "by_effect": {f"{e:g}": known.power(e, vault.plan.alpha) for e in EFFECTS},
    }


def inspection_lines(inspection: Inspection) -> Iterator[str]:
    """Yield the findings in words, for a terminal."""
    for name, section in inspection.sections.items():
        yield f"{name}:"
        for key, value in _flat(section):
            yield f"  {key.replace('_', ' ')}: {_written(value)}"


def _flat(section: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in section.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}, ")
        else:
            yield f"{prefix}{key}", value


def _written(value: Any) -> str:
    if value is None:
        return "not measured: too few documents"
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def write_inspection(inspection: Inspection, folder: Path) -> None:
    """Write findings and pages into a folder that is not there yet."""
    with atomic_folder(folder) as draft:
        text = json.dumps(inspection.sections, indent=2, ensure_ascii=False) + "\n"
        (draft / "inspection.json").write_text(text, encoding="utf-8")
        page = comparison_page(inspection.pairs, list(inspection_lines(inspection)))
        (draft / "index.html").write_text(page, encoding="utf-8")
        (draft / "review.html").write_text(review_page(inspection.to_review), encoding="utf-8")
