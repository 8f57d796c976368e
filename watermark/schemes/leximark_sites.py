"""Find the sites of LexiMark: which words of a sentence, and which candidates for each."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from watermark.document import Document, Site
from watermark.schemes.leximark import LexiMark, Select
from watermark.schemes.leximark_draws import complete_draws, pair_name
from watermark.substitution.candidates import (
    Candidate,
    Source,
    find_candidates,
    phrase_exclusion,
)
from watermark.substitution.objections import place_exclusion
from watermark.substitution.spelling import region_of
from watermark.substitution.target import Target
from watermark.substitution.terms import term_exclusion
from watermark.substitution.wordnet import WordNet
from watermark.text.language import other_language
from watermark.text.line_ends import in_original, with_line_feeds
from watermark.text.mentions import mention_exclusion
from watermark.text.protected_spans import Span, protected_spans, quotation_spans
from watermark.text.rarity import rarity_bits
from watermark.text.sentences import Sentence, read_pieces
from watermark.variants.consistency import keep_consistent
from watermark.variants.find import variant_sites

if TYPE_CHECKING:
    from spacy.language import Language

GROUP_SENTENCES = 2_000
"""How many sentences are in memory at a time."""


@dataclass(frozen=True)
class LexicalResources:
    """The models that find sites: loaded once, passed in, blind to every key."""

    nlp: "Language"
    wordnet: WordNet
    sources: tuple[Source, ...]
    """Where candidates come from; the words of the first go before those of the next."""


def find_sites(
    resources: LexicalResources, documents: Sequence[Document], settings: LexiMark
) -> Iterator[list[Site]]:
    """Yield the sites of each document in the order of its text.

    The sites of a document depend on that document, the settings and public data alone. With the
    rule `published` they still carry every admissible candidate: `watermark.marking.codebook` needs
    the whole corpus to choose one replacement for each word.
    """
    read = [with_line_feeds(document.text) for document in documents]
    plain = [Document(d.id, r.text) for d, r in zip(documents, read, strict=True)]
    found = _find_in_plain(resources, plain, settings)
    for document, lines, sites in zip(documents, read, found, strict=True):
        placed = filter(None, (in_original(site, document, lines) for site in sites))
        yield complete_draws(document, placed, settings)


def _find_in_plain(
    resources: LexicalResources, documents: Sequence[Document], settings: LexiMark
) -> Iterator[list[Site]]:
    """Yield the sites of documents whose lines end in LF."""
    done, sites = 0, list[Site]()
    for pending in _groups(_sentences(resources, documents, settings)):
        _fill(resources, pending, settings)
        for one in pending:
            while done < one.number:  # all sentences of that document were before this one
                yield _in_document(documents[done], sites)
                done, sites = done + 1, []
            sites += one.sites + one.variants
    for document in documents[done:]:
        yield _in_document(document, sites)
        sites = []


def _in_document(document: Document, sites: Sequence[Site]) -> list[Site]:
    kept = keep_consistent(document.text, sites)
    return sorted(kept, key=lambda site: site.start)


def _sentences(
    resources: LexicalResources, documents: Sequence[Document], settings: LexiMark
) -> Iterator["_PendingSentence"]:
    """Yield the sentences that are prose, document after document."""
    kinds = settings.variant_kinds
    spans, quoted, read = list[Span](), list[Span](), -1
    for number, (start, end), sentences in read_pieces(resources.nlp, (d.text for d in documents)):
        document = documents[number]
        if number != read:
            spans = protected_spans(document.text, quotations=settings.quotations)
            quoted = quotation_spans(document.text) if kinds else []
            read = number
        near = [span for span in spans if span[0] < end and start < span[1]]
        kept = near + [span for span in quoted if span[0] < end and start < span[1]]
        for sentence in sentences:
            if not _is_prose(sentence, settings.fit.language):
                continue
            found = variant_sites(document, sentence, kept, kinds)
            variants = [site for site in found if not _has_protected(settings, site)]
            taken = near + [(site.start, site.end) for site in variants]
            targets = _targets(resources.wordnet, document, sentence, taken, settings)
            wanted = max(0, _sites_wanted(sentence, settings) - len(variants))
            yield _PendingSentence(number, document, wanted, targets, variants)


def _groups(pending: Iterable["_PendingSentence"]) -> Iterator[list["_PendingSentence"]]:
    """Take so many sentences together that a model has enough to read, and memory to spare."""
    sentences = iter(pending)
    while group := list(islice(sentences, GROUP_SENTENCES)):
        yield group


@dataclass
class _PendingSentence:
    """A sentence whose sites are looked for."""

    number: int
    """Index of the document in its group."""
    document: Document
    wanted: int
    """How many sites it may have."""
    targets: Iterator[Target]
    """The words that may be sites, in the order of the scheme."""
    variants: list[Site]
    """Sites beside the words, none overlapping one of these."""
    sites: list[Site] = field(default_factory=list)
    """The words that are sites."""


def _fill(
    resources: LexicalResources, pending: Sequence[_PendingSentence], settings: LexiMark
) -> None:
    """Ask for candidates in rounds, so that the models of a source read many sentences at once.

    In each round a sentence puts forward as many words as it lacks sites.
    """
    open_ = list(pending)
    while open_:
        asked = [
            (one, target)
            for one in open_
            for target in islice(one.targets, one.wanted - len(one.sites))
        ]
        targets = [target for _, target in asked]
        offers = find_candidates(resources.wordnet, resources.sources, targets, settings.fit)
        for (one, target), candidates in zip(asked, offers, strict=True):
            site = _site(one.document, target, candidates, settings)
            if site is not None:
                one.sites.append(site)
        still = {id(one) for one, _ in asked}
        open_ = [one for one in open_ if id(one) in still and len(one.sites) < one.wanted]


def _targets(
    wordnet: WordNet,
    document: Document,
    sentence: Sentence,
    spans: Sequence[Span],
    settings: LexiMark,
) -> Iterator[Target]:
    for index in _in_order(document, sentence, settings.select, settings.fit.language):
        target = Target(document.text, sentence, index)
        if not exclusion_reason(wordnet, target, spans, settings):
            yield target


def _in_order(document: Document, sentence: Sentence, select: Select, language: str) -> list[int]:
    """Return the words of a sentence in the order in which they become sites."""

    def hashed(index: int) -> bytes:
        name = f"leximark/select\0{text}\0{sentence[index].start}"
        return hashlib.sha256(name.encode()).digest()

    def rarity(index: int) -> tuple[float, int]:
        bits = rarity_bits(sentence[index].text, language)
        return (bits if select == "commonest" else -bits, index)

    order = range(len(sentence))
    text = document.text[sentence[0].start : sentence[-1].end] if sentence else ""
    return sorted(order, key=hashed) if select == "random" else sorted(order, key=rarity)


def _sites_wanted(sentence: Sentence, settings: LexiMark) -> int:
    """Return how many words may become sites; a share of few words is at least one."""
    if not settings.percentage:
        return settings.words_per_sentence
    n_words = sum(word.text[:1].isalpha() for word in sentence)
    return max(1, round(settings.percentage * n_words))


def _is_prose(sentence: Sentence, language: str) -> bool:
    """Tell a sentence in the language from a heading, a list of names or the rest of a table."""
    words = [word.text for word in sentence if word.text[:1].isalpha()]
    has_verb = language != "en" or any(word.tag.startswith(("VB", "MD")) for word in sentence)
    return len(words) >= 4 and has_verb and not other_language(words, language)


def exclusion_reason(
    wordnet: WordNet, target: Target, spans: Sequence[Span], settings: LexiMark
) -> str:
    """Return why a word may not be a site, whatever its synonyms; empty if it may."""
    word = target.word
    if not word.pos:
        return "not a noun, verb, adjective or adverb"
    if word.exclusion:
        return word.exclusion
    if len(word.text) < settings.min_letters:
        return f"shorter than {settings.min_letters} letters"
    if rarity_bits(word.text, settings.fit.language) < settings.min_rarity_bits:
        return "too common a word"
    if word.lemma in settings.stop_words:
        return "in the stop list"
    if {word.text.lower(), word.lemma} & settings.protected_words or settings.rules.forbids_word(
        word.text
    ):
        return "protected by the owner"
    if any(start < word.end and word.start < end for start, end in spans):
        return "not prose"
    return _english_exclusion(wordnet, target) if settings.fit.language == "en" else ""


def _english_exclusion(wordnet: WordNet, target: Target) -> str:
    sentence, index = target.sentence, target.index
    return (
        mention_exclusion(sentence, index)
        or term_exclusion(target.text, target.word.lemma)
        or place_exclusion(wordnet, sentence, index)
        or phrase_exclusion(wordnet, sentence, index)
    )


def _site(
    document: Document, target: Target, candidates: Sequence[Candidate], settings: LexiMark
) -> Site | None:
    word = target.word
    wanted = settings.n_candidates - settings.keep_original
    chosen = [c for c in candidates if not c.rejected and not _protects(settings, c)]
    chosen = [c for c in chosen if not settings.rules.forbids(word.text, c.surface)]
    if settings.rule == "keyed":
        if len(chosen) < wanted:
            return None
        chosen = chosen[:wanted]
    if not chosen:
        return None
    lemmas = [candidate.lemma for candidate in chosen]
    surfaces = [candidate.surface for candidate in chosen]
    fits = tuple(candidate.score for candidate in chosen)
    if settings.keep_original and settings.rule == "keyed":
        lemmas, surfaces, fits = [word.lemma, *lemmas], [word.text, *surfaces], (1.0, *fits)
    start, written = _with_article(target, surfaces)
    original = document.text[start : word.end]
    draw = pair_name(settings, word, lemmas)
    return Site(document.id, start, original, written, draw, fits)


def _has_protected(settings: LexiMark, site: Site) -> bool:
    words = {word for form in site.candidates for word in form.lower().split()}
    return bool(words & settings.protected_words)


def _protects(settings: LexiMark, candidate: Candidate) -> bool:
    """Tell whether a word must not be put in, or would mix spellings where one coin changes all."""
    if "spelling" in settings.variant_kinds and region_of(candidate.surface):
        return True
    return bool({candidate.lemma, candidate.surface.lower()} & settings.protected_words)


def _with_article(target: Target, surfaces: Iterable[str]) -> tuple[int, tuple[str, ...]]:
    """Widen a site over the "a" or "an" before it if a candidate wants the other one."""
    replacements = [target.replacement(surface) for surface in surfaces]
    start = min(first for first, _ in replacements)
    return start, tuple(target.text[start:first] + written for first, written in replacements)
