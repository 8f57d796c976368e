"""What the audit loses when the suspect gives fewer numbers: log-probabilities, choices, words.

    python -m pipelines.experiments.standalone.query_access PROOF OUT

PROOF is the folder of `pipelines.experiments.standalone.proof`: the suspect is its fine-tuned
model, the reference its base. Each way to ask gives a table [site x candidate] for the re-draw
test, with the base as reference and with none. Local answers are drawn from the model's own
probabilities; real ones of a server, from `pipelines.experiments.standalone.served_choices`, are
shown beside them. A run that was cut goes on.
"""

import argparse
import json
from collections.abc import Callable, Collection, Mapping
from functools import partial
from pathlib import Path
from typing import Any, get_args

import numpy as np
from scipy.stats import kstest

from membership.audit.corpus import AuditCorpus, load_audit_corpus
from membership.audit.observations import observe
from membership.audit.word_answers import (
    Asked,
    ask,
    ask_within_budget,
    questions_of,
)
from membership.choices.local_model import LocalChooser, LocalWay
from membership.choices.question import Window
from membership.evidence.redraw import redraw_test, simulate_null
from membership.evidence.score_table import ScoreTable, build_table
from membership.scoring import assemble_panel
from membership.traces.suspect_protocol import Suspect
from membership.traces.trace import CandidateLogprobs
from pipelines.experiments.standalone.proof import ALPHA, once
from pipelines.experiments.standalone.query_access_page import (
    N_NULL_KEYS,
    N_SUBSETS,
    SEED,
    describe,
)
from pipelines.loading.models import ModelOptions, load_model
from pipelines.reporting.provenance import describe_run
from watermark.assets import find_model
from watermark.errors import PrerequisiteError
from watermark.keys import KEY_BYTES, Key
from watermark.vault.vault import open_vault

SIZES = (5, 8, 10, 15, 20, 30, 50, 75, 100, 150, 200, 300)
MakeTable = Callable[[Collection[str]], ScoreTable]
"""The table of some documents, adjusted on these alone."""


def main() -> None:
    """Run what is missing, then write `results.json` and `README.md`."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("proof", type=Path, help="folder of the experiment `proof`")
    parser.add_argument("out", type=Path, help="folder for everything")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    results = run(arguments.proof, arguments.out)
    (arguments.out / "results.json").write_text(json.dumps(results, indent=2) + "\n")
    (arguments.out / "README.md").write_text(describe(results), encoding="utf-8")


def run(proof: Path, out: Path) -> dict[str, Any]:
    """Return the numbers of every way to ask, by its name."""
    vault = open_vault(proof / "ours/vault", proof / "ours/key")
    corpus = load_audit_corpus(vault)
    options = ModelOptions(cache=out / "cache")
    suspect = load_model(str(proof / "models/trained"), options)
    base = load_model(str(find_model("smollm2-135m")), options)
    makers: dict[str, Callable[[], MakeTable]] = {}
    for label, references in (("base", {"base": base}), ("none", dict[str, Suspect]())):
        makers[f"log-probabilities, whole text; {label}"] = partial(
            _whole_text, corpus, suspect, references
        )
        makers[f"log-probabilities, 12 words; {label}"] = partial(
            _short_context, corpus, suspect, references
        )
        for form in get_args(LocalWay):
            for n in (1, 3, 10):
                makers[f"{form}, {n} answers; {label}"] = partial(
                    _answers, corpus, LocalChooser(suspect, form), references, n
                )
    results = {
        name: once(
            out / "ways" / f"{name.replace(' ', '_').replace(';', '')}.json",
            partial(_made, make, corpus, vault.key),
        )
        for name, make in makers.items()
    }
    chooser = LocalChooser(suspect)
    questions = questions_of(corpus, Window())
    budgeted = once(
        out / "ways" / "budget.json",
        lambda: _budget(corpus, chooser, base, vault.key, questions),
    )
    run_record = describe_run({}, {"subsets and answers": SEED}).as_dict()
    run_record["command"] = "python -m pipelines.experiments.standalone.query_access PROOF OUT"
    return {
        "ways": results,
        "served": _served(out / "served"),
        "budget": budgeted,
        "n_documents": len(_ids(corpus)),
        "run": run_record,
    }


def numbers_of(
    table_of: MakeTable, corpus: AuditCorpus, key: Key, *, power: bool = True
) -> dict[str, Any]:
    """Return the test of a table, its null and its power on random subsets of the documents."""
    ids = _ids(corpus)
    table = table_of(ids)
    result = redraw_test(table, key, alpha=ALPHA)
    rng = np.random.default_rng([SEED, 1])
    keys = [Key(rng.bytes(KEY_BYTES)) for _ in range(N_NULL_KEYS)]
    null = simulate_null(table, keys, n_resamples=99_999)
    return {
        "pvalue": result.pvalue,
        "bound": result.bound,
        "zscore": result.zscore,
        "n_sites": result.n_units,
        "null_ks": float(kstest(null, "uniform").pvalue),
        "power": _power(table_of, ids, key) if power else {},
    }


def _served(folder: Path) -> list[dict[str, Any]]:
    """Return what `served_choices` measured of real servers."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]


def _made(make: Callable[[], MakeTable], corpus: AuditCorpus, key: Key) -> dict[str, Any]:
    return numbers_of(make(), corpus, key)


def _ids(corpus: AuditCorpus) -> list[str]:
    return sorted(document.id for document, _ in corpus.readable())


def _power(table_of: MakeTable, ids: list[str], key: Key) -> dict[str, int]:
    """Return how many of `N_SUBSETS` random subsets of each size have p below `ALPHA`."""
    rng = np.random.default_rng(SEED)
    found: dict[str, int] = {}
    for size in SIZES:
        if size > len(ids):
            continue
        hits = 0
        for _ in range(N_SUBSETS):
            try:
                table = table_of(set(rng.choice(ids, size, replace=False)))
                hits += redraw_test(table, key, alpha=ALPHA, n_resamples=1_999).pvalue < ALPHA
            except PrerequisiteError:
                continue
        found[str(size)] = hits
        if hits == N_SUBSETS:
            break
    return found


def _whole_text(
    corpus: AuditCorpus, suspect: Suspect, references: Mapping[str, Suspect]
) -> MakeTable:
    found = observe(corpus, assemble_panel({}, suspect, references)).site_logprobs
    return lambda ids: found.table(documents=ids)


def _short_context(
    corpus: AuditCorpus, suspect: Suspect, references: Mapping[str, Suspect]
) -> MakeTable:
    questions = questions_of(corpus, Window())
    asked = [question.question for question in questions]

    def read(model: Suspect) -> list[CandidateLogprobs]:
        found = []
        for question, logprob in zip(questions, LocalChooser(model).logprobs(asked), strict=True):
            in_order = np.empty(len(logprob))
            in_order[list(question.order)] = logprob
            found.append(CandidateLogprobs(in_order))
        return found

    ours, theirs = read(suspect), {name: read(model) for name, model in references.items()}

    def table(ids: Collection[str]) -> ScoreTable:
        kept = [i for i, q in enumerate(questions) if q.site.document_id in ids]
        return build_table(
            [questions[i].site for i in kept],
            [ours[i] for i in kept],
            {name: [r[i] for i in kept] for name, r in theirs.items()},
        )

    return table


def _answers(
    corpus: AuditCorpus, chooser: LocalChooser, references: Mapping[str, Suspect], n: int
) -> MakeTable:
    questions = questions_of(corpus, Window())
    return of_documents(ask(corpus, chooser, references, questions, n=n, seed=SEED))


def of_documents(asked: Asked) -> MakeTable:
    """Return what makes the table of the answers about some documents."""

    def table(ids: Collection[str]) -> ScoreTable:
        kept = [i for i, q in enumerate(asked.questions) if q.site.document_id in ids]
        return Asked(
            tuple(asked.questions[i] for i in kept),
            tuple(asked.answers[i] for i in kept),
            {name: tuple(v[i] for i in kept) for name, v in asked.references.items()},
            asked.language,
        ).table()

    return table


def _budget(
    corpus: AuditCorpus, chooser: LocalChooser, base: Suspect, key: Key, questions: Any
) -> dict[str, Any]:
    found = ask_within_budget(
        corpus, chooser, {"base": base}, questions, key, n=3, budget=7_000, alpha=ALPHA, seed=SEED
    )
    return {
        "n_calls": found.n_calls, "stopped": found.stopped, "pvalue": found.state.pvalue,
        "log_e": found.state.log_e,
    }  # fmt: skip


if __name__ == "__main__":
    main()
