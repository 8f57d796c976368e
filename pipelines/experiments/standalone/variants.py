"""Variants alone: how often each kind occurs, how it reads, and whether a model learns it.

    python -m pipelines.experiments.standalone.variants count OUT NEWS.jsonl FICTION.jsonl ...
    python -m pipelines.experiments.standalone.variants learn OUT
    python -m pipelines.experiments.standalone.variants page OUT

`count` reads JSON Lines with the fields id and text, one file a genre, and writes OUT/density.json
(the sites of each kind) and OUT/sample.jsonl: 20 sites of each kind drawn at random, both
versions in random order, and which of them is the original in OUT/answers.json. A reader who has
not seen the answers writes OUT/guesses.json, which name has its original in A and which in B.

`learn` takes the 333 news passages with the most variants, rare kinds counting more, marks them
with variants alone, fine-tunes SmolLM2-135M on the published ones for one epoch, and audits it with
the base as reference. OUT/effects.json has the effect of each kind. Which passages are taken
depends on no key. Needs `leximark assets --all`. A run that was cut goes on where it was.

`page` compares guesses with answers and writes OUT/variants.json and OUT/variants.md.
"""

import argparse
import json
import shutil
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from membership.audit.observations import SiteLogprobs
from membership.evidence.redraw import redraw_test
from membership.evidence.score_table import ScoreTable
from pipelines.experiments.standalone.proof import fine_tune
from pipelines.experiments.standalone.variants_page import describe
from pipelines.experiments.trials.passages import passages
from pipelines.jobs.mark import make_intent, mark_command
from pipelines.jobs.verify import verify_command
from pipelines.loading.candidate_sources import load_lexical_resources
from pipelines.loading.models import ModelOptions
from watermark.assets import find_model
from watermark.document import Document, Site
from watermark.errors import PrerequisiteError
from watermark.keys import KEY_BYTES, Key, write_key
from watermark.schemes.leximark import LexiMark
from watermark.schemes.leximark_sites import find_sites
from watermark.text.boilerplate import find_boilerplate
from watermark.variants.find import KINDS, is_document_draw, kind_of
from watermark.vault.vault import open_vault

SCHEME = LexiMark(words_per_sentence=0, variants=tuple(KINDS))
N_PASSAGES, N_NEWS = 333, 3_500
SEED = 2
SHOWN = 20
AROUND = 150
"""Characters shown on either side of a site."""
Example = tuple[str, Document, list[Site], Site]
"""Genre, document, all of its sites, and the one that is shown."""


def main() -> None:
    """Count, learn, or write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["count", "learn", "page"])
    parser.add_argument("out", type=Path, help="folder for the results")
    parser.add_argument("files", type=Path, nargs="*", help="for count: a file a genre")
    parser.add_argument("--documents", type=int, default=400, help="read from each file")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    if arguments.what == "count":
        count(arguments.out, arguments.files, arguments.documents)
    elif arguments.what == "learn":
        learn(arguments.out)
    else:
        write_page(arguments.out)


def count(out: Path, files: Sequence[Path], n_documents: int) -> None:
    """Write how many sites of each kind each genre has, and a sample to be read."""
    density: dict[str, dict[str, Any]] = {}
    examples: defaultdict[str, list[Example]] = defaultdict(list)
    for file in files:
        lines = file.read_text(encoding="utf-8").splitlines()[:n_documents]
        rows = [json.loads(line) for line in lines]
        documents = [Document(row["id"], row["text"]) for row in rows]
        counts: Counter[str] = Counter()
        for document, sites in zip(documents, sites_of(documents), strict=True):
            for site in sites:
                counts[kind_of(site.draw)] += 1
                examples[kind_of(site.draw)].append((file.stem, document, sites, site))
        n_words = sum(len(document.text.split()) for document in documents)
        density[file.stem] = {"documents": len(documents), "words": n_words, "sites": dict(counts)}
        _write(out / "density.json", density)
        write_sample(out, examples)


def sites_of(documents: Sequence[Document]) -> list[list[Site]]:
    """Return the variants of documents, outside of what recurs in many of them."""
    boilerplate = find_boilerplate(documents)
    found = find_sites(load_lexical_resources(SCHEME), documents, SCHEME)
    return [boilerplate.outside(d, sites) for d, sites in zip(documents, found, strict=True)]


def _window(document: Document, sites: Sequence[Site], site: Site, choice: int) -> str:
    """Return what surrounds a site, with one form at all places that its draw decides."""
    first, last = max(0, site.start - AROUND), site.end + AROUND
    pieces, done = list[str](), first
    for other in sites:
        if other.draw == site.draw and first <= other.start and other.end <= last:
            pieces.append(document.text[done : other.start])
            form = other.candidates[choice]
            pieces.append(f"[[{form}]]" if other == site else form)
            done = other.end
    return "".join(pieces) + document.text[done:last]


def write_sample(out: Path, examples: dict[str, list[Example]]) -> None:
    """Write sentences of each kind, original and changed in random order, and the answers."""
    rng = np.random.default_rng(SEED)
    rows: list[dict[str, str]] = []
    answers: dict[str, str] = {}
    for kind in KINDS:
        some = examples[kind]
        for number in rng.permutation(len(some))[:SHOWN]:
            genre, document, sites, site = some[int(number)]
            order = list(rng.permutation(2))
            name = f"{kind}-{len(answers)}"
            both = [_window(document, sites, site, choice) for choice in range(2)]
            rows.append({"name": name, "genre": genre, "A": both[order[0]], "B": both[order[1]]})
            original = site.candidates.index(site.original)
            answers[name] = "AB"[order.index(original)]
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (out / "sample.jsonl").write_text("".join(lines), encoding="utf-8")
    _write(out / "answers.json", answers)


def learn(out: Path) -> None:
    """Mark, fine-tune, audit, and write the effect of each kind."""
    key_file, vault = out / "key", out / "vault"
    if not key_file.exists():
        write_key(key_file, Key(np.random.default_rng([SEED, 0]).bytes(KEY_BYTES)))
    if not vault.exists():
        corpus = out / "passages.jsonl"
        lines = (json.dumps(vars(document)) + "\n" for document in passages_with_variants())
        corpus.write_text("".join(lines), encoding="utf-8")
        mark_command(
            corpus, out / "published", vault, make_intent(SCHEME), id_column="id", key_file=key_file
        )
    opened = open_vault(vault, key_file)
    texts = [marked.document.text for row, marked in opened.marked() if row.status == "published"]
    model = fine_tune(out / "model", texts, SEED)
    shutil.rmtree(out / "report", ignore_errors=True)  # the outputs of the models are kept
    report = verify_command(
        vault,
        model,
        (str(find_model("smollm2-135m")),),
        out / "report",
        ModelOptions(cache=out / "traces"),
        key_file=key_file,
    )
    readings = report.audit.observations.site_logprobs
    effects = {"all": _effect(readings.table(), opened.key)}
    for kind in KINDS:
        effects[kind] = _effect(of_kinds(readings, (kind,)).table(), opened.key)
    by_corpus = {kind_of(s.draw) for s in readings.sites if not is_document_draw(s.draw)}
    for decided, kinds in (("corpus", by_corpus), ("document", {*KINDS} - by_corpus)):
        table = of_kinds(readings, kinds).table()
        effects[f"decided by the {decided}"] = _effect(table, opened.key)
    _write(out / "effects.json", effects)


def passages_with_variants() -> list[Document]:
    """Return the news passages with the most variants; a kind counts by 1 / sqrt(frequency)."""
    documents = passages("news", N_NEWS, seed=SEED)
    kinds = [[kind_of(site.draw) for site in sites] for sites in sites_of(documents)]
    total = Counter(kind for some in kinds for kind in some)
    weight = [sum(total[kind] ** -0.5 for kind in some) for some in kinds]
    order = sorted(range(len(documents)), key=lambda i: (-weight[i], i))
    return [documents[i] for i in sorted(order[:N_PASSAGES])]


def of_kinds(readings: SiteLogprobs, kinds: Collection[str]) -> SiteLogprobs:
    """Return the readings of some kinds alone, so that the adjustment is fitted to them."""
    keep = [i for i, site in enumerate(readings.sites) if kind_of(site.draw) in kinds]
    return replace(
        readings,
        sites=tuple(readings.sites[i] for i in keep),
        suspect=tuple(readings.suspect[i] for i in keep),
        references={n: tuple(some[i] for i in keep) for n, some in readings.references.items()},
    )


def _effect(table: ScoreTable, key: Key) -> dict[str, Any]:
    try:
        result = redraw_test(table, key, alpha=0.001)
    except PrerequisiteError:
        return {"sites": 0}
    return {
        "sites": result.details["n_sites"],
        "draws": result.details["n_draws"],
        "effect": result.effect,
        "standard_error": result.effect / result.zscore if result.zscore else None,
        "z": result.zscore,
        "pvalue": result.pvalue,
        "unusable": result.details["unusable"],
    }


def write_page(out: Path) -> None:
    """Write the page and its numbers from those of `count`, of the reader and of `learn`."""
    answers, guesses = _read(out / "answers.json"), _read(out / "guesses.json")
    reading: dict[str, list[int]] = {}
    for name, guess in guesses.items():
        counts = reading.setdefault(name.rpartition("-")[0], [0, 0])
        counts[0] += guess == answers[name]
        counts[1] += 1
    found = {
        "density": _read(out / "density.json"),
        "effects": _read(out / "effects.json"),
        "reading": reading,
    }
    _write(out / "variants.json", found)
    (out / "variants.md").write_text(describe(**found), encoding="utf-8")


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
