"""Which marks withstand attacks best: schemes and scopes against seven attacks on a tiny model.

    leximark reproduce attacks_schemes --out OUT

As `attacks`, with other marks: how many sites a sentence gets, what one coin decides, and
look-alike letters alone and beside synonyms. The null is that of keys which no model saw.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from pipelines.experiments.attacks import SETUP
from pipelines.experiments.runner.experiment import Experiment, Needs
from pipelines.experiments.runner.records import Cell, Measure
from pipelines.experiments.trials.attack_run import run_attack
from pipelines.experiments.trials.schemes_page import describe
from pipelines.experiments.trials.small import small_base
from watermark.scheme import Scheme
from watermark.schemes.composed import Composed
from watermark.schemes.leximark import LexiMark
from watermark.schemes.look_alikes import LookAlikes

LISTED, DICTIONARY = "listed pairs", LexiMark(sources=("wordnet",))
SCHEMES: dict[str, Scheme] = {
    LISTED: LexiMark(),
    "dictionary": DICTIONARY,
    "dictionary, 1 a sentence": replace(DICTIONARY, words_per_sentence=1),
    "dictionary, 5 a sentence": replace(DICTIONARY, words_per_sentence=5),
    "dictionary, scope site": replace(DICTIONARY, scope="site"),
    "dictionary, scope document": replace(DICTIONARY, scope="document"),
    "look-alikes": LookAlikes(scope="word"),
    "dictionary and look-alikes": Composed(DICTIONARY, LookAlikes(scope="word")),
}
ATTACKS = (
    ("none", "-"),
    ("adaptive", "all sites"),
    ("random_synonyms", "50 % of words"),
    ("commonest_synonyms", "all words"),
    ("rules", "all sentences"),
    ("unicode and whitespace", "all"),
    ("collusion", "2 editions"),
)


def cells(seeds: int) -> list[Cell]:
    """Return a cell for each scheme, attack and seed, ordered by seed."""
    return [
        Cell(
            "attacks_schemes",
            {"scheme": scheme, "attack": attack, "strength": strength, "seed": seed},
        )
        for seed in range(seeds)
        for scheme in SCHEMES
        for attack, strength in ATTACKS
    ]


def run(cell: Cell, folder: Path) -> Iterator[Measure]:
    """Mark with a scheme, attack the texts, train, and run the re-draw test."""
    name = str(cell.settings["scheme"])
    scheme = SCHEMES[name]
    thief = (
        "listed" if isinstance(scheme, LexiMark) and scheme.sources == ("listed",) else "wordnet"
    )
    number = list(SCHEMES).index(name)
    setup = replace(
        SETUP,
        scheme=scheme,
        thief_source=thief,
        unmarked=False,
        public="",
        name=f"scheme-{number}-",
    )
    yield from run_attack(setup, cell, small_base(folder.with_name("base")), folder)


EXPERIMENT = Experiment(
    name="attacks_schemes",
    title="Which marks withstand attacks best: eight kinds of marks, seven attacks, a tiny model",
    needs=Needs(assets=("texts", "minilm", "smollm2-135m"), hours=1.0),
    seeds=3,
    cells=cells,
    run=run,
    describe=describe,
)
