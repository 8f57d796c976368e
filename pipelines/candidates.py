"""The job behind `leximark candidates`: words for given places."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from watermark.errors import CorpusError
from watermark.fit import Candidate, find_candidates
from watermark.prose import protected_spans
from watermark.schemes.leximark import Analyst, LexiMark, barrier
from watermark.spots import Spot
from watermark.words import read_sentences


@dataclass(frozen=True)
class Place:
    """A span of a text that somebody asks about."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Offer:
    """What there is to put in a place."""

    place: Place
    reason: str = ""
    """Why the word must stay whatever its synonyms; empty if it need not."""
    candidates: tuple[Candidate, ...] = ()
    """Best first, the rejected ones last."""


def locate(
    analyst: Analyst, places: Sequence[Place], settings: LexiMark
) -> Iterator[tuple[Spot | None, str]]:
    """Yield for each place the word that is exactly there, or none, and why it must stay, if so."""
    texts = [place.text for place in places]
    for place, sentences in zip(places, read_sentences(analyst.nlp, texts), strict=True):
        found = [
            Spot(place.text, sentence, index)
            for sentence in sentences
            for index, word in enumerate(sentence)
            if word.start < place.end and place.start < word.end
        ]
        if len(found) != 1 or (found[0].word.start, found[0].word.end) != (place.start, place.end):
            yield None, f"{place.text[place.start : place.end]!r} is not one word of the text"
            continue
        spans = protected_spans(place.text, quotations=settings.quotations)
        spot = found[0]
        yield spot, barrier(analyst.wordnet, spot.sentence, spot.index, spans, settings)


def offer(analyst: Analyst, places: Sequence[Place], settings: LexiMark) -> Iterator[Offer]:
    """Yield what there is to put in each place, by the rules of `leximark mark`."""
    located = list(locate(analyst, places, settings))
    spots = [spot for spot, reason in located if spot and not reason]
    found = iter(find_candidates(analyst.sources, spots, settings.fit))
    for place, (_, reason) in zip(places, located, strict=True):
        yield Offer(place, reason) if reason else Offer(place, "", tuple(next(found)))


AT_ONCE = 256
"""Places that are worked on together."""


def answer(file: Path, analyst: Analyst, settings: LexiMark) -> Iterator[dict[str, Any]]:
    """Yield for each line of a file what there is to put in its place, ready for JSON.

    Raises:
        CorpusError: The file cannot be read, or a line is not a place.
    """
    places = _read_places(file)
    while batch := list(islice(places, AT_ONCE)):
        yield from map(_as_json, offer(analyst, batch, settings))


def _as_json(found: Offer) -> dict[str, Any]:
    place = found.place
    return {
        "start": place.start,
        "end": place.end,
        "word": place.text[place.start : place.end],
        "reason": found.reason,
        "candidates": [_words(c) for c in found.candidates if not c.rejected],
        "rejected": [{**_words(c), "reason": c.rejected} for c in found.candidates if c.rejected],
    }


def _words(candidate: Candidate) -> dict[str, Any]:
    return {
        "word": candidate.surface,
        "lemma": candidate.lemma,
        "score": round(candidate.score, 4),
        "source": candidate.source,
        "rarity_bits": round(candidate.rarity_bits, 2),
    }


def _read_places(file: Path) -> Iterator[Place]:
    try:
        with file.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield _place(f"{file}:{number}", line)
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"{file}: wanted a UTF-8 file of JSON lines ({error})") from error


def _place(where: str, line: str) -> Place:
    wanted = f'{where}: wanted {{"text": ..., "start": 0, "end": 4}}'
    try:
        row = json.loads(line)
        text, start, end = row["text"], row["start"], row["end"]
    except (ValueError, KeyError, TypeError) as error:
        raise CorpusError(f"{wanted}, got {line.strip()[:80]!r}") from error
    if not isinstance(text, str) or not (type(start) is int and type(end) is int):
        raise CorpusError(f"{wanted} of a text and two whole numbers")
    if not 0 <= start < end <= len(text):
        raise CorpusError(f"{wanted}; {start} to {end} is no span of {len(text)} characters")
    return Place(text, start, end)
