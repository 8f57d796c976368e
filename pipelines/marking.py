"""The job behind `leximark mark`: load what finds sites, mark, show how far it is."""

from contextlib import ExitStack
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

from tqdm import tqdm

from membership.detectors import default_detectors
from pipelines.run_record import program_version
from pipelines.sources import load_analyst
from pipelines.workers import find_here, find_in_processes
from watermark.acceptance import Quality, load_acceptance
from watermark.corpus import Corpus, open_corpus
from watermark.errors import CorpusError
from watermark.fit import FitSettings
from watermark.language import count_languages
from watermark.marking import Intent, mark_corpus
from watermark.schemes.leximark import LexiMark
from watermark.vault import Plan
from watermark.words import pipeline_version

LOOKED_AT = 200
"""Documents whose language is looked at before anything is marked."""
LEAST_ENGLISH = 0.1
"""Least share of English sentences among them; only these are marked."""


def make_fit(quality: Quality, min_fit: float | None) -> FitSettings:
    """Return the settings of fit; without a threshold, the one that belongs to the quality.

    Raises:
        ValueError: The threshold is none.
    """
    least = load_acceptance(quality).threshold if min_fit is None else min_fit
    return FitSettings(min_fit=least)


def make_intent(scheme: LexiMark, **plan: Any) -> Intent:
    """Return the owner's intent, after checking that its parts go together.

    Args:
        scheme: How to mark.
        plan: The other fields of `Intent`.

    Raises:
        ValueError: They do not; says why.
    """
    intent = Intent(scheme, **plan)
    known = default_detectors()
    for name in (intent.detector, intent.detector_with_reference):
        if name not in known:
            raise ValueError(f"there is no detector {name!r}; there are {', '.join(known)}")
    if "reference" in known[intent.detector].needs:
        raise ValueError(f"{intent.detector} needs a reference; name one that does not")
    if intent.test == "redraw" and scheme.rule == "published":
        raise ValueError(
            "rule published draws nothing, so there is nothing to re-draw: use holdout"
        )
    if intent.test == "holdout" and not intent.holdout_share:
        raise ValueError("the hold-out test needs documents that are held out: raise --holdout")
    return intent


def refuse_other_languages(corpus: Corpus) -> None:
    """Refuse a corpus whose first documents have hardly an English sentence.

    Raises:
        CorpusError: So it is; says what language it looks like.
    """
    texts = [document.text for document in islice(corpus.documents(), LOOKED_AT)]
    counts = count_languages(texts)
    if counts and counts[""] < LEAST_ENGLISH * counts.total():
        code, n = next(item for item in counts.most_common() if item[0])
        raise CorpusError(
            f"{counts.total() - counts['']} of {counts.total()} sentences of the first "
            f"{len(texts)} documents are not English ({n} look like {code!r}), and neither "
            "WordNet nor the spaCy pipeline knows another language: give an English corpus"
        )


def mark_command(
    source: Any,
    published: Path,
    vault: Path,
    intent: Intent,
    *,
    text_column: str = "text",
    id_column: str | None = None,
    split: str | None = None,
    key_file: Path | None = None,
    workers: int = 1,
) -> Plan:
    """Mark a data set given as a path, a hub id or a `datasets.Dataset`; return the plan.

    With several workers sites are found in as many processes; the result is the same.
    """
    corpus = open_corpus(source, text_column=text_column, id_column=id_column, split=split)
    if workers < 1:
        raise ValueError(f"workers must be 1 or more, got {workers}")
    refuse_other_languages(corpus)
    analyst = load_analyst(intent.scheme)
    with ExitStack() as stack:
        find = find_here(analyst, intent.scheme)
        if workers > 1:
            find = stack.enter_context(find_in_processes(intent.scheme, workers))
        bar = stack.enter_context(tqdm(unit=" documents", desc="marking", disable=None))
        return mark_corpus(
            corpus,
            published,
            vault,
            intent,
            find,
            made_with={
                "leximark": program_version(),
                "wordnet": analyst.wordnet.version,
                "spacy": f"{version('spacy')} with {pipeline_version(analyst.nlp)}",
                "wordfreq": version("wordfreq"),
                "lemminflect": version("lemminflect"),
            },
            key_file=key_file,
            progress=bar.update,
        )
