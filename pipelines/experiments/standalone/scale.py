r"""How sites and z grow with the corpus, under the rule of format 1 and that of format 2.

    python -m pipelines.experiments.standalone.scale OUT [--passages 600] [--factors 1 4 16 64]

Sites are found once in news passages. A corpus that is F times as large holds F documents with the
sites of each passage and texts of their own, so its pairs of words come F times as often and there
are no new ones: the case in which a cap on sites is felt most. The suspect is simulated. It
likes the candidates of a pair more or less by chance, and training adds to its preference for a
published word: nothing without exposure, `EFFECT` after 16 sites of one coin, in between by the
logarithm of their number. So at equal exposure both rules have the same effect on a site.
"""

import argparse
import hashlib
import heapq
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from membership.evidence.redraw import choices_of, draw_table, standard_deviation, statistic
from membership.evidence.score_table import ScoreTable
from pipelines.experiments.trials.passages import passages
from pipelines.jobs.mark import make_candidate_settings
from pipelines.loading.candidate_sources import load_lexical_resources
from watermark.document import Site
from watermark.draws import coin_name
from watermark.keys import Key
from watermark.marking.allotment import Tally, allot_coins, bare_word
from watermark.schemes.leximark import LexiMark
from watermark.schemes.leximark_sites import find_sites
from watermark.text.rarity import rarity_bits

SEED = 20261126
EFFECT = 0.35
"""What 16 exposures add to the preference for a published word, in standard deviations."""
LIKING = 0.3
"""Standard deviation of the preference within a pair, beyond what a reference explains."""
CAP = 16

Placed = tuple[str, Site]
"""A site, with the name of the text that it is in."""


def main() -> None:
    """Simulate and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("out", type=Path, help="folder for the results")
    parser.add_argument("--passages", type=int, default=600)
    parser.add_argument("--factors", type=int, nargs="+", default=[1, 4, 16, 64])
    parser.add_argument("--runs", type=int, default=20)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    scheme = LexiMark(fit=make_candidate_settings("fast", None))
    documents = passages("news", arguments.passages, seed=SEED)
    found = list(find_sites(load_lexical_resources(scheme), documents, scheme))
    n_words = sum(len(document.text.split()) for document in documents)
    rows: list[dict[str, Any]] = []
    for factor in arguments.factors:
        placed = [
            (hashlib.sha256(f"{document.id}\0{copy}".encode()).hexdigest(), site)
            for document, sites in zip(documents, found, strict=True)
            for copy in range(factor)
            for site in sites
        ]
        words = n_words * factor
        rules: dict[str, Callable[[], list[str | None]]] = {
            "format 1": lambda placed=placed: capped(placed),  # type: ignore[misc]
            "format 2": lambda placed=placed, words=words: grown(placed, words, scheme),  # type: ignore[misc]
            "format 2, ratio 4": lambda placed=placed, words=words: grown(  # type: ignore[misc]
                placed, words, LexiMark(fit=scheme.fit, max_frequency_ratio=4.0)
            ),
        }
        for rule, name_draws in rules.items():
            draws = name_draws()
            rows.append(
                {"factor": factor, "words": words, "rule": rule}
                | describe(placed, draws, words)
                | simulate(placed, draws, arguments.runs)
            )
            print(rows[-1], flush=True)
    text = json.dumps({"passages": arguments.passages, "rows": rows}, indent=1) + "\n"
    (arguments.out / "growth.json").write_text(text, encoding="utf-8")


def capped(placed: Sequence[Placed]) -> list[str | None]:
    """Return the draw of each site in format 1: 16 sites a pair, chosen by a public hash."""
    ranks: defaultdict[str, list[tuple[bytes, int]]] = defaultdict(list)
    for index, (text, site) in enumerate(placed):
        name = f"{site.draw}\0{text}\0{site.start}".encode()
        ranks[site.draw].append((hashlib.sha256(name).digest(), index))
    draws: list[str | None] = [None] * len(placed)
    for draw, some in ranks.items():
        for _, index in heapq.nsmallest(CAP, some):
            draws[index] = draw
    return draws


def grown(placed: Sequence[Placed], n_words: int, scheme: LexiMark) -> list[str | None]:
    """Return the draw of each site in format 2."""
    tally = Tally()
    tally.add(n_words, (site for _, site in placed), scheme)
    allotted = allot_coins(tally, scheme)
    return [coin_name(site.draw, allotted[site.draw], text, site.start) for text, site in placed]


def describe(
    placed: Sequence[Placed], draws: Sequence[str | None], n_words: int
) -> dict[str, float]:
    """Return how many sites and draws there are, and how frequent the replacements become."""
    kept = [site for (_, site), draw in zip(placed, draws, strict=True) if draw is not None]
    added: Counter[str] = Counter(bare_word(site.candidates[1]) for site in kept)
    ratios = [1 + n / 2 / (n_words * 2 ** -rarity_bits(word)) for word, n in added.items()]
    return {
        "sites": len(kept),
        "sites_per_1000_words": 1000 * len(kept) / n_words,
        "draws": len({draw for draw in draws if draw is not None}),
        "median_frequency_ratio": float(np.median(ratios)),
        "highest_frequency_ratio": float(np.max(ratios)),
    }


def simulate(placed: Sequence[Placed], draws: Sequence[str | None], runs: int) -> dict[str, float]:
    """Return mean z over fresh keys and suspects, with its standard error."""
    names = tuple(draw for draw in draws if draw is not None)
    pairs = [site.draw for (_, site), draw in zip(placed, draws, strict=True) if draw is not None]
    known = {name: number for number, name in enumerate(dict.fromkeys(pairs))}
    pair = np.array([known[name] for name in pairs])
    exposures = Counter(names)
    effect = EFFECT * np.log([1 + exposures[name] for name in names]) / np.log(1 + CAP)
    rng = np.random.default_rng(SEED)
    found = []
    for _ in range(runs):
        key = Key(rng.bytes(32))
        chosen = np.array([key.draw(name, 2) for name in names])
        preference = rng.normal(0, LIKING, len(known))[pair] + rng.normal(size=len(names))
        preference += effect * (2 * chosen - 1)
        score = np.stack([-preference, preference], axis=1) / 2
        n = np.full(len(names), 2)
        table = draw_table(ScoreTable(names, names, n, score, {}, {}))
        found.append(statistic(table, choices_of(key, table)) / standard_deviation(table))
    return {"z": float(np.mean(found)), "se": float(np.std(found, ddof=1) / runs**0.5)}


if __name__ == "__main__":
    main()
