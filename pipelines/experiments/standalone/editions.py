"""Does the audit name the licensee whose edition a tiny model was trained on, and no other?

    python -m pipelines.experiments.standalone.editions OUT [--runs 40]

Twenty licensees have editions of the same news passages. A tiny model is trained on the text of one
licensee; on a mixture, half of the documents of each of two; or on the vote of three. Each run has
its own key, its own order of training and one of four samples of documents. A run that was cut goes
on.
"""

import argparse
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import binomtest

from attacks.attack import attack_documents
from attacks.text.collusion import Collusion
from membership.audit.corpus import AuditCorpus, load_audit_corpus
from membership.audit.observations import observe
from membership.evidence.editions import EditionsResult, editions_test
from membership.evidence.redraw import choices_of, draw_table, null_statistics, statistic
from membership.evidence.result import monte_carlo_pvalue
from membership.evidence.score_table import ScoreTable
from membership.scoring import assemble_panel
from pipelines.experiments.standalone.proof import once
from pipelines.experiments.trials.halves import experiment_key, mark_documents
from pipelines.experiments.trials.small import N_BASE, SHAPE, TRAINING, small_base
from pipelines.experiments.trials.tiny import fresh_passages
from pipelines.loading.models import ModelOptions, load_model
from pipelines.reporting.provenance import describe_run
from pipelines.training.training import load_base, train_once
from watermark.document import Document, apply_choices
from watermark.keys import Key
from watermark.schemes.leximark import LexiMark
from watermark.vault.plan import read_plan

N_DOCUMENTS, N_SAMPLES, N_LICENSEES, ALPHA = 80, 4, 20, 0.001
SCHEME = LexiMark(sources=("wordnet",))
ARMS = {"one": (0,), "mixture": (0, 1), "vote": (0, 1, 2), "originals": ()}
"""The editions that each arm's training text comes from."""
N_LISTS = 20
"""Lists of innocent licensees that each trained model is tested with."""
STEPS = {"one": 1, "mixture": 2, "vote": 8, "originals": 40}
"""Each arm is run with every so many of the seeds."""


def main() -> None:
    """Run what is missing, then write `results.json` and `README.md`."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path, help="folder for everything")
    parser.add_argument("--runs", type=int, default=40, help="runs of the first arm")
    arguments = parser.parse_args()
    out: Path = arguments.out
    base = small_base(out / "base")
    runs: dict[str, list[dict[str, Any]]] = {arm: [] for arm in ARMS}
    for seed in range(arguments.runs):
        for arm, step in STEPS.items():
            if seed % step == 0:
                path = out / "runs" / f"{arm}-{seed}.json"
                runs[arm].append(once(path, partial(run, arm, seed, base, out)))
    n_lists, n_wrong = innocent_lists([each for arm in ARMS if ARMS[arm] for each in runs[arm]])
    for each in (each for arm in ARMS for each in runs[arm]):
        del each["table"]
    results = {
        "runs": runs,
        "n_lists": n_lists,
        "n_wrong_lists": n_wrong,
        "words_per_sentence": read_plan(out / "sample-0/vault").scheme["words_per_sentence"],
        "run": describe_run({}, {"first run": 0}).as_dict(),
    }
    (out / "results.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    (out / "README.md").write_text(describe(results), encoding="utf-8")


def run(arm: str, seed: int, base: Path, out: Path) -> dict[str, Any]:
    """Train on what the arm says, test all editions, and return who was named."""
    corpus = sampled(out, seed % N_SAMPLES)
    key = experiment_key(seed, 500)
    editions = [edition_key(key, number) for number in range(N_LICENSEES)]
    texts = training_texts(corpus, [editions[number] for number in ARMS[arm]], arm, seed)
    table = table_of(corpus, texts, base, out / "model", seed, out / "cache")
    keys = {licensee(number): each for number, each in enumerate(editions)}
    result = editions_test(table, keys, alpha=ALPHA, seed=seed)
    return {**numbers(result, ARMS[arm]), "table": stored_table(table)}


def sampled(out: Path, sample: int) -> AuditCorpus:
    """Return one of the samples of documents with its sites, which depend on no key."""
    documents = fresh_passages(N_DOCUMENTS, sample)
    key = experiment_key(sample, 400)
    return load_audit_corpus(
        mark_documents(out / f"sample-{sample}", documents, SCHEME, key, holdout_share=0.0)
    )


def edition_key(key: Key, number: int) -> Key:
    """Return the key of a licensee's edition."""
    return key.derive("edition", licensee(number))


def licensee(number: int) -> str:
    """Return a licensee's name."""
    return f"licensee {number:02d}"


def edition_texts(corpus: AuditCorpus, key: Key) -> list[Document]:
    """Return the documents of an edition."""
    return [
        apply_choices(
            original, sites, [key.draw(site.draw, len(site.candidates)) for site in sites]
        ).document
        for original, sites in zip(corpus.originals, corpus.sites, strict=True)
    ]


def training_texts(corpus: AuditCorpus, keys: Sequence[Key], arm: str, seed: int) -> list[str]:
    """Return the texts that the suspect is trained on."""
    texts = [edition_texts(corpus, key) for key in keys] or [list(corpus.originals)]
    if arm == "vote":
        others = [{document.id: document.text for document in each} for each in texts[1:]]
        voted = attack_documents([Collusion(others)], texts[0], seed=seed)
        return [document.text for document in voted if document is not None]
    order = np.random.default_rng([seed, 7]).permutation(len(texts[0]))
    return [texts[place % len(texts)][i].text for place, i in enumerate(order)]


def table_of(
    corpus: AuditCorpus, texts: list[str], base: Path, folder: Path, seed: int, cache: Path
) -> ScoreTable:
    """Train the tiny model on texts and return its table with the base as reference."""
    settings = TRAINING.of_seed(seed)
    shutil.rmtree(folder, ignore_errors=True)
    model = train_once(lambda: load_base(base, settings), texts, folder, settings)
    options = ModelOptions(dtype="float32")
    reference = load_model(str(base), ModelOptions(dtype="float32", cache=cache))
    panel = assemble_panel({}, load_model(str(model), options), {"base": reference})
    return observe(corpus, panel).site_logprobs.table()


def numbers(result: EditionsResult, trained: Sequence[int]) -> dict[str, Any]:
    """Return who was named, rightly and wrongly, with the strengths."""
    right = {licensee(number) for number in trained}
    named = {each.licensee for each in result.named}
    return {
        "n_right": len(named & right),
        "n_wrong": len(named - right),
        "some_pvalue": result.some_pvalue,
        "words": result.words,
        "alike": [asdict(pair) for pair in result.alike],
        "zscores": [each.zscore for each in result.editions],
        "n_draws": result.n_draws,
        "n_sites": result.n_sites,
    }


def stored_table(table: ScoreTable) -> dict[str, Any]:
    """Return the rows of a table with two candidates a site, for later simulations."""
    return {
        "document": list(table.document_ids),
        "draw": list(table.draws),
        "second": [round(float(row[1]), 5) for row in table.score],
        "n_candidates": table.n_candidates.tolist(),
    }


def innocent_lists(runs: Sequence[dict[str, Any]]) -> tuple[int, int]:
    """Test trained models with lists of innocent licensees.

    Returns:
        How many lists, and in how many of them a licensee was named. Holm's correction names one
        if and only if the smallest p times their number is at most alpha.
    """
    wrong = 0
    for number, each in enumerate(runs):
        draws = draw_table(loaded_table(each["table"]))
        null = np.sort(null_statistics(draws, 99_999, np.random.default_rng(number)))
        for place in range(N_LISTS):
            owner = experiment_key(number, 10_000 + place)
            best = max(
                statistic(draws, choices_of(edition_key(owner, licensee_number), draws))
                for licensee_number in range(N_LICENSEES)
            )
            wrong += N_LICENSEES * monte_carlo_pvalue(best, null) <= ALPHA
    return len(runs) * N_LISTS, wrong


def loaded_table(stored: dict[str, Any]) -> ScoreTable:
    """Return the table that `stored_table` wrote."""
    second = np.array(stored["second"])
    return ScoreTable(
        tuple(stored["document"]),
        tuple(stored["draw"]),
        np.array(stored["n_candidates"]),
        np.stack([-second, second], axis=1),
        {},
        {},
    )


def describe(results: dict[str, Any]) -> str:
    """Return the page: one row an arm, with exact 95 % intervals."""
    rows = [_row(arm, runs) for arm, runs in results["runs"].items() if runs]
    one = results["runs"]["one"]
    sites = ", ".join(f"{run['n_sites']:,}" for run in one[:N_SAMPLES])
    machine = results["run"]["machine"]["processor"]
    return f"""# Editions: who leaked?

{N_LICENSEES} licensees, {N_DOCUMENTS} news passages of about 130 tokens ({sites} usable
sites in the {N_SAMPLES} samples, marked with K = {results["words_per_sentence"]}), a tiny model
({SHAPE.layers} layers, width {SHAPE.width}) pretrained on {N_BASE} other passages and fine-tuned
for {TRAINING.epochs:g} epochs at {TRAINING.learning_rate:g}, with the base as reference.
Level {ALPHA:g} after Holm's correction. Each run has its own key and its own order of training.
Intervals are Clopper-Pearson, 95 %.

```
python -m pipelines.experiments.standalone.editions OUT
```

| trained on | runs | named: all of them | some of them | a wrong one | some edition | z |
|---|---|---|---|---|---|---|
{chr(10).join(rows)}

*one*: the edition of one licensee. *mixture*: half of the documents from each of two. *vote*: at
each place the word that most of three editions have. *originals*: the unmarked texts, which no
licensee's coins touch. *Some edition*: its p-value was at most {ALPHA:g}. *z*: the median over the
licensees whose text was trained on.

The models of the first three rows were also tested with {results["n_lists"]:,} other lists of
{N_LICENSEES} licensees, none of whom leaked: one was named in
{_share(results["n_wrong_lists"], results["n_lists"])} lists.

Commit {results["run"]["commit"][:7]}; processor: {machine}; seeds 0 to {len(one) - 1}, every
second one for *mixture* and every eighth one for *vote*.
"""


def _row(arm: str, runs: Sequence[dict[str, Any]]) -> str:
    trained = ARMS[arm]
    right = [run["n_right"] for run in runs]
    complete = sum(n == len(trained) for n in right) if trained else None
    shares = [
        "-" if complete is None else _share(complete, len(runs)),
        "-" if not trained else _share(sum(n > 0 for n in right), len(runs)),
        _share(sum(run["n_wrong"] > 0 for run in runs), len(runs)),
        _share(sum(run["some_pvalue"] <= ALPHA for run in runs), len(runs)),
    ]
    scores = [run["zscores"][number] for run in runs for number in trained]
    median = f"{np.median(scores):.1f}" if scores else "-"
    return f"| {arm} | {len(runs)} | {' | '.join(shares)} | {median} |"


def _share(k: int, n: int) -> str:
    interval = binomtest(k, n).proportion_ci()
    return f"{k} of {n:,} ({interval.low:.1%} to {interval.high:.1%})"


if __name__ == "__main__":
    main()
