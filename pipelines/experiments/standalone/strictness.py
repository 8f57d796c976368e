"""How strict marking should be: words changed and evidence, by K and by the threshold of fit.

    python -m pipelines.experiments.standalone.strictness OUT [--source wordnet] [--quality best]
        [--passages 300]

Marks the news passages of `marks` with each K and each threshold, the other settings being the
defaults, and counts. OUT/strictness-SOURCE-QUALITY.md has the table, and a plot beside it.
Similarity is that of the asset `minilm`. A setting that is measured already is not measured again:
use a new OUT after the marks have changed. Needs `leximark assets --all`.

The share of acceptable words is what the fitted probability says of the candidates put forward. The
documents needed are extrapolated from the sites that the test needed in `reports/proof`, as if the
effect of a site were the same; `proof` measures them.
"""

import argparse
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args

import matplotlib.pyplot as plt
import numpy as np

from pipelines.experiments.standalone.marks import SEED, draw_all, measure
from pipelines.experiments.standalone.proof import once
from pipelines.experiments.trials.passages import passages
from pipelines.jobs.mark import make_leximark
from pipelines.loading.candidate_sources import load_lexical_resources
from pipelines.reporting.plots import SETTINGS
from watermark.document import Document, Site
from watermark.schemes.leximark import LexiMark
from watermark.schemes.leximark_sites import LexicalResources, find_sites
from watermark.substitution.acceptability import Quality
from watermark.substitution.candidates import Candidate, CandidateSettings, Source
from watermark.substitution.sources.wordnet import Words
from watermark.substitution.target import Target
from watermark.variants.find import kind_of

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

WORDS_PER_SENTENCE = (1, 2, 3, 5)
THRESHOLDS = {"listed": (0.5, 0.7), "wordnet": (0.36, 0.46, 0.67)}
"""Thresholds beside the default of a source."""
SITES_NEEDED = 67
"""Sites at which the test of `reports/proof` had power .8 with the base as reference:
8.7 passages of 7.7 sites, between the 8 and the 10 of its table."""
MOST_CHANGED, LEAST_SIMILARITY, MOST_DOCUMENTS = 2.5, 0.995, 20
"""What the default must keep to: words changed in 100, median similarity, documents needed."""


@dataclass(frozen=True)
class RememberingSource:
    """A source that judges each place once, whatever the threshold."""

    source: Source
    seen: dict[tuple[str, int], list[Candidate]] = field(default_factory=dict)
    """Text and end of the word: its candidates with their chance of acceptance."""

    @property
    def name(self) -> str:
        """What the option `--source` calls it."""
        return self.source.name

    def candidates(
        self, targets: Sequence[Target], settings: CandidateSettings
    ) -> list[list[Candidate]]:
        """Return the candidates of each place, rejected if they are below the threshold."""
        new = [t for t in targets if (t.text, t.word.end) not in self.seen]
        judged = self.source.candidates(new, replace(settings, min_fit=0.0))
        for target, found in zip(new, judged, strict=True):
            self.seen[target.text, target.word.end] = found
        return [
            [_at_least(c, settings.min_fit) for c in self.seen[t.text, t.word.end]] for t in targets
        ]

    def chance(self, document: Document, site: Site) -> float:
        """Return the chance that a reader accepts the word that may be put in at a site."""
        surface = next(c for c in site.candidates if c != site.original).split()[-1]
        found = self.seen[document.text, site.end]
        return max(c.score for c in found if c.surface == surface)


@dataclass(frozen=True)
class RememberingParser:
    """A spaCy pipeline that reads each text once, however often it is marked."""

    nlp: "Language"
    read: dict[str, "Doc"] = field(default_factory=dict)

    def pipe(
        self, texts: Iterable[tuple[str, Any]], *, as_tuples: bool, batch_size: int
    ) -> Iterator[tuple["Doc", Any]]:
        """Yield the parse of each text and what came with it, as spaCy does with `as_tuples`."""
        given = list(texts)
        new = dict.fromkeys(text for text, _ in given if text not in self.read)
        self.read.update(zip(new, self.nlp.pipe(new, batch_size=batch_size), strict=True))
        yield from ((self.read[text], about) for text, about in given)


def _at_least(candidate: Candidate, least: float) -> Candidate:
    if candidate.rejected or candidate.score >= least:
        return candidate
    return replace(candidate, rejected=f"fit below {least:g}")


def main() -> None:
    """Mark with every setting, then write the table and the plot."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path, help="folder for the results; an earlier run goes on")
    parser.add_argument("--source", choices=get_args(Words), default="listed")
    parser.add_argument("--quality", choices=get_args(Quality), default="fast")
    parser.add_argument("--passages", type=int, default=300)
    parser.add_argument("--min-fit", type=float, nargs="*", help="thresholds beside the default")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    usual = make_leximark(arguments.quality, (arguments.source,))
    rows = run(arguments.out, usual, arguments.passages, arguments.min_fit)
    name = f"strictness-{arguments.source}-{arguments.quality}"
    text = json.dumps(rows, indent=1) + "\n"
    (arguments.out / f"{name}.json").write_text(text, encoding="utf-8")
    plot(rows, arguments.out / f"{name}.png")
    page = describe(rows, arguments.source, arguments.quality)
    (arguments.out / f"{name}.md").write_text(page, encoding="utf-8")
    print(page)


def run(
    out: Path, usual: LexiMark, n_passages: int, thresholds: Sequence[float] | None
) -> list[dict[str, Any]]:
    """Return a row for each setting, threshold after threshold."""
    if thresholds is None:
        thresholds = THRESHOLDS[usual.sources[0]]
    originals = passages("news", n_passages, seed=SEED)
    loaded = load_lexical_resources(usual)
    (source,) = loaded.sources
    remembering, parser = RememberingSource(source), RememberingParser(loaded.nlp)
    resources = replace(loaded, nlp=cast("Language", parser), sources=(remembering,))
    rows = []
    for least in sorted({*thresholds, usual.fit.min_fit}):
        for k in WORDS_PER_SENTENCE:
            fit = replace(usual.fit, min_fit=least)
            scheme = replace(usual, words_per_sentence=k, fit=fit)
            name = f"{source.name}-{usual.quality}-{n_passages}-{k}-{least:.4f}.json"
            row = once(
                out / "settings" / name,
                lambda: measured(resources, remembering, originals, scheme),  # noqa: B023 - now
            )
            is_default = scheme == make_leximark(usual.quality)
            rows.append({"k": k, "min_fit": least, "default": is_default} | row)
    return rows


def measured(
    resources: LexicalResources,
    source: RememberingSource,
    originals: Sequence[Document],
    scheme: LexiMark,
) -> dict[str, Any]:
    """Mark with a setting and return what it costs and buys."""
    found = list(find_sites(resources, originals, scheme))
    chances = [
        source.chance(document, site)
        for document, sites in zip(originals, found, strict=True)
        for site in sites
        if not kind_of(site.draw)
    ]
    numbers = measure(originals, draw_all(originals, found, scheme))
    documents = SITES_NEEDED * len(originals) / numbers["sites"]
    return numbers | {"acceptable": float(np.mean(chances)), "documents_needed": documents}


def is_within(row: Mapping[str, Any]) -> bool:
    """Tell whether a setting keeps to all that is asked of the default."""
    return bool(
        row["changed_per_100_words"] <= MOST_CHANGED
        and row["similarity_median"] >= LEAST_SIMILARITY
        and row["documents_needed"] <= MOST_DOCUMENTS
    )


def describe(rows: Sequence[Mapping[str, Any]], source: Words, quality: Quality) -> str:
    """Return the page that stands beside the numbers."""
    first = rows[0]
    lines = [
        f"# How strict: words changed against evidence, source `{source}`, quality `{quality}`",
        "",
        f"    python -m pipelines.experiments.standalone.strictness OUT --source {source} "
        f"--quality {quality} --passages {first['passages']}",
        "",
        f"{first['passages']} news passages ({first['words']:,} words, seed {SEED}), marked with "
        "one fixed key. *Fit*: least chance that a reader accepts a word. *Acceptable*: mean of "
        "that chance over the words that may be put in; variants do not count. *Documents*: how "
        f"many passages have {SITES_NEEDED} sites, at which the test of `reports/proof` had power "
        ".8 with the base as reference: an extrapolation. **Bold** is the default; a star "
        f"is a setting with at most {MOST_CHANGED:g} words changed in 100, a median similarity of "
        f"at least {LEAST_SIMILARITY:g} and at most {MOST_DOCUMENTS} documents.",
        "",
        "| K | fit | sites in 100 words | of them variants | changed in 100 words | similarity: "
        "median | least 5 % | acceptable | documents | |",
        "|---|---|---|---|---|---|---|---|---|---|",
        *map(_row, rows),
        "",
        f"![Documents needed against acceptable words](strictness-{source}-{quality}.png)",
        "",
    ]
    return "\n".join(lines)


def _row(row: Mapping[str, Any]) -> str:
    name = f"**{row['k']}**" if row["default"] else str(row["k"])
    cells = [
        name,
        f"{row['min_fit']:.2f}",
        f"{row['sites_per_100_words']:.2f}",
        f"{row['variants'] / row['sites']:.0%}",
        f"{row['changed_per_100_words']:.2f}",
        f"{row['similarity_median']:.4f}",
        f"{row['similarity_5_percent']:.3f}",
        f"{row['acceptable']:.1%}",
        f"{row['documents_needed']:.0f}",
        "*" if is_within(row) else "",
    ]
    return "| " + " | ".join(cells) + " |"


def plot(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Draw documents needed against the share of acceptable words, a line for each K."""
    with plt.rc_context(dict(SETTINGS)):
        figure, panel = plt.subplots(figsize=(5, 3.4))
        for k in WORDS_PER_SENTENCE:
            points = [row for row in rows if row["k"] == k]
            panel.plot(
                [point["acceptable"] for point in points],
                [point["documents_needed"] for point in points],
                "o-",
                label=f"K = {k}",
            )
        panel.axhline(MOST_DOCUMENTS, color="grey", linewidth=0.8)
        panel.set(xlabel="acceptable, by the fit", ylabel="documents for power .8")
        panel.legend(fontsize=8)
        figure.tight_layout()
        figure.savefig(path, metadata={"Software": None})
        plt.close(figure)


if __name__ == "__main__":
    main()
