"""Name the draws of LexiMark: a pair of words, a place or a document decides for its sites."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from watermark.document import Document, Site, text_sha256
from watermark.schemes.leximark import LexiMark
from watermark.text.sentences import Word
from watermark.variants.find import is_document_draw, name_document

PUBLISHED = "published"
"""What the marks of the rule `published` name instead of a draw."""


def pair_name(settings: LexiMark, word: Word, lemmas: Sequence[str]) -> str:
    """Name the draw of a word with its candidates, before the pair gets its coins."""
    if settings.rule == "published":
        return PUBLISHED
    return f"{word.lemma}.{word.pos}:{'|'.join(lemmas)}"


def complete_draws(document: Document, sites: Iterable[Site], settings: LexiMark) -> list[Site]:
    """Return the sites of a document with the hash of its text in the names that need it.

    These are the draws of places, of documents, and of variants that a document decides once.
    """
    if settings.rule == "published":
        return list(sites)
    name = text_sha256(document.text)
    if settings.scope == "word":
        return [
            replace(site, draw=name_document(site.draw, name))
            if is_document_draw(site.draw)
            else site
            for site in sites
        ]
    by_place = settings.scope == "site"
    return [replace(site, draw=f"{name}:{site.start}" if by_place else name) for site in sites]
