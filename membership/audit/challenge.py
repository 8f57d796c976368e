"""A sealed challenge: questions that show neither key nor outcomes, and what answers are worth.

The accused, or a neutral expert, answers with log-probabilities of words in place; the owner sees
no weights, and whoever answers sees no key. A question is an original text with places and the
words to compare there, in alphabetical order. Some questions come twice, and some places compare
the word of the text with a word from elsewhere. Both measure whether the answers are those of a
language model at all.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest

from membership.audit.corpus import AuditCorpus
from membership.traces.trace import CandidateLogprobs, Slot
from watermark.document import Document, Site
from watermark.errors import PrerequisiteError
from watermark.keys import Key

REPEATED_SHARE = 0.1
"""Share of the questions that come twice."""
DECOYS_PER_QUESTION = 2
MIN_DECOYS = 20
"""Fewer decoys could not tell a model from a coin."""
SAME = 0.1
"""Two answers to one question agree if no log-probability differs by more, in nats."""
LEVEL = 0.01
"""Level of each check of credibility."""

_WORD = re.compile(r"(?<![\w'-])[a-z]{4,12}(?![\w'-])")


@dataclass(frozen=True)
class Question:
    """A text and the places at which words are compared; contains no secret."""

    text: str
    slots: tuple[Slot, ...]


@dataclass(frozen=True)
class Challenge:
    """The questions in the order in which they are asked, and what they are to the owner."""

    questions: tuple[Question, ...]
    sources: tuple[int, ...]
    """For each question the number of the text that it is about; a repeated one comes twice."""
    sites: tuple[Mapping[int, Site], ...]
    """For each text the sites among its slots, by the number of the slot; the others are decoys."""
    language: str = "en"


def make_challenge(corpus: AuditCorpus, key: Key, name: str) -> Challenge:
    """Return the challenge of a name: the same vault and name, the same questions.

    Order, repeats and decoys are drawn from the key and the name, and are independent of what the
    key drew for the marks.

    Raises:
        PrerequisiteError: There is no site to ask about, or too little text for decoys.
    """
    rng = np.random.default_rng(int.from_bytes(key.digest("challenge", name), "big"))
    readable = [
        (d, some) for d, some in corpus.readable() if any(len(s.candidates) > 1 for s in some)
    ]
    words = plain_words(document for document, _ in readable)
    if not readable or len(words) < 2:
        raise PrerequisiteError("challenge: the vault has no site whose words could be compared")
    texts, sites = [], []
    for document, some in readable:
        question, places = _question(document, some, words, rng)
        texts.append(question)
        sites.append(places)
    n_decoys = sum(len(q.slots) - len(places) for q, places in zip(texts, sites, strict=True))
    if n_decoys < MIN_DECOYS:
        raise PrerequisiteError(
            f"challenge: wanted {MIN_DECOYS} decoys, the texts have room for {n_decoys}"
        )
    n_repeated = max(1, round(REPEATED_SHARE * len(texts)))
    order = [*range(len(texts)), *rng.choice(len(texts), n_repeated, replace=False).tolist()]
    rng.shuffle(order)
    return Challenge(tuple(texts[i] for i in order), tuple(order), tuple(sites), corpus.language)


def _question(
    document: Document, some: Sequence[Site], words: Sequence[str], rng: np.random.Generator
) -> tuple[Question, dict[int, Site]]:
    """Return a text with its sites and decoys as slots, in the order of the text."""
    real = {site.start: site for site in some if len(site.candidates) > 1}
    places = [*real.values(), *decoys_of(document, some, words, rng)]
    slots = [Slot(s.start, s.original, tuple(sorted(s.candidates))) for s in places]
    slots.sort(key=lambda slot: slot.start)
    sites = {i: real[slot.start] for i, slot in enumerate(slots) if slot.start in real}
    return Question(document.text, tuple(slots)), sites


def decoys_of(
    document: Document, some: Sequence[Site], words: Sequence[str], rng: np.random.Generator
) -> list[Site]:
    """Return places of a text, apart from its sites, with the word there and one from elsewhere.

    Args:
        document: An original text.
        some: Its sites.
        words: Words of all texts, from `plain_words`.
        rng: Decides which places and which words.
    """
    taken = [(site.start, site.end) for site in some]
    free = [
        match
        for match in _WORD.finditer(document.text)
        if match.start() and not any(a < match.end() and match.start() < b for a, b in taken)
    ]
    n = min(DECOYS_PER_QUESTION, len(free))
    found = []
    for match in [free[i] for i in rng.choice(len(free), n, replace=False)] if n else []:
        others = [word for word in words if word != match[0]]
        pair = (match[0], others[rng.integers(len(others))])
        found.append(Site(document.id, match.start(), match[0], pair, ""))
    return found


def plain_words(documents: Iterable[Document]) -> list[str]:
    """Return the lower-case words of some texts, each once, in alphabetical order."""
    return sorted({match[0] for each in documents for match in _WORD.finditer(each.text)})


Answer = Sequence[CandidateLogprobs]
"""What was answered to one question: a reading of each slot, in the order of its candidates."""


def site_readings(
    challenge: Challenge, answers: Sequence[Answer]
) -> tuple[list[Site], list[CandidateLogprobs]]:
    """Return the sites with their readings, candidates in the order of the site.

    Of a question that came twice the first answer counts.
    """
    first: dict[int, Answer] = {}
    for source, answer in zip(challenge.sources, answers, strict=True):
        first.setdefault(source, answer)
    sites, readings = list[Site](), list[CandidateLogprobs]()
    for source, places in enumerate(challenge.sites):
        for slot, site in places.items():
            said = first[source][slot]
            by_word = dict(zip(sorted(site.candidates), said.logprob.tolist(), strict=True))
            sites.append(site)
            values = np.array([by_word[word] for word in site.candidates])
            readings.append(CandidateLogprobs(values, said.reason))
    return sites, readings


@dataclass(frozen=True)
class Credibility:
    """Whether answers are those of a language model."""

    share_repeated: float
    """Share of the repeated questions that were answered alike."""
    share_decoys: float
    """Share of the decoys at which the word of the text was preferred; a coin has 1/2."""
    pvalue_decoys: float
    """p-value of as many under a coin."""
    least_repeated: float = 0.95
    """Minimum share of repeated questions that must have one answer."""

    @property
    def problems(self) -> tuple[str, ...]:
        """Why the answers are not credible; empty if they are."""
        found = []
        if self.share_repeated < self.least_repeated:
            found.append(
                f"only {self.share_repeated:.0%} of the questions that came twice have one answer"
            )
        if self.pvalue_decoys > LEVEL:
            found.append(
                f"the word of the text is preferred to a word from elsewhere in "
                f"{self.share_decoys:.0%} of the cases, as a coin would"
            )
        return tuple(found)


def credibility(challenge: Challenge, answers: Sequence[Answer]) -> Credibility:
    """Measure whether answers are those of a language model; uses no key and no outcome."""
    first: dict[int, Answer] = {}
    alike, right = list[bool](), list[bool]()
    for question, source, answer in zip(
        challenge.questions, challenge.sources, answers, strict=True
    ):
        if source in first:
            alike.append(_agree(first[source], answer))
            continue
        first[source] = answer
        for number, (slot, said) in enumerate(zip(question.slots, answer, strict=True)):
            if number not in challenge.sites[source] and np.isfinite(said.logprob).all():
                at = slot.candidates.index(slot.original)
                right.append(bool(said.logprob[at] > np.delete(said.logprob, at).max()))
    n = len(right)
    return Credibility(
        float(np.mean(alike)),
        sum(right) / n if n else 0.0,
        float(binomtest(sum(right), n, alternative="greater").pvalue) if n else 1.0,
    )


def _agree(one: Answer, other: Answer) -> bool:
    return all(
        np.allclose(a.logprob, b.logprob, rtol=0, atol=SAME, equal_nan=True)
        for a, b in zip(one, other, strict=True)
    )
