"""The job behind `leximark candidates`: words for given places."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from watermark.errors import CorpusError
from watermark.limits import RECORD
from watermark.safe_json import parse_json
from watermark.schemes.leximark import LexiMark
from watermark.schemes.leximark_sites import LexicalResources, exclusion_reason
from watermark.substitution.candidates import Candidate, find_candidates
from watermark.substitution.target import Target
from watermark.text.protected_spans import protected_spans
from watermark.text.sentences import read_sentences


@dataclass(frozen=True)
class TargetContext:
    """A requested span of a text."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Offer:
    """What there is to put in a place."""

    place: TargetContext
    reason: str = ""
    """Why the word must stay whatever its synonyms; empty if it need not."""
    candidates: tuple[Candidate, ...] = ()
    """Best first, the rejected ones last."""


def locate(
    resources: LexicalResources, places: Sequence[TargetContext], settings: LexiMark
) -> Iterator[tuple[Target | None, str]]:
    """Yield for each place the word that is exactly there, or none, and why it must stay, if so."""
    texts = [place.text for place in places]
    for place, sentences in zip(places, read_sentences(resources.nlp, texts), strict=True):
        found = [
            Target(place.text, sentence, index)
            for sentence in sentences
            for index, word in enumerate(sentence)
            if word.start < place.end and place.start < word.end
        ]
        if len(found) != 1 or (found[0].word.start, found[0].word.end) != (place.start, place.end):
            yield None, f"{place.text[place.start : place.end]!r} is not one word of the text"
            continue
        spans = protected_spans(place.text, quotations=settings.quotations)
        target = found[0]
        yield target, exclusion_reason(resources.wordnet, target, spans, settings)


def offer(
    resources: LexicalResources, places: Sequence[TargetContext], settings: LexiMark
) -> Iterator[Offer]:
    """Yield what there is to put in each place, by the rules of `leximark mark`."""
    located = list(locate(resources, places, settings))
    targets = [target for target, reason in located if target and not reason]
    found = iter(find_candidates(resources.wordnet, resources.sources, targets, settings.fit))
    for place, (_, reason) in zip(places, located, strict=True):
        yield Offer(place, reason) if reason else Offer(place, "", tuple(next(found)))


AT_ONCE = 256
"""Places that are worked on together."""


def answer(file: Path, resources: LexicalResources, settings: LexiMark) -> Iterator[dict[str, Any]]:
    """Yield for each line of a file what there is to put in its place, ready for JSON.

    Raises:
        CorpusError: The file cannot be read, or a line is not a place.
    """
    places = _read_places(file)
    while batch := list(islice(places, AT_ONCE)):
        yield from map(_as_json, offer(resources, batch, settings))


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


def _read_places(file: Path) -> Iterator[TargetContext]:
    try:
        with file.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield _place(f"{file}:{number}", line)
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"{file}: wanted a UTF-8 file of JSON lines ({error})") from error


def _place(where: str, line: str) -> TargetContext:
    wanted = f'{where}: wanted {{"text": ..., "start": 0, "end": 4}}'
    try:
        row = parse_json(line.encode(), RECORD)
        text, start, end = row["text"], row["start"], row["end"]
    except (ValueError, KeyError, TypeError) as error:
        raise CorpusError(f"{wanted}, got {line.strip()[:80]!r}") from error
    if not isinstance(text, str) or not (type(start) is int and type(end) is int):
        raise CorpusError(f"{wanted} of a text and two whole numbers")
    if not 0 <= start < end <= len(text):
        raise CorpusError(f"{wanted}; {start} to {end} is no span of {len(text)} characters")
    return TargetContext(text, start, end)
