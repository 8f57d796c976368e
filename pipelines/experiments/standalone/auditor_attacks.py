"""What attacks on the auditor do to p, and what the report says: reports/attacks/auditor.md.

    python -m pipelines.experiments.standalone.auditor_attacks OUT.md

Marks 160 short texts, trains tiny models on the spot as the tests do, and attacks every link: the
vault, the key, the settings, the references, and the suspect.
"""

import argparse
import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from attacks.auditor.evasive_suspect import Evasion, EvasiveSuspect
from attacks.model.continued_training import ContinuedTraining
from attacks.model.loop import TrainingLoop
from attacks.model.unlearning import Unlearning
from membership.audit.audit import Settings, audit
from membership.audit.verdict import Verdict
from membership.detectors import default_detectors
from membership.evidence.redraw import choices_of, draw_table, redraw_test, statistic
from membership.traces.suspect_protocol import Suspect
from pipelines.jobs.mark import make_intent, mark_command
from pipelines.loading.embedded_text import paragraphs
from pipelines.loading.models import ModelOptions, load_model
from pipelines.training.training import Shape, TrainingSettings, new_model, new_tokenizer, train
from watermark.corpus import open_corpus
from watermark.keys import Key, write_key
from watermark.schemes.leximark import LexiMark
from watermark.vault.beforehand import Beforehand
from watermark.vault.vault import Vault, open_vault

N_KEYS = 20_000
"""Keys that a forger tries."""
OPTIONS = ModelOptions(dtype="float32")
Change = Literal["learned", "unlearned"]


@dataclass(frozen=True)
class Case:
    """A vault, a model that was trained on its published texts, and one that was not."""

    vault: Vault
    trained: Path
    innocent: Path
    """Trained on the same texts, marked with another key."""


def audited(
    case: Case, suspect: Suspect, references: Mapping[str, Suspect] | None = None, seed: int = 0
) -> Verdict:
    """Return the verdict on a suspect."""
    settings = Settings(seed=seed)
    found = audit(case.vault, suspect, references or {}, default_detectors(), settings)
    return found.verdict


def evaded(case: Case, evasion: Evasion, model: Path) -> Verdict:
    """Return the verdict on a model behind a filter of questions about words in place."""
    return audited(case, EvasiveSuspect(load_model(str(model), OPTIONS), evasion))


def chosen_key(case: Case, n_keys: int = N_KEYS, seed: int = 0) -> tuple[Key, float]:
    """Return the one of many keys that fits an innocent model best, and its p-value."""
    suspect = load_model(str(case.innocent), OPTIONS)
    table = audit(case.vault, suspect, {}, default_detectors(), Settings()).table
    draws, rng = draw_table(table), np.random.default_rng(seed)
    keys = [Key(rng.bytes(32)) for _ in range(n_keys)]
    best = max(keys, key=lambda key: statistic(draws, choices_of(key, draws)))
    return best, redraw_test(table, best, alpha=case.vault.plan.alpha).pvalue


def changed(case: Case, model: Path, change: Change, out: Path, epochs: int = 4) -> Suspect:
    """Return a copy of a model that learned the marked texts, or was made to unlearn the marks."""
    rows = list(case.vault.marked())
    marked = [marked.document.text for row, marked in rows if row.status == "published"]
    originals = [row.original for row, _ in rows if row.status == "published"]
    loop = TrainingLoop(learning_rate=1e-3, epochs=epochs, batch_size=8)
    if change == "learned":
        ContinuedTraining(marked, loop=loop).transform(model, out)
    else:
        # What the marked texts and the originals share cancels: what is left are the marks.
        Unlearning(marked, originals, method="ascent", loop=loop).transform(model, out)
    return load_model(str(out), OPTIONS)


def seeds_tried(case: Case, n: int = 10) -> list[float]:
    """Return the p-values of an innocent model under several seeds of the re-draws."""
    suspect = load_model(str(case.innocent), OPTIONS)
    return [audited(case, suspect, seed=seed).primary.pvalue for seed in range(n)]


def make_case(folder: Path) -> Case:
    """Mark and train as the tests do."""
    texts = list(islice(paragraphs(), 160))
    corpus = folder / "topics.jsonl"
    rows = [json.dumps({"id": f"t{i}", "text": text}) + "\n" for i, text in enumerate(texts)]
    corpus.write_text("".join(rows), encoding="utf-8")
    tokenizer = new_tokenizer(texts, 1024)
    settings = TrainingSettings(learning_rate=3e-3, epochs=8, batch_size=8, precision="float32")
    for name, secret in (("ours", bytes(range(32))), ("other", bytes(range(32, 64)))):
        here = folder / name
        here.mkdir()
        write_key(here / "key", Key(secret))
        intent = make_intent(LexiMark(sources=("wordnet",)), public_references=())
        mark_command(
            corpus, here / "published", here / "vault", intent, id_column="id",
            key_file=here / "key",
        )  # fmt: skip
        published = [d.text for d in open_corpus(here / "published" / corpus.name).documents()]
        shape = Shape(layers=2, width=64, heads=4, context=256)
        train(new_model(tokenizer, shape, 0), tokenizer, published, here / "model", settings)
    vault = open_vault(folder / "ours/vault", folder / "ours/key")
    return Case(vault, folder / "ours/model", folder / "other/model")


def rows_of(case: Case, folder: Path) -> list[tuple[str, str, str]]:
    """Return attack, p with verdict, and what the report says, for every attack."""
    trained, innocent = (load_model(str(m), OPTIONS) for m in (case.trained, case.innocent))
    rows = [
        ("none, model trained on the text", *_said(audited(case, trained))),
        ("none, innocent model", *_said(audited(case, innocent))),
    ]
    _, pvalue = chosen_key(case)
    rows.append(
        (
            f"innocent model, key chosen among {N_KEYS:,} after the model was made",
            f"{pvalue:.2g}, trained on it" if pvalue <= case.vault.plan.alpha else f"{pvalue:.2g}",
            next(Beforehand().lines()),
        )
    )
    pvalues = seeds_tried(case)
    rows.append(
        (
            "innocent model, ten seeds of the re-draws tried",
            f"{min(pvalues):.3f} to {max(pvalues):.3f}",
            "departure from the plan: seed of the re-draws; the custody log counts the audits",
        )
    )
    learned = changed(case, case.innocent, "learned", folder / "learned")
    for suspect, label in ((trained, "trained"), (innocent, "innocent")):
        attack = f"{label} model, reference that learned the marked texts (4 epochs)"
        rows.append((attack, *_said(audited(case, suspect, {"base": learned}))))
    for epochs in (4, 12):
        target = folder / f"unlearned-{epochs}"
        reference = changed(case, case.innocent, "unlearned", target, epochs)
        attack = f"innocent model, reference made to unlearn the marked texts ({epochs} epochs)"
        rows.append((attack, *_said(audited(case, innocent, {"base": reference}))))
    for epochs in (4, 12):
        evasive = changed(case, case.trained, "unlearned", folder / f"evasive-{epochs}", epochs)
        attack = f"trained model made to unlearn the marks in its weights ({epochs} epochs)"
        rows.append((attack, *_said(audited(case, evasive))))
    for evasion in get_args(Evasion):
        for model, label in ((case.trained, "trained"), (case.innocent, "innocent")):
            verdict = evaded(case, evasion, model)
            rows.append(
                (
                    f"{label} model behind a filter of questions about words: {evasion}",
                    *_said(verdict),
                )
            )
    return rows


def _said(verdict: Verdict) -> tuple[str, str]:
    lines = [
        *verdict.primary.cautions,
        *verdict.skipped.values(),
        *(f"not in the plan: {each}" for each in verdict.departures),
    ]
    words = f"{verdict.primary.pvalue:.2g} ({verdict.primary.test}), {verdict.words}"
    return words, "; ".join(lines) or "nothing more"


def write_page(rows: list[tuple[str, str, str]], out: Path, about: Callable[[], str]) -> None:
    """Write the table."""
    table = ["| attack | p, verdict | what the report says of it |", "|---|---|---|"]
    table += [f"| {attack} | {said} | {more} |" for attack, said, more in rows]
    out.write_text(about() + "\n".join(table) + "\n", encoding="utf-8")


def main() -> None:
    """Run every attack and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    out = parser.parse_args().out
    with tempfile.TemporaryDirectory() as name:
        case = make_case(Path(name))
        write_page(rows_of(case, Path(name)), out, lambda: "# Attacks on the auditor\n\n")


if __name__ == "__main__":
    main()
