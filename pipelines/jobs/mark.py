"""The job behind `leximark mark`: load what finds sites, mark, show how far it is."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tqdm import tqdm

from membership.detectors import default_detectors
from pipelines.loading.parallel import in_pieces, in_processes
from pipelines.loading.site_finders import asks_a_server, load_finder, refuse_other_languages
from pipelines.reporting.provenance import program_version
from watermark.corpus import Corpus, open_corpus
from watermark.document import Document, Site
from watermark.errors import PrerequisiteError
from watermark.marking.mark import Intent, mark_corpus
from watermark.marking.site_index import FindSites
from watermark.scheme import Scheme
from watermark.substitution.acceptability import Quality, load_acceptability
from watermark.substitution.candidates import CandidateSettings
from watermark.text.boilerplate import SHARE, Boilerplate, find_boilerplate
from watermark.vault.plan import Plan


def make_candidate_settings(
    quality: Quality, min_fit: float | None, language: str = "en"
) -> CandidateSettings:
    """Return the settings of fit; without a threshold, the one that belongs to the quality.

    Raises:
        ValueError: The threshold is invalid.
    """
    least = load_acceptability(quality).threshold if min_fit is None else min_fit
    return CandidateSettings(min_fit=least, language=language)


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
    boilerplate_share: float = SHARE,
    sealed: Mapping[str, str] = MappingProxyType({}),
) -> Plan:
    """Mark a data set given as a path, a hub id or a `datasets.Dataset`; return the plan.

    With several workers sites are found in as many processes; the result is the same. Sentences
    that stand in at least `boilerplate_share` of the documents are left as they are; 0 marks them.
    The plan, and so the commitment, binds the hashes in `sealed`, given by the names of files.
    """
    corpus = open_corpus(source, text_column=text_column, id_column=id_column, split=split)
    if workers < 1:
        raise ValueError(f"workers must be 1 or more, got {workers}")
    if workers > 1 and asks_a_server(intent.scheme):
        raise PrerequisiteError(
            "what asks a server counts its failures in one process: leave out --workers"
        )
    refuse_other_languages(intent.scheme, corpus)
    boilerplate = find_boilerplate(corpus.documents(), boilerplate_share)
    if boilerplate.hashes:
        _say_boilerplate(boilerplate, corpus)
    find, made_with = load_finder(intent.scheme)
    with ExitStack() as stack:
        find = in_pieces(find)
        if workers > 1:
            find = stack.enter_context(in_processes(intent.scheme, workers))
        bar = stack.enter_context(tqdm(unit=" documents", desc="marking", disable=None))
        return mark_corpus(
            corpus,
            published,
            vault,
            intent,
            _outside(boilerplate, find),
            made_with={
                "leximark": program_version(),
                "boilerplate_share": str(boilerplate_share),
                **made_with,
                **sealed,
            },
            key_file=key_file,
            progress=bar.update,
        )


def _outside(boilerplate: Boilerplate, find: FindSites) -> FindSites:
    """Return a function that finds the same sites but for those in boilerplate."""

    def find_outside(documents: Sequence[Document]) -> Iterator[list[Site]]:
        for document, sites in zip(documents, find(documents), strict=True):
            yield boilerplate.outside(document, sites)

    return find_outside


def _say_boilerplate(boilerplate: Boilerplate, corpus: Corpus) -> None:
    n = len(boilerplate.hashes)
    examples = ", ".join(repr(s[:60]) for s in boilerplate.examples(corpus.documents()))
    tqdm.write(
        f"leximark: {n:,} {'sentence recurs' if n == 1 else 'sentences recur'} in many of "
        f"{boilerplate.n_documents:,} documents and will not be marked (--boilerplate-share): "
        f"{examples}",
        file=sys.stderr,
    )
