"""What the audit loses when the suspect gives fewer numbers: log-probabilities, choices, words.

    python -m pipelines.experiments.standalone.any_door PROOF OUT [--server ADDRESS]

PROOF is the folder of `pipelines.experiments.standalone.proof`: the suspect is its fine-tuned
model, the reference its base. Each way to ask gives a table [site x candidate] for the re-draw
test, with the base as reference and with none. Local answers are drawn from the model's own
probabilities.
ADDRESS is a server with the fine-tuned model that is asked for words only, such as
`text+http://127.0.0.1:8000/v1#suspect`; its answers are real. A run that was cut goes on.
"""

import argparse
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, get_args

import numpy as np
from scipy.stats import binomtest, kstest

from membership.audit.corpus import AuditCorpus, load_audit_corpus
from membership.audit.observations import observe
from membership.audit.word_answers import (
    Asked,
    ask,
    ask_within_budget,
    questions_of,
    read_references,
)
from membership.choices.cache import CachedChooser
from membership.choices.local_model import LocalChooser, LocalWay
from membership.choices.question import Window
from membership.evidence.redraw import redraw_test, simulate_null
from membership.evidence.score_table import ScoreTable, build_table
from membership.models.server.address import parse_address
from membership.models.server.open_chooser import open_chooser
from membership.scoring import assemble_panel
from membership.traces.suspect import Suspect
from membership.traces.trace import CandidateLogprobs
from pipelines.experiments.standalone.proof import ALPHA, once
from pipelines.loading.models import ModelOptions, load_model
from pipelines.reporting.provenance import describe_run
from watermark.assets import find_model
from watermark.errors import PrerequisiteError
from watermark.keys import KEY_BYTES, Key
from watermark.vault.vault import open_vault

SIZES, N_SUBSETS, POWER = (5, 8, 10, 15, 20, 30, 50, 75, 100, 150, 200, 300), 100, 0.8
N_NULL_KEYS, SEED = 1_000, 3
MakeTable = Callable[[Collection[str]], ScoreTable]
"""The table of some documents, adjusted on these alone."""


def main() -> None:
    """Run what is missing, then write `results.json` and `README.md`."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("proof", type=Path, help="folder of the experiment `proof`")
    parser.add_argument("out", type=Path, help="folder for everything")
    parser.add_argument("--server", help="address of the fine-tuned model, asked for words only")
    parser.add_argument("--answers", type=int, default=1, help="answers of the server a question")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    results = run(arguments.proof, arguments.out, arguments.server, arguments.answers)
    (arguments.out / "results.json").write_text(json.dumps(results, indent=2) + "\n")
    (arguments.out / "README.md").write_text(describe(results), encoding="utf-8")


def run(proof: Path, out: Path, server: str | None, answers: int) -> dict[str, Any]:
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
        if server:
            makers[f"server, {answers} answers; {label}"] = partial(
                _served, corpus, server, references, answers, out
            )
    results = {
        name: once(
            out / "doors" / f"{name.replace(' ', '_').replace(';', '')}.json",
            partial(_numbers, make, corpus, vault.key),
        )
        for name, make in makers.items()
    }
    chooser = LocalChooser(suspect)
    questions = questions_of(corpus, Window())
    budgeted = once(
        out / "doors" / "budget.json",
        lambda: _budget(corpus, chooser, base, vault.key, questions),
    )
    run_record = describe_run({}, {"subsets and answers": SEED}).as_dict()
    run_record["command"] = "python -m pipelines.experiments.standalone.any_door PROOF OUT"
    return {
        "doors": results,
        "budget": budgeted,
        "n_documents": len(_ids(corpus)),
        "run": run_record,
    }


def _numbers(prepare: Callable[[], MakeTable], corpus: AuditCorpus, key: Key) -> dict[str, Any]:
    table_of, ids = prepare(), _ids(corpus)
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
        "power": _power(table_of, ids, key),
    }


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
    return _of_documents(ask(corpus, chooser, references, questions, n=n, seed=SEED))


def _served(
    corpus: AuditCorpus, server: str, references: Mapping[str, Suspect], n: int, out: Path
) -> MakeTable:
    address = parse_address(server)
    assert address is not None
    questions = questions_of(corpus, Window())
    chooser = CachedChooser(open_chooser(address, [q.question for q in questions[:2]]), out)
    found = ask(corpus, chooser, {}, questions, n=n, seed=SEED)
    return _of_documents(replace(found, references=read_references(references, questions)))


def _of_documents(asked: Asked) -> MakeTable:
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


def documents_needed(power: Mapping[str, int]) -> str:
    """Return the least number of documents with a power of 0.8, for a reader."""
    enough = [int(size) for size, hits in power.items() if hits >= POWER * N_SUBSETS]
    return str(min(enough)) if enough else f"more than {max(map(int, power))}"


def describe(results: Mapping[str, Any]) -> str:
    """Return the page of the results."""
    lines = [
        "# The same model, asked in other ways",
        "",
        "SmolLM2-135M fine-tuned for one epoch on marked news (`leximark reproduce proof`), "
        f"{results['n_documents']} documents with sites. Each way to ask gives a table "
        "[site x candidate] for the re-draw test. Local answers are drawn from the model's own "
        "probabilities, so they contain no loss from prompting; rows of a server are real answers. "
        f"Documents needed: the least size at which {POWER:.0%} of {N_SUBSETS} random subsets have "
        f"p < {ALPHA:g} (1,999 re-draws; subsets of one trained model overlap). Null: "
        f"Kolmogorov-Smirnov p of {N_NULL_KEYS:,} re-keyed p-values against uniform.",
        "",
        "| asked | reference | p | z | sites | documents needed | power at 30 (95 %) | null |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, found in results["doors"].items():
        way, _, reference = name.partition("; ")
        lines.append(
            f"| {way} | {reference} | {found['pvalue']:.2g} | {found['zscore']:.1f} | "
            f"{found['n_sites']} | {documents_needed(found['power'])} | "
            f"{_share(found['power'].get('30'))} | {found['null_ks']:.2f} |"
        )
    budget = results["budget"]
    lines += [
        "",
        "With a budget of 7,000 calls, 3 forced answers a site and the base as reference, the bets "
        f"stopped after {budget['n_calls']:,} calls ({budget['stopped']}): anytime p = "
        f"{budget['pvalue']:.2g}.",
        "",
        "    python -m pipelines.experiments.standalone.any_door PROOF OUT [--server ADDRESS]",
        "",
        f"Machine: {', '.join(results['run']['machine'].values())} cores. Seed {SEED}.",
    ]
    return "\n".join(lines) + "\n"


def _share(hits: int | None) -> str:
    if hits is None:
        return "1.00 at fewer"
    interval = binomtest(hits, N_SUBSETS).proportion_ci(0.95, method="exact")
    return f"{hits / N_SUBSETS:.2f} ({interval.low:.2f} to {interval.high:.2f})"


if __name__ == "__main__":
    main()
