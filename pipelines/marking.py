"""The job behind `leximark mark`: load what finds sites, mark, show how far it is."""

import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

from tqdm import tqdm

from membership.detectors import default_detectors
from membership.models.rewriter import open_rewriter
from pipelines.run_record import program_version
from pipelines.sources import make_sources
from watermark.acceptance import Quality, load_acceptance
from watermark.assets import find_spacy, find_wordnet
from watermark.corpus import open_corpus
from watermark.document import Document, Site
from watermark.fit import FitSettings
from watermark.marking import Intent, mark_corpus
from watermark.scheme import Scheme, TextScheme, sites_of_share
from watermark.schemes.composed import Composed, compose
from watermark.schemes.leximark import Analyst, LexiMark, find_sites
from watermark.schemes.rewriting import Rewriting, find_paragraphs
from watermark.survey import FindSites
from watermark.synonyms import WordNet
from watermark.vault import Plan
from watermark.words import load_english, pipeline_version


def load_analyst(scheme: LexiMark = LexiMark()) -> Analyst:
    """Load the language data that `leximark assets` fetched, and the sources of a scheme.

    Raises:
        AssetError: They are not there.
        ValueError: A source is none.
    """
    wordnet = WordNet(find_wordnet())
    sources = make_sources(scheme.sources, scheme.quality, wordnet)
    return Analyst(load_english(find_spacy()), wordnet, sources)


def make_fit(quality: Quality, min_fit: float | None) -> FitSettings:
    """Return the settings of fit; without a threshold, the one that belongs to the quality.

    Raises:
        ValueError: The threshold is none.
    """
    least = load_acceptance(quality).threshold if min_fit is None else min_fit
    return FitSettings(min_fit=least)


def make_intent(scheme: Scheme, **plan: Any) -> Intent:
    """Return the owner's intent, after checking that its parts go together.

    Args:
        scheme: How to mark.
        plan: The other fields of `Intent`. Without a test, it is the one that suits the scheme.

    Raises:
        ValueError: They do not; says why.
    """
    defaults: dict[str, Any] = {"test": scheme.tests[0], "detector": scheme.detector}
    intent = Intent(scheme, **(defaults | plan))
    known = default_detectors()
    for name in (intent.detector, intent.detector_with_reference):
        if name not in known:
            raise ValueError(f"there is no detector {name!r}; there are {', '.join(known)}")
    if "reference" in known[intent.detector].needs:
        raise ValueError(f"{intent.detector} needs a reference; name one that does not")
    if intent.test not in scheme.tests:
        raise ValueError(
            f"these marks cannot be tested by {intent.test}: choose {' or '.join(scheme.tests)}"
        )
    if intent.test == "holdout" and not intent.holdout_share:
        raise ValueError("the hold-out test needs documents that are held out: raise --holdout")
    return intent


def load_finder(scheme: Scheme) -> tuple[FindSites, dict[str, str]]:
    """Return what finds the sites of a scheme, and the versions of what it is made of.

    Raises:
        AssetError: Language data that it needs is not there.
    """
    if isinstance(scheme, Composed):
        first, made_first = load_finder(scheme.first)
        second, made_second = load_finder(scheme.second)
        return lambda some: compose(first(some), second(some)), made_first | made_second
    if isinstance(scheme, Rewriting):
        return _rewriting_finder(scheme)
    if not isinstance(scheme, LexiMark):
        return cast(TextScheme, scheme).find_sites, {}
    analyst = load_analyst(scheme)

    def find(documents: Sequence[Document]) -> Iterator[list[Site]]:
        return sites_of_share(
            documents, scheme.share, lambda some: find_sites(analyst, some, scheme)
        )

    return find, {
        "wordnet": analyst.wordnet.version,
        "spacy": f"{version('spacy')} with {pipeline_version(analyst.nlp)}",
        "wordfreq": version("wordfreq"),
        "lemminflect": version("lemminflect"),
    }


def _rewriting_finder(scheme: Rewriting) -> tuple[FindSites, dict[str, str]]:
    prompt = scheme.prompt.replace("{k}", str(scheme.k))
    rewriter = open_rewriter(scheme.endpoint, prompt, scheme.max_failures)

    def find(documents: Sequence[Document]) -> Iterator[list[Site]]:
        before = len(rewriter.failures)
        yield from find_paragraphs(rewriter.rewrite, documents, scheme)
        for fault in rewriter.failures[before:]:
            tqdm.write(f"leximark: a paragraph stays as it is: {fault}", file=sys.stderr)

    return find, {"rewritten by": rewriter.model}


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
) -> Plan:
    """Mark a data set given as a path, a hub id or a `datasets.Dataset`; return the plan."""
    corpus = open_corpus(source, text_column=text_column, id_column=id_column, split=split)
    find, made_with = load_finder(intent.scheme)
    with tqdm(unit=" documents", desc="marking", disable=None) as bar:
        return mark_corpus(
            corpus,
            published,
            vault,
            intent,
            find,
            made_with={"leximark": program_version(), **made_with},
            key_file=key_file,
            progress=bar.update,
        )
