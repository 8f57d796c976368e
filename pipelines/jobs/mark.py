"""The job behind `leximark mark`: load what finds sites, mark, show how far it is."""

import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tqdm import tqdm

from membership.detectors import default_detectors
from pipelines.cluster.executors import ExecutorChoice, check_installed
from pipelines.cluster.run import refuse_forms, run_steps
from pipelines.loading.candidate_sources import check_sources
from pipelines.loading.parallel import in_pieces, in_processes
from pipelines.loading.schemes import with_rules
from pipelines.loading.site_finders import (
    allowed_by_rules,
    asks_a_server,
    finder_versions,
    load_finder,
    outside_boilerplate,
    refuse_other_languages,
)
from pipelines.reporting.provenance import program_version
from watermark.corpus import Corpus, open_corpus
from watermark.corpus.address import Address
from watermark.errors import PrerequisiteError
from watermark.keys import Key
from watermark.marking.mark import Intent, check_early, mark_corpus, mark_with
from watermark.marking.tasks import Work
from watermark.scheme import Scheme
from watermark.schemes.composed import Composed
from watermark.schemes.leximark import LexiMark
from watermark.substitution.acceptability import Quality, load_acceptability
from watermark.substitution.candidates import MIN_LISTED_FIT, CandidateSettings
from watermark.substitution.rules import Rule, WordRules, rules_sha256, word_rules
from watermark.text.boilerplate import SHARE, Boilerplate, find_boilerplate
from watermark.vault.plan import Plan

SHOWN_COLUMNS = 20
"""Columns of a corpus that a warning names."""


def make_candidate_settings(
    quality: Quality,
    min_fit: float | None,
    language: str = "en",
    sources: Sequence[str] = LexiMark.sources,
) -> CandidateSettings:
    """Return the settings of fit; without a threshold, that of the source and quality.

    Raises:
        ValueError: The threshold is invalid.
    """
    if min_fit is None:
        in_wordnet = "wordnet" in sources
        min_fit = load_acceptability(quality).threshold if in_wordnet else MIN_LISTED_FIT
    return CandidateSettings(min_fit=min_fit, language=language)


def make_leximark(
    quality: Quality = LexiMark.quality, sources: tuple[str, ...] = LexiMark.sources
) -> LexiMark:
    """Return the settings that `leximark mark` has with a quality and sources alone."""
    fit = make_candidate_settings(quality, None, sources=sources)
    return LexiMark(quality=quality, sources=sources, fit=fit)


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
    published: Path | Address,
    vault: Path,
    intent: Intent,
    *,
    text_column: str = "text",
    id_column: str | None = None,
    split: str | None = None,
    key_file: Path | None = None,
    workers: int = 1,
    boilerplate_share: float = SHARE,
    rules: Sequence[Rule] = (),
    sealed: Mapping[str, str] = MappingProxyType({}),
) -> Plan:
    """Mark a data set given as a path, a hub id or a `datasets.Dataset`; return the plan.

    With several workers sites are found in as many processes; the result is the same. Sentences
    that stand in at least `boilerplate_share` of the documents are left as they are; 0 marks them.
    Rules hold when candidates are chosen, so before the key draws.
    The plan, and so the commitment, binds the hashes in `sealed`, given by the names of files.
    """
    check_early(published, vault, key_file)
    _refuse_sources(intent.scheme)
    _warn_of_slowness(intent.scheme)
    corpus = open_corpus(source, text_column=text_column, id_column=id_column, split=split)
    words = _rules_of(rules, corpus, text_column)
    intent = replace(intent, scheme=with_rules(intent.scheme, words))
    if workers < 1:
        raise ValueError(f"workers must be 1 or more, got {workers}")
    if workers > 1:
        _refuse_servers(intent.scheme, "--workers")
    boilerplate = _read_first(corpus, intent.scheme, boilerplate_share)
    find, versions = load_finder(intent.scheme)
    made_with = _made_with(versions, boilerplate_share, words)
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
            allowed_by_rules(words, outside_boilerplate(boilerplate, find)),
            made_with=made_with | dict(sealed),
            key_file=key_file,
            progress=bar.update,
        )


def mark_by_executor(
    choice: ExecutorChoice,
    source: Any,
    published: Path | Address,
    vault: Path,
    intent: Intent,
    *,
    text_column: str = "text",
    id_column: str | None = None,
    split: str | None = None,
    key_file: Path | None = None,
    boilerplate_share: float = SHARE,
    rules: Sequence[Rule] = (),
) -> Plan | None:
    """Mark a data set in tasks that an executor runs; the result is that of `mark_command`.

    Returns:
        The plan, or None if jobs were submitted that fill the working folder later.
    """
    check_installed(choice)
    _refuse_servers(intent.scheme, "--executor")
    check_early(published, vault, key_file)
    _refuse_sources(intent.scheme)
    corpus = open_corpus(source, text_column=text_column, id_column=id_column, split=split)
    refuse_forms(corpus.form)
    words = _rules_of(rules, corpus, text_column)
    intent = replace(intent, scheme=with_rules(intent.scheme, words))
    boilerplate = _read_first(corpus, intent.scheme, boilerplate_share)
    made_with = _made_with(finder_versions(intent.scheme), boilerplate_share, words)

    def make(work: Path, _: Key) -> None:
        run_steps(choice, Work(corpus, work, intent, made_with, key_file, words), boilerplate)

    return mark_with(make, corpus, published, vault, intent, made_with=made_with, key_file=key_file)


def _refuse_sources(scheme: Scheme) -> None:
    """Refuse sources of candidates that cannot serve, before the corpus is read."""
    if isinstance(scheme, Composed):
        _refuse_sources(scheme.first)
        _refuse_sources(scheme.second)
    elif isinstance(scheme, LexiMark):
        try:
            check_sources(scheme)
        except ValueError as error:
            raise PrerequisiteError(f"--source: {error}") from error


def _warn_of_slowness(scheme: Scheme) -> None:
    if isinstance(scheme, LexiMark) and scheme.quality == "best" and "wordnet" in scheme.sources:
        tqdm.write(
            "leximark: words of WordNet are judged with models (--quality best), which takes some "
            "4 s a site on a CPU; --quality fast takes a thousandth of that",
            file=sys.stderr,
        )


def _refuse_servers(scheme: Scheme, option: str) -> None:
    if asks_a_server(scheme):
        raise PrerequisiteError(
            f"what asks a server counts its failures in one process: leave out {option}"
        )


def _read_first(corpus: Corpus, scheme: Scheme, boilerplate_share: float) -> Boilerplate:
    """Refuse a corpus in another language, and find its boilerplate."""
    refuse_other_languages(scheme, corpus)
    boilerplate = find_boilerplate(corpus.documents(), boilerplate_share)
    if boilerplate.hashes:
        _say_boilerplate(boilerplate, corpus)
    return boilerplate


def _made_with(
    versions: Mapping[str, str], boilerplate_share: float, rules: WordRules
) -> dict[str, str]:
    """Return what a plan says of how its vault was made."""
    made_with = {**versions, "leximark": program_version()}
    made_with["boilerplate_share"] = str(boilerplate_share)
    return made_with | ({"rules": rules_sha256(rules)} if rules else {})


def _rules_of(rules: Sequence[Rule], corpus: Corpus, text_column: str) -> WordRules:
    """Return the rules for a column; say which ones are for a column that the corpus lacks."""
    words = word_rules(rules, text_column)
    wanted = [rule for rule in rules if rule.column not in {"", text_column}]
    columns = set(next(corpus.full_rows()).columns) if wanted else set[str]()
    for rule in wanted:
        if rule.column not in columns:
            there = ", ".join(sorted(map(str, {text_column, *columns}))[:SHOWN_COLUMNS])
            warning = f"the corpus has no column {rule.column!r}; it has {there}"
            tqdm.write(f"leximark: {rule.place}: {warning}", file=sys.stderr)
    return words


def _say_boilerplate(boilerplate: Boilerplate, corpus: Corpus) -> None:
    n = len(boilerplate.hashes)
    examples = ", ".join(repr(s[:60]) for s in boilerplate.examples(corpus.documents()))
    tqdm.write(
        f"leximark: {n:,} {'sentence recurs' if n == 1 else 'sentences recur'} in many of "
        f"{boilerplate.n_documents:,} documents and will not be marked (--boilerplate-share): "
        f"{examples}",
        file=sys.stderr,
    )
