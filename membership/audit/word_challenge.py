"""A sealed challenge for a model that only answers in words.

Each question shows the original text around one place and asks which word belongs there. Some
places are decoys, where a word from elsewhere stands against the word of the text, and some
questions come twice. The owner alone knows which questions are which.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import binom, binomtest

from membership.audit.challenge import (
    LEVEL,
    MIN_DECOYS,
    REPEATED_SHARE,
    Credibility,
    decoys_of,
    plain_words,
)
from membership.audit.corpus import AuditCorpus
from membership.choices.answers import Answers
from membership.choices.question import Question, SiteQuestion, Window, site_questions
from watermark.errors import PrerequisiteError
from watermark.keys import Key

WINDOW = Window(30, 15)
"""How much text a question shows; a model that continues text reads what stands before."""
MIN_REPEATED = 40
"""Fewer repetitions, answered at temperature 1, could not tell a model from a coin."""


@dataclass(frozen=True)
class WordChallenge:
    """The questions in the order in which they are asked, and what they are to the owner."""

    questions: tuple[Question, ...]
    sources: tuple[int, ...]
    """For each question the number of the place that it is about; a repeated one comes twice."""
    places: tuple[SiteQuestion, ...]
    """The places: sites, followed by decoys, whose first candidate is the word of the text."""
    n_sites: int
    """How many of the places are sites."""
    language: str = "en"


def make_word_challenge(corpus: AuditCorpus, key: Key, name: str) -> WordChallenge:
    """Return the challenge of a name: the same vault and name, the same questions.

    Raises:
        PrerequisiteError: There is no site to ask about, or too little text for decoys.
    """
    rng = np.random.default_rng(int.from_bytes(key.digest("word-challenge", name), "big"))
    real = [(d, [s for s in some if len(s.candidates) > 1]) for d, some in corpus.readable()]
    words = plain_words(document for document, _ in real)
    sites = list(site_questions(real, WINDOW))
    if not sites or len(words) < 2:
        raise PrerequisiteError("challenge: the vault has no site whose words could be compared")
    decoys = [(d, decoys_of(d, some, words, rng)) for d, some in corpus.readable()]
    places = [*sites, *site_questions(decoys, WINDOW)]
    n_decoys = len(places) - len(sites)
    if n_decoys < MIN_DECOYS:
        raise PrerequisiteError(
            f"challenge: wanted {MIN_DECOYS} decoys, the texts have room for {n_decoys}"
        )
    n_repeated = min(len(places), max(MIN_REPEATED, round(REPEATED_SHARE * len(places))))
    order = [*range(len(places)), *rng.choice(len(places), n_repeated, replace=False).tolist()]
    rng.shuffle(order)
    questions = tuple(places[i].question for i in order)
    return WordChallenge(questions, tuple(order), tuple(places), len(sites), corpus.language)


def site_answers(
    challenge: WordChallenge, answers: Sequence[Answers]
) -> tuple[list[SiteQuestion], list[Answers]]:
    """Return the questions about sites with their answers; of a repeated one the first counts."""
    first: dict[int, Answers] = {}
    for source, answer in zip(challenge.sources, answers, strict=True):
        first.setdefault(source, answer)
    n = challenge.n_sites
    return list(challenge.places[:n]), [first[source] for source in range(n)]


def credibility_in_words(challenge: WordChallenge, answers: Sequence[Answers]) -> Credibility:
    """Measure whether answers are those of a language model; uses no key and no outcome."""
    first: dict[int, int | None] = {}
    alike, right = list[bool](), list[bool]()
    for source, answer in zip(challenge.sources, answers, strict=True):
        said = _said(answer)
        if source in first:
            alike.append(said is not None and said == first[source])
            continue
        first[source] = said
        if source >= challenge.n_sites and said is not None:
            right.append(challenge.places[source].order[said] == 0)
    n = len(right)
    least = binom.isf(LEVEL, len(alike), 0.5) + 1
    return Credibility(
        float(np.mean(alike)),
        sum(right) / n if n else 0.0,
        float(binomtest(sum(right), n, alternative="greater").pvalue) if n else 1.0,
        float(least) / len(alike),
    )


def _said(answer: Answers) -> int | None:
    """Return the option that was answered most often, if one was."""
    most = max(answer.counts)
    return answer.counts.index(most) if most > 0 and answer.counts.count(most) == 1 else None
