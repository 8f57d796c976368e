"""Sentences and words of a text, in English with parts of speech. The only user of spaCy."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from watermark.errors import AssetError

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc, Span, Token

PIECE_CHARACTERS = 5_000
"""Longer texts are parsed in pieces that end at a paragraph, a line or a space."""
BATCH_PIECES = 32
"""Number of pieces spaCy parses at a time. Memory grows with their product, 160,000 characters."""

UNKNOWN = "x"
"""Part of speech of a word in a language without a part-of-speech tagger."""
CAPITAL_NOUNS = frozenset({"de", "lb"})
"""Languages in which a capital letter does not indicate a name."""
_POS = {"NOUN": "n", "VERB": "v", "ADJ": "a", "ADV": "r"}


@dataclass(frozen=True, slots=True)
class Word:
    """A token of a sentence. Offsets are code points in the whole text."""

    start: int
    text: str
    lemma: str
    tag: str
    """Penn Treebank tag; empty in other languages than English."""
    pos: str
    """WordNet's letter: n, v, a or r; empty for everything that is not a content word. In other
    languages `UNKNOWN` for every word."""
    exclusion: str = ""
    """Why grammar forbids replacing the word: name, auxiliary, phrasal verb, ..."""
    complement: str = ""
    """What a verb takes here: "object", "clause", "infinitive", "none"; empty for other words."""
    preposition: str = ""
    """The next word, if it is a preposition that depends on this word; lower case."""
    relation: str = ""
    """spaCy's label of the relation to the head; empty in other languages than English."""
    head: int = -1
    """Index of the head in the sentence; the root is its own. -1 without a parse."""
    entity: str = ""
    """spaCy's type of the name, date or quantity that the word is part of."""

    @property
    def end(self) -> int:
        """Offset just after the word."""
        return self.start + len(self.text)


Sentence = tuple[Word, ...]


def load_english(model: str | Path) -> "Language":
    """Load the spaCy pipeline once; it needs a tagger, a parser, a lemmatizer and an NER.

    Raises:
        AssetError: It is missing, or lacks a component.
    """
    import spacy

    try:
        nlp = spacy.load(model)
    except OSError as error:
        raise AssetError(
            f"spaCy pipeline {str(model)!r} cannot be loaded ({error}): run `leximark assets`"
        ) from error
    missing = {"tagger", "parser", "lemmatizer", "ner"} - set(nlp.pipe_names)
    if missing:
        raise AssetError(f"spaCy pipeline {str(model)!r} lacks {sorted(missing)}")
    return nlp


def load_plain(language: str) -> "Language":
    """Load spaCy's rules for sentences and words of a language, without a model."""
    import spacy

    nlp = spacy.blank(language)
    nlp.add_pipe("sentencizer")
    return nlp


def read_pieces(
    nlp: "Language", texts: Iterable[str]
) -> Iterator[tuple[int, tuple[int, int], list[Sentence]]]:
    """Yield the sentences of each piece of each text, in order; pieces are parsed in batches.

    Each comes with the index of the text and the span of the piece, so that only a small part of a
    long text is in memory.
    """
    pieces = (
        (text[start:end], (number, (start, end)))
        for number, text in enumerate(texts)
        for start, end in cut(text)
    )
    parsed = nlp.pipe(pieces, as_tuples=True, batch_size=BATCH_PIECES)
    for doc, (number, (start, end)) in parsed:
        sentences = filter(None, (_sentence(span, start) for span in doc.sents))
        yield number, (start, end), list(sentences)


def read_sentences(nlp: "Language", texts: Iterable[str]) -> Iterator[list[Sentence]]:
    """Yield the sentences of each text, in order."""
    for _, pieces in groupby(read_pieces(nlp, texts), key=lambda piece: piece[0]):
        yield [sentence for _, _, sentences in pieces for sentence in sentences]


def cut(text: str, limit: int = PIECE_CHARACTERS) -> Iterator[tuple[int, int]]:
    """Yield the spans of consecutive pieces of at most `limit` characters, at least one."""
    start = 0
    while len(text) - start > limit:
        end = start + limit
        for gap in ("\n\n", "\n", ". ", " "):
            found = text.rfind(gap, start + limit // 2, end)
            if found > 0:
                end = found + len(gap)
                break
        yield start, end
        start = end
    yield start, len(text)


def _sentence(span: "Span", shift: int) -> Sentence:
    tokens = [token for token in span if not token.is_space]
    if not span.doc.has_annotation("TAG"):
        return tuple(_plain_word(token, shift) for token in tokens)
    index = {token.i: number for number, token in enumerate(tokens)}
    return tuple(_word(token, shift, index.get(token.head.i, -1)) for token in tokens)


def _plain_word(token: "Token", shift: int) -> Word:
    pos = UNKNOWN if token.is_alpha else ""
    exclusion = ""
    if _is_joined(token):
        exclusion = "joined to its neighbour without a space"
    elif token.lang_ not in CAPITAL_NOUNS and _is_titled(token):
        exclusion = "may be a name"
    return Word(token.idx + shift, token.text, token.lower_, "", pos, exclusion if pos else "")


def _word(token: "Token", shift: int, head: int) -> Word:
    pos = _POS.get(token.pos_, "")
    return Word(
        token.idx + shift,
        token.text,
        token.lemma_.lower(),
        token.tag_,
        pos,
        _exclusion(token) if pos else "",
        _complement(token) if pos == "v" else "",
        _preposition(token) if pos else "",
        token.dep_,
        head,
        token.ent_type_,
    )


def _complement(verb: "Token") -> str:
    """Return the complement of a verb, as far as WordNet's sentence frames distinguish it."""
    relations = {child.dep_: child for child in verb.children}
    if "ccomp" in relations:
        return "clause"
    if "xcomp" in relations and any(c.text.lower() == "to" for c in relations["xcomp"].children):
        return "infinitive"
    # "a book written by her": the object is the word it belongs to. "The house that she bought":
    # it may be, but need not.
    if {"dobj", "nsubjpass", "dative"} & set(relations) or verb.dep_ == "acl":
        return "object"
    return "" if verb.dep_ in {"relcl", "conj", "amod", "pcomp", "csubj"} else "none"


def _preposition(token: "Token") -> str:
    following = token.doc[token.i + 1 : token.i + 2]
    if (
        following
        and following[0].head == token
        and following[0].dep_ in {"prep", "agent", "dative"}
    ):
        return str(following[0].text.lower())
    return ""


def _exclusion(token: "Token") -> str:
    """Return why this content word must not be replaced; empty if it may be."""
    if reason := _name_exclusion(token):
        return reason
    if not token.text.isalpha():
        return "not a plain word"
    if _is_joined(token):
        return "joined to its neighbour without a space"
    if token.dep_ in {"aux", "auxpass", "neg"}:
        return "auxiliary"
    if token.dep_ == "compound":
        return "first part of a compound"
    if any(child.dep_ in {"prt", "compound"} for child in token.children):
        return "phrasal verb" if token.pos_ == "VERB" else "head of a compound"
    return ""


def _name_exclusion(token: "Token") -> str:
    if token.ent_type_:
        return "part of a name, a date or a quantity"
    if token.tag_.startswith("NNP"):
        return "proper noun"
    return "capital within a sentence: part of a title, or a name" if _is_titled(token) else ""


def _is_titled(token: "Token") -> bool:
    """Tell whether a word is capitalized although it does not begin the sentence."""
    if not token.text[:1].isupper() or token.is_sent_start or token.sent.text.isupper():
        return False
    before = token.nbor(-1)
    return not (before.is_sent_start and before.is_punct)


def _is_joined(token: "Token") -> bool:
    """Tell whether a hyphen, an apostrophe or a letter touches the word."""
    doc: Doc = token.doc
    before = doc[token.i - 1] if token.i else None
    after = doc[token.i + 1] if token.i + 1 < len(doc) else None
    left = before is not None and not before.whitespace_ and _glues(before.text[-1:])
    right = after is not None and not token.whitespace_ and _glues(after.text[:1])
    return left or right


def _glues(character: str) -> bool:
    return character.isalnum() or character in "-\N{HYPHEN}\N{NON-BREAKING HYPHEN}'\u2019/_&@#"


def read_meta(model: Path) -> dict[str, Any]:
    """Return what a pipeline in a folder says of itself, without loading it.

    Raises:
        AssetError: The folder holds no pipeline.
    """
    try:
        meta: dict[str, Any] = json.loads((model / "meta.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise AssetError(
            f"the English model cannot be read from {model} ({error}): run `leximark assets`"
        ) from error
    return meta


def pipeline_version(meta: Mapping[str, Any]) -> str:
    """Return name and version of a pipeline, for the plan."""
    return f"{meta['lang']}_{meta['name']} {meta['version']}"
