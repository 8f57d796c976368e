"""Words that a chat model proposes for a place."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from watermark.substitution.candidates import (
    Candidate,
    CandidateSettings,
    apply_threshold,
    inflect_candidate,
)
from watermark.substitution.target import Target
from watermark.text.inflection import lemma_of

Ask = Callable[[Sequence[str]], Sequence[str | None]]
"""Takes questions; gives the answer to each, or None where the server gave no answer."""

PROMPT = (
    "The user gives a sentence in which one word stands between asterisks. Name up to ten single "
    "words that could stand there instead: same meaning in this sentence, same grammar, less "
    "common than the original. Answer with their dictionary forms alone, the best first, with "
    "commas between; answer none if there is no such word."
)
NO_WORD = "none"


@dataclass(frozen=True)
class ProposedSource:
    """The method `llm`: a chat model proposes, form and rarity are seen to here.

    Source: the method `gpt4o` of the released LexiMark code (eyalgerman/LexiMark@a26c05a). Ours
    differs: any server with OpenAI's interface will do, and plain text is asked for.
    """

    ask: Ask = field(repr=False)

    @property
    def name(self) -> str:
        """What the option `--source` calls it."""
        return "llm"

    def candidates(
        self, targets: Sequence[Target], settings: CandidateSettings
    ) -> list[list[Candidate]]:
        """Return the candidates of each target in the model's order, scored from 1 downwards.

        A question on which the server failed gets no candidates.
        """
        questions = [_question(target) for target in targets]
        distinct = list(dict.fromkeys(questions))
        answers = dict(zip(distinct, self.ask(distinct), strict=True))
        return [
            self._of(target, answers[question], settings)
            for target, question in zip(targets, questions, strict=True)
        ]

    def _of(
        self, target: Target, answer: str | None, settings: CandidateSettings
    ) -> list[Candidate]:
        lemmas = dict.fromkeys(
            lemma_of(word, target.word.pos) for word in read_answer(answer or "")
        )
        shaped = [inflect_candidate(lemma, self.name, target, settings) for lemma in lemmas]
        offered = [candidate for candidate in shaped if not candidate.rejected]
        scores = [1.0 / (1 + place) for place in range(len(offered))]
        return apply_threshold(offered, scores, 0.0) + [c for c in shaped if c.rejected]


def _question(target: Target) -> str:
    context = target.sentence_with(target.word.text)
    word = context.text[context.start : context.end]
    return f"{context.text[: context.start]}*{word}*{context.text[context.end :]}"


def read_answer(answer: str) -> list[str]:
    """Return the single words of a list with commas or line breaks between, lower case.

    Numbers and bullets before them are left out, and so is everything that is not one word.
    """
    parts = (re.sub(r"^[\s\d.)*-]+|[\s.*]+$", "", part) for part in re.split(r"[,;\n]", answer))
    return [part.lower() for part in parts if part.isalpha() and part.lower() != NO_WORD]
