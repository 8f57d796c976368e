"""What finds the sites of a scheme, and in which language it can."""

from collections.abc import Iterator, Sequence
from importlib.metadata import version
from itertools import islice
from typing import cast

from membership.models.marking.chat import open_chat
from pipelines.loading import candidate_sources as sources
from watermark.assets import find_spacy, find_wordnet
from watermark.corpus import Corpus
from watermark.document import Document, Site
from watermark.errors import CorpusError
from watermark.marking.site_index import FindSites
from watermark.scheme import Scheme, TextScheme, sites_of_share
from watermark.schemes.composed import Composed, compose
from watermark.schemes.leximark import LexiMark
from watermark.schemes.leximark_sites import find_sites
from watermark.schemes.rewriting import Rewriting, find_paragraphs
from watermark.substitution.rules import WordRules
from watermark.substitution.wordnet_files import read_version
from watermark.text.boilerplate import Boilerplate
from watermark.text.language import count_languages
from watermark.text.sentences import load_plain, pipeline_version, read_meta

LOOKED_AT = 200
"""Documents whose language is looked at before anything is marked."""
LEAST_SHARE = 0.1
"""Minimum share of sentences in the wanted language among them; only these are marked."""


def load_finder(
    scheme: Scheme, source_option: str = "--source"
) -> tuple[FindSites, dict[str, str]]:
    """Return what finds the sites of a scheme, and the versions of what it is made of.

    Args:
        scheme: The scheme.
        source_option: What the command line calls the sources of candidates, for messages.

    Raises:
        AssetError: Language data that it needs is not there.
        PrerequisiteError: A source is invalid.
    """
    if isinstance(scheme, Composed):
        first, made_first = load_finder(scheme.first, source_option)
        second, made_second = load_finder(scheme.second, source_option)
        return lambda some: compose(first(some), second(some)), made_first | made_second
    if isinstance(scheme, Rewriting):
        return _rewriting_finder(scheme)
    if not isinstance(scheme, LexiMark):
        return cast(TextScheme, scheme).find_sites, {}
    resources = sources.load_lexical_resources(scheme, source_option)

    def find(documents: Sequence[Document]) -> Iterator[list[Site]]:
        return sites_of_share(
            documents, scheme.share, lambda some: find_sites(resources, some, scheme)
        )

    return find, finder_versions(scheme)


def finder_versions(scheme: Scheme) -> dict[str, str]:
    """Return the versions of what the sites of a scheme are found with, without loading it.

    Raises:
        AssetError: Language data that it needs is not there.
    """
    if isinstance(scheme, Composed):
        return finder_versions(scheme.first) | finder_versions(scheme.second)
    if isinstance(scheme, Rewriting):
        return _rewriting_finder(scheme)[1]
    if not isinstance(scheme, LexiMark):
        return {}
    language = scheme.fit.language
    meta = read_meta(find_spacy()) if language == "en" else load_plain(language).meta
    return {
        "wordnet": read_version(find_wordnet()),
        "spacy": f"{version('spacy')} with {pipeline_version(meta)}",
        "wordfreq": version("wordfreq"),
        "lemminflect": version("lemminflect"),
    }


def _rewriting_finder(scheme: Rewriting) -> tuple[FindSites, dict[str, str]]:
    prompt = scheme.prompt.replace("{k}", str(scheme.k))
    chat = open_chat(
        scheme.endpoint, prompt, scheme.max_failures, sources.warn_of("a paragraph stays as it is")
    )

    def find(documents: Sequence[Document]) -> Iterator[list[Site]]:
        return find_paragraphs(chat.ask, documents, scheme)

    return find, {"rewritten by": chat.model}


def refuse_other_languages(scheme: Scheme, corpus: Corpus) -> None:
    """Refuse a corpus whose first documents have hardly a sentence in its language, if it matters.

    Raises:
        CorpusError: So it is; says what language it looks like.
    """
    language = _needs_language(scheme)
    if not language:
        return
    texts = [document.text for document in islice(corpus.documents(), LOOKED_AT)]
    counts = count_languages(texts, language)
    if counts and counts[""] < LEAST_SHARE * counts.total():
        code, n = next(item for item in counts.most_common() if item[0])
        raise CorpusError(
            f"{counts.total() - counts['']} of {counts.total()} sentences of the first "
            f"{len(texts)} documents are not in {language!r} ({n} look like {code!r}): say with "
            f"--language what they are in, such as {code} (WordNet knows English alone, so another "
            "language needs --source thesaurus=FILE or llm=ADDRESS), or choose a scheme that needs "
            "no words"
        )


def outside_boilerplate(boilerplate: Boilerplate, find: FindSites) -> FindSites:
    """Return a function that finds the same sites but for those in boilerplate."""

    def find_outside(documents: Sequence[Document]) -> Iterator[list[Site]]:
        for document, sites in zip(documents, find(documents), strict=True):
            yield boilerplate.outside(document, sites)

    return find_outside


def asks_a_server(scheme: Scheme) -> bool:
    """Tell whether a scheme, or a part of it, sends texts to a server."""
    if isinstance(scheme, Composed):
        return asks_a_server(scheme.first) or asks_a_server(scheme.second)
    if isinstance(scheme, LexiMark):
        return any(source.partition("=")[0] == "llm" for source in scheme.sources)
    return isinstance(scheme, Rewriting)


def allowed_by_rules(rules: WordRules, find: FindSites) -> FindSites:
    """Return a function that finds the same sites but for those that a rule excludes."""

    def find_allowed(documents: Sequence[Document]) -> Iterator[list[Site]]:
        for sites in find(documents):
            yield [site for site in sites if rules.allows(site)]

    return find_allowed if rules else find


def _needs_language(scheme: Scheme) -> str:
    if isinstance(scheme, Composed):
        return _needs_language(scheme.first) or _needs_language(scheme.second)
    return scheme.fit.language if isinstance(scheme, LexiMark) else ""
