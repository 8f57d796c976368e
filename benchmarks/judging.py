"""Speed of `--quality best`: against reading the whole text anew for each candidate.

    python -m benchmarks.judging [--places 300] [--whole 30]

Places are words of Python's documentation topics that may be touched. Ours are judged as
`leximark mark` does: words that the cheap features leave open, in a window, the left context read
once. Against it, for the first `--whole` of the places that are read at all, each candidate is read
in its whole document, one at a time. Printed are places a second (judged, and kept at the threshold
of marking), how many times faster that is, and the rank correlation of the two probabilities.
Seconds are of the processor, on one thread, so that other work on the machine does not count.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import torch
from scipy.stats import spearmanr

from benchmarks.marking import texts_of
from pipelines.jobs.mark import make_candidate_settings
from pipelines.loading.candidate_sources import load_lexical_resources
from watermark.schemes.leximark import LexiMark
from watermark.schemes.leximark_sites import LexicalResources, exclusion_reason
from watermark.substitution.candidates import Candidate, CandidateSettings
from watermark.substitution.model_features import (
    Encoder,
    Encoding,
    LanguageModel,
    Likelihood,
    Models,
)
from watermark.substitution.sources.wordnet import ModelledWordNetSource
from watermark.substitution.target import Target, TargetContext
from watermark.text.protected_spans import protected_spans
from watermark.text.sentences import read_sentences


@dataclass(frozen=True)
class OneByOne:
    """Reads each passage alone, as a program does that asks for one candidate at a time."""

    encoder: Encoder
    reader: LanguageModel

    def encode(self, contexts: Sequence[TargetContext]) -> list[Encoding]:
        """Return what the encoder makes of each passage."""
        return [self.encoder.encode([context])[0] for context in contexts]

    def read(self, contexts: Sequence[TargetContext]) -> list[Likelihood]:
        """Return what the language model makes of each passage."""
        return [self.reader.read([context])[0] for context in contexts]


class WholeText(Target):
    """A place that the models see with all of its document."""

    def context_with(self, surface: str) -> TargetContext:
        """Return the document with another word in this place."""
        return self._context(surface, 0, len(self.text))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--places", type=int, default=300)
    parser.add_argument("--whole", type=int, default=30, help="places read in whole texts")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    settings = make_candidate_settings("best", None)
    scheme = LexiMark(quality="best", fit=settings)
    resources = load_lexical_resources(scheme)
    targets = places(resources, scheme, arguments.places)
    (source,) = resources.sources
    assert isinstance(source, ModelledWordNetSource)
    source.candidates(targets[:5], settings)
    begun = time.process_time()
    found = source.candidates(targets, settings)
    seconds = time.process_time() - begun
    kept = sum(any(not c.rejected for c in some) for some in found)
    shown = [i for i, some in enumerate(found) if scores(some)][: arguments.whole]
    print(f"{len(targets) / seconds:.1f} places/s judged, {kept / seconds:.1f} kept, on one thread")
    alone = OneByOne(source.models.encoder, source.models.reader)
    slow = ModelledWordNetSource(
        resources.wordnet, source.acceptance, Models(alone, alone), source.screen
    )
    open_targets = [targets[i] for i in shown]
    ours = timed(source, open_targets, settings)
    whole = timed(slow, [WholeText(t.text, t.sentence, t.index) for t in open_targets], settings)
    pairs = [
        (one[lemma], other[lemma])
        for a, b in zip(ours[1], whole[1], strict=True)
        for one, other in [(scores(a), scores(b))]
        for lemma in one.keys() & other.keys()
    ]
    first, second = ([pair[i] for pair in pairs] for i in (0, 1))
    rho = float(spearmanr(first, second).statistic)
    print(
        f"{len(shown)} places with open candidates: {whole[0] / ours[0]:.1f} times the speed of "
        f"reading whole texts; rank correlation {rho:.3f} over {len(pairs)} candidates"
    )


def timed(
    source: ModelledWordNetSource, targets: Sequence[Target], settings: CandidateSettings
) -> tuple[float, list[list[Candidate]]]:
    """Return the seconds that judging takes, and the judgement."""
    begun = time.process_time()
    found = source.candidates(targets, settings)
    return time.process_time() - begun, found


def scores(some: Sequence[Candidate]) -> dict[str, float]:
    """Return the probabilities of the candidates that were read."""
    return {c.lemma: c.score for c in some if c.score > 0}


def places(resources: LexicalResources, scheme: LexiMark, n: int) -> list[Target]:
    """Return the first words of the texts that may be touched."""
    texts = texts_of(60 * n)
    found = (
        target
        for text, sentences in zip(texts, read_sentences(resources.nlp, texts), strict=True)
        for spans in [protected_spans(text, quotations=False)]
        for sentence in sentences
        for target in (Target(text, sentence, index) for index in range(len(sentence)))
        if not exclusion_reason(resources.wordnet, target, spans, scheme)
    )
    return list(islice(found, n))


if __name__ == "__main__":
    main()
