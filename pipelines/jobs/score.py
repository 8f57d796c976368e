"""The jobs behind `score` and `frequencies`."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from membership.detector import Detector, Score, TextDetector
from membership.detectors import default_detectors
from membership.detectors.con_recall import ConRecall
from membership.detectors.dc_pdd import DcPdd
from membership.detectors.lowercase import Lowercase
from membership.detectors.neighbourhood import Neighbourhood
from membership.detectors.ngram_coverage import NgramCoverage
from membership.detectors.pac import Pac
from membership.detectors.recall import Recall
from membership.detectors.samia import Samia
from membership.models.checkpoint import find_tokenizer, vocabulary_size
from membership.models.local.huggingface import load_tokenizer
from membership.scoring import (
    choose_unit,
    divide,
    score_documents,
    score_written,
    tokenizer_fingerprint,
)
from membership.token_frequencies import FrequencyTable, count_tokens, load_frequencies
from membership.traces.suspect_protocol import Sampling, Suspect, TextGenerator
from pipelines.loading.labelled import NEIGHBOURS, Record
from pipelines.loading.models import PROBED_TEXTS, ModelOptions, load_models
from pipelines.reporting.provenance import describe_model, describe_run
from pipelines.reporting.score_file import check_target, write_scores
from watermark.atomic import atomic_file, refuse_existing
from watermark.corpus import corpus_digest, open_corpus
from watermark.errors import PrerequisiteError

TEXT_DETECTORS: dict[str, TextDetector] = {d.name: d for d in (Samia(), NgramCoverage())}
"""Detectors of what the suspect writes after the first half of a document."""


@dataclass(frozen=True)
class Extras:
    """What some detectors need beside the models."""

    frequencies: Path | None = None
    """For `dc_pdd`: a table that `leximark frequencies` made."""
    nonmembers: tuple[str, ...] = ()
    """For `recall` and `con_recall`: texts that were not trained on and are not scored."""
    members: tuple[str, ...] = ()
    """For `con_recall`: texts that were trained on and are not scored."""


def score_command(
    records: Sequence[Record],
    model: str,
    reference: str | None,
    out: Path,
    options: ModelOptions,
    *,
    detectors: Sequence[str] = (),
    extras: Extras = Extras(),
    sampling: Sampling = Sampling(),
) -> dict[str, list[Score]]:
    """Score documents, write the scores and beside them how they were made; return them by name.

    Raises:
        ToolkitError: The file exists, a detector is unknown or lacks something, or a model is not
            one.
    """
    check_target(out)
    record_file = out.with_name(out.name + ".run.json")
    refuse_existing(record_file)
    texts = tuple(record.document.text for record in records[:PROBED_TEXTS])
    options = replace(options, texts=texts)
    suspect, references = load_models(model, {reference: reference} if reference else {}, options)
    other = next(iter(references.values()), None)
    written = choose_text(detectors, suspect)
    rest = [name for name in detectors if name not in written]
    chosen = choose(rest, suspect, other, extras, records) if rest or not written else {}
    documents = [record.document for record in records]
    rows: list[dict[str, Score]] = [{} for _ in documents]
    for scored in (
        score_documents(documents, chosen, suspect, other) if chosen else (),
        score_written(documents, written, _writer(suspect), sampling) if written else (),
    ):
        bar = tqdm(scored, total=len(documents), desc="scoring", unit=" documents", disable=None)
        for row, found in zip(rows, bar, strict=False):
            row |= found
    write_scores(out, records, rows)
    about = describe_run(
        {
            "corpus": corpus_digest(documents),
            "suspect": describe_model(suspect),
            "reference": describe_model(other) if other else None,
            "frequencies": _describe_table(chosen.get("dc_pdd")),
            "sampling": asdict(sampling) if written else None,
        },
        {"sampling": sampling.seed} if written else {},
    )
    with atomic_file(record_file) as draft:
        draft.write_text(json.dumps(about.as_dict(), indent=2) + "\n", encoding="utf-8")
    return {name: [row[name] for row in rows] for name in (*chosen, *written)}


def choose_text(names: Sequence[str], suspect: Suspect) -> dict[str, TextDetector]:
    """Return the text detectors among the names; all of them if a suspect can only write.

    Raises:
        PrerequisiteError: One is named, and the suspect does not write.
    """
    named = [name for name in names if name in TEXT_DETECTORS]
    if not names and "logprobs" not in suspect.abilities:
        named = list(TEXT_DETECTORS)
    if named and "text" not in suspect.abilities:
        raise PrerequisiteError(
            f"{named[0]}: needs a suspect that writes, and {suspect.name} is not asked to; give a "
            "server, such as text+http://host/v1 or openai+http://host/v1"
        )
    return {name: TEXT_DETECTORS[name] for name in named}


def _writer(suspect: Suspect) -> TextGenerator:
    writer: TextGenerator = suspect  # type: ignore[assignment]  # it has the ability
    return writer


def choose(
    names: Sequence[str],
    suspect: Suspect,
    reference: Suspect | None,
    extras: Extras,
    records: Sequence[Record],
) -> dict[str, Detector]:
    """Return the detectors of these names; without names all for which one pass is enough.

    Raises:
        PrerequisiteError: A name is unknown, or its detector lacks something.
    """
    one_pass = default_detectors(choose_unit(suspect, reference))
    if not names:
        names = list(divide(one_pass, suspect, reference)[0])
        names += ["dc_pdd"] if extras.frequencies else []
    makers: dict[str, Callable[[], Detector]] = {
        "dc_pdd": lambda: _dc_pdd(suspect, extras),
        "lowercase": Lowercase,
        "pac": Pac,
        "neighbourhood": lambda: _neighbourhood(records),
        "recall": lambda: Recall(_given("recall", "--nonmembers", extras.nonmembers)),
        "con_recall": lambda: ConRecall(
            _given("con_recall", "--nonmembers", extras.nonmembers),
            _given("con_recall", "--members", extras.members),
        ),
    }
    if unknown := [name for name in names if name not in {*one_pass, *makers}]:
        there = ", ".join([*one_pass, *makers, *TEXT_DETECTORS])
        raise PrerequisiteError(f"no detector is called {unknown[0]!r}; there are {there}")
    return {name: makers[name]() if name in makers else one_pass[name] for name in names}


def _dc_pdd(suspect: Suspect, extras: Extras) -> Detector:
    if extras.frequencies is None:
        raise PrerequisiteError(
            "dc_pdd: needs token frequencies; make a table with `leximark frequencies` and give it "
            "with --frequencies"
        )
    return DcPdd(load_frequencies(extras.frequencies), tokenizer_fingerprint(suspect))


def _neighbourhood(records: Sequence[Record]) -> Detector:
    if not any(record.columns.get(NEIGHBOURS) for record in records):
        raise PrerequisiteError(
            f"neighbourhood: needs a column {NEIGHBOURS!r} with a list of texts; MIMIR has them"
        )
    found = {r.document.text: tuple(r.columns.get(NEIGHBOURS) or ()) for r in records}
    return Neighbourhood(found)


def _given(detector: str, option: str, texts: tuple[str, ...]) -> tuple[str, ...]:
    if not texts:
        raise PrerequisiteError(
            f"{detector}: needs texts for its prefix; give a file with {option}"
        )
    return texts


def frequencies_command(
    corpus: str,
    tokenizer: str,
    out: Path,
    *,
    text_column: str = "text",
    split: str | None = None,
    max_tokens: int | None = 1024,
) -> FrequencyTable:
    """Count the tokens of a corpus and write the table.

    Raises:
        ToolkitError: The file exists, or corpus or tokenizer cannot be read.
    """
    refuse_existing(out)
    folder = find_tokenizer(tokenizer)
    documents = open_corpus(corpus, text_column=text_column, split=split).documents()
    table = count_tokens(
        tqdm(documents, desc="counting", unit=" documents", disable=None),
        load_tokenizer(folder),
        vocabulary=vocabulary_size(folder),
        max_tokens=max_tokens,
        corpus_name=corpus,
        tokenizer_name=tokenizer,
    )
    table.save(out)
    return table


def _describe_table(detector: Detector | None) -> Mapping[str, Any] | None:
    return dict(detector.table.origin.__dict__) if isinstance(detector, DcPdd) else None
