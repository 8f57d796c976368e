"""How much evidence is left when nothing but public data stands in for the suspect's base?

    python -m pipelines.experiments.standalone.public_references PROOF OUT --unrelated MODEL

PROOF is the folder of `pipelines.experiments.standalone.proof`. The suspect is its fine-tuned
SmolLM2-135M. Compared are sets that anybody has: word rarity (in every set), counts of word pairs
in news articles that are not in the corpus, and a public model of another family; the suspect's
base shows what is lost.
"""

import argparse
import csv
import io
import json
import re
import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from membership.audit.corpus import AuditCorpus, load_audit_corpus
from membership.audit.observations import SiteLogprobs, observe
from membership.evidence.redraw import redraw_test
from membership.evidence.score_table import ScoreTable, adjust_preferences, rarity_differences
from membership.scoring import assemble_panel
from pipelines.experiments.trials.passages import FILES
from pipelines.loading.models import ModelOptions, load_model
from pipelines.reporting.provenance import describe_run
from watermark.assets import find_model, find_texts
from watermark.document import Site
from watermark.keys import Key
from watermark.vault.vault import open_vault

ALPHA, SIZES, N_SUBSETS, N_RESAMPLES, SEED = 0.001, (10, 20, 30), 150, 9_999, 5
REACH = 60
"""Characters on each side of a site in which its neighbours are looked for."""
_WORD = re.compile(r"[a-z']+")
SETS: Mapping[str, tuple[tuple[str, ...], bool]] = {
    "word rarity alone": ((), False),
    "word pairs in other news": ((), True),
    "unrelated public model": (("unrelated",), False),
    "unrelated public model and word pairs": (("unrelated",), True),
    "the suspect's base": (("base",), False),
    "the suspect's base and the unrelated model": (("base", "unrelated"), False),
}
Columns = Mapping[str, NDArray[np.float64]]


def main() -> None:
    """Write `public_references.json` and `public_references.md`."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("proof", type=Path, help="folder of the experiment `proof`")
    parser.add_argument("out", type=Path, help="folder for everything")
    parser.add_argument("--unrelated", required=True, help="public model of another family")
    arguments = parser.parse_args()
    results = run(arguments.proof, arguments.out, arguments.unrelated)
    arguments.out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(results, indent=2) + "\n"
    (arguments.out / "public_references.json").write_text(text, encoding="utf-8")
    (arguments.out / "public_references.md").write_text(describe(results), encoding="utf-8")


def run(proof: Path, out: Path, unrelated: str) -> dict[str, Any]:
    """Return the test and the power with each set of references."""
    vault = open_vault(proof / "ours/vault", proof / "ours/key")
    corpus, options = load_audit_corpus(vault), ModelOptions(cache=out / "cache")
    references = {
        "base": load_model(str(find_model("smollm2-135m")), options),
        "unrelated": load_model(unrelated, options),
    }
    suspect = load_model(str(proof / "models/trained"), options)
    read = observe(corpus, assemble_panel({}, suspect, references)).site_logprobs
    usable = [i for i, site in enumerate(read.sites) if _is_usable(read, site, i)]
    sites = [read.sites[i] for i in usable]
    preference = _differences(read.suspect, usable)
    theirs = {name: _differences(r, usable) for name, r in read.references.items()}
    pairs = pair_counts(corpus, sites)
    rarity = rarity_differences(sites, (len(sites), 2), "en")[:, 1]
    found = {}
    for label, (names, with_pairs) in SETS.items():
        free = {"rarity": rarity, **(pairs if with_pairs else {})}
        some = {name: theirs[name] for name in names}
        found[label] = _numbers(sites, preference, free, some, vault.key)
    return {
        "sets": found,
        "unrelated": references["unrelated"].name,
        "n_sites": len(sites),
        "run": describe_run({}, {"subsets": SEED}).as_dict() | {"command": ""},
    }


def _is_usable(read: SiteLogprobs, site: Site, i: int) -> bool:
    every = (read.suspect[i], *(r[i] for r in read.references.values()))
    return len(site.candidates) == 2 and all(
        not one.reason and np.isfinite(one.logprob).all() for one in every
    )


def _differences(readings: Sequence[Any], usable: Sequence[int]) -> NDArray[np.float64]:
    return np.array([readings[i].logprob[1] - readings[i].logprob[0] for i in usable])


def pair_counts(corpus: AuditCorpus, sites: Sequence[Site]) -> Columns:
    """Return how much oftener the second candidate stands beside the neighbours of each site."""
    single, pair = _count_words({d.text for d in corpus.originals})
    texts = {document.id: document.text.lower() for document in corpus.originals}

    def log_count(first: str, second: str) -> float:
        return float(np.log(pair[first, second] + 0.01))

    rows = []
    for site in sites:
        text = texts[site.document_id]
        before = (_WORD.findall(text[max(0, site.start - REACH) : site.start]) or [""])[-1]
        after = (_WORD.findall(text[site.end : site.end + REACH]) or [""])[0]
        words = [(_WORD.findall(candidate.lower()) or [""])[-1] for candidate in site.candidates]
        rows.append(
            [
                log_count(before, words[1]) - log_count(before, words[0]),
                log_count(words[1], after) - log_count(words[0], after),
                float(np.log(single[words[1]] + 0.1) - np.log(single[words[0]] + 0.1)),
            ]
        )
    columns = np.array(rows).T
    return dict(zip(("with the word before", "with the word after", "alone"), columns, strict=True))


def _count_words(marked: set[str]) -> tuple[Counter[str], Counter[tuple[str, str]]]:
    """Count words and pairs of words in the articles of which no passage is in the corpus."""
    archive, name = FILES["news"]
    with zipfile.ZipFile(find_texts() / archive) as zipped, zipped.open(name) as raw:
        rows = csv.DictReader(io.TextIOWrapper(raw, encoding="utf-8"))
        texts = [" ".join(row["text"].split()) for row in rows]
    beginnings = {" ".join(text.split())[:60] for text in marked}
    single, pair = Counter[str](), Counter[tuple[str, str]]()
    for text in dict.fromkeys(texts):
        if text[:60] not in beginnings:
            words = _WORD.findall(text.lower())
            single.update(words)
            pair.update(pairwise(words))
    return single, pair


def _numbers(
    sites: Sequence[Site],
    preference: NDArray[np.float64],
    free: Columns,
    references: Columns,
    key: Key,
) -> dict[str, Any]:
    def table(rows: NDArray[np.int64]) -> ScoreTable:
        n = np.full(len(rows), 2)
        score, adjustment = adjust_preferences(
            n, _pad(preference[rows]), {k: _pad(v[rows]) for k, v in free.items()},
            {k: _pad(v[rows]) for k, v in references.items()},
        )  # fmt: skip
        ids = tuple(sites[i].document_id for i in rows)
        return ScoreTable(ids, tuple(sites[i].draw for i in rows), n, score, {}, adjustment)

    result = redraw_test(table(np.arange(len(sites))), key, alpha=ALPHA)
    ids = np.array([site.document_id for site in sites])
    names, rng = np.unique(ids), np.random.default_rng(SEED)
    power = {}
    for size in SIZES:
        hits = 0
        for _ in range(N_SUBSETS):
            rows = np.flatnonzero(np.isin(ids, rng.choice(names, size, replace=False)))
            test = redraw_test(table(rows), key, alpha=ALPHA, n_resamples=N_RESAMPLES)
            hits += test.pvalue < ALPHA
        power[str(size)] = hits
    return {"pvalue": result.pvalue, "zscore": result.zscore, "power": power}


def _pad(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([np.zeros_like(values), values], axis=1)


def describe(results: Mapping[str, Any]) -> str:
    """Return the page of the results."""
    lines = [
        "# Public references",
        "",
        "The suspect is SmolLM2-135M fine-tuned for one epoch on marked news "
        f"([proof](../proof/README.md)), {results['n_sites']:,} sites with two candidates. The "
        f"unrelated model is {results['unrelated']}. Power: share of {N_SUBSETS} random subsets of "
        f"n documents with p < {ALPHA:g} ({N_RESAMPLES:,} re-draws); 95 % intervals. Word rarity "
        "is in every set.",
        "",
        "| references | p | z | " + " | ".join(f"n = {n}" for n in SIZES) + " |",
        "|---|---|---|" + "---|" * len(SIZES),
    ]
    for label, found in results["sets"].items():
        cells = [_share(found["power"][str(n)]) for n in SIZES]
        lines.append(
            f"| {label} | {found['pvalue']:.2g} | {found['zscore']:.1f} | {' | '.join(cells)} |"
        )
    lines += [
        "",
        "    python -m pipelines.experiments.standalone.public_references PROOF OUT "
        "--unrelated MODEL",
        "",
        f"Machine: {', '.join(results['run']['machine'].values())} cores. Seed {SEED}.",
    ]
    return "\n".join(lines) + "\n"


def _share(hits: int) -> str:
    interval = binomtest(hits, N_SUBSETS).proportion_ci(0.95, method="exact")
    return f"{hits / N_SUBSETS:.2f} ({interval.low:.2f} to {interval.high:.2f})"


if __name__ == "__main__":
    main()
