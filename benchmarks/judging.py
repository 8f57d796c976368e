"""Speed of `--quality best`: against reading the whole text anew for each candidate.

    python -m benchmarks.judging [--source listed] [--places 300] [--whole 300]

Places are words of Python's documentation topics that may be touched. Ours are judged as
`leximark mark` does: words that the cheap features leave open, in a window, the left context read
once. Against it, for the first `--whole` of the places that are read at all, each candidate is read
in its whole document, one at a time. Printed are places a second (judged, and kept at the threshold
of marking), how many times faster that is, and the rank correlation of the two judgements: the gain
of listed words, the probability of WordNet's. Seconds are of the processor, on one thread, so that
other work on the machine does not count.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice

import torch
from scipy.stats import spearmanr

from benchmarks.marking import texts_of
from pipelines.jobs.mark import make_candidate_settings
from pipelines.loading.candidate_sources import load_lexical_resources
from watermark.schemes.leximark import LexiMark
from watermark.schemes.leximark_sites import LexicalResources, exclusion_reason
from watermark.substitution.candidates import CandidateSettings
from watermark.substitution.model_features import (
    Encoder,
    Encoding,
    LanguageModel,
    Likelihood,
    Models,
)
from watermark.substitution.sources.likely import LikelyWords
from watermark.substitution.sources.wordnet import ModelledWordNetSource
from watermark.substitution.target import Target, TargetContext
from watermark.text.protected_spans import protected_spans
from watermark.text.sentences import read_sentences

Judge = LikelyWords | ModelledWordNetSource


@dataclass(frozen=True)
class EncodesAlone:
    """Encodes each passage alone, as a program does that asks for one candidate at a time."""

    encoder: Encoder

    def encode(self, contexts: Sequence[TargetContext]) -> list[Encoding]:
        """Return what the encoder makes of each passage."""
        return [self.encoder.encode([context])[0] for context in contexts]


@dataclass(frozen=True)
class ReadsAlone:
    """Reads each passage alone."""

    reader: LanguageModel

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
    parser.add_argument("--source", choices=["listed", "wordnet"], default="listed")
    parser.add_argument("--places", type=int, default=300)
    parser.add_argument("--whole", type=int, default=30, help="places read in whole texts")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    settings = make_candidate_settings("best", None, sources=(arguments.source,))
    scheme = LexiMark(quality="best", fit=settings, sources=(arguments.source,))
    resources = load_lexical_resources(scheme)
    targets = places(resources, scheme, arguments.places)
    (source,) = resources.sources
    assert isinstance(source, LikelyWords | ModelledWordNetSource)
    source.candidates(targets[:5], settings)
    begun = time.process_time()
    found = source.candidates(targets, settings)
    seconds = time.process_time() - begun
    kept = sum(any(not c.rejected for c in some) for some in found)
    print(f"{len(targets) / seconds:.1f} places/s judged, {kept / seconds:.1f} kept, on one thread")
    read = [target for target in targets if judgements(source, [target], settings)[0]]
    read = read[: arguments.whole]
    seconds, ours = timed(source, read, settings)
    whole = [WholeText(target.text, target.sentence, target.index) for target in read]
    slow_seconds, theirs = timed(one_by_one(source), whole, settings)
    pairs = [
        (one[lemma], other[lemma])
        for one, other in zip(ours, theirs, strict=True)
        for lemma in one.keys() & other.keys()
    ]
    first, second = ([pair[i] for pair in pairs] for i in (0, 1))
    rho = float(spearmanr(first, second).statistic)
    print(
        f"{len(read)} places with open candidates: {len(read) / seconds:.1f} a second, "
        f"{slow_seconds / seconds:.1f} times the speed of reading whole texts; rank correlation "
        f"{rho:.3f} over {len(pairs)} candidates"
    )


def one_by_one(source: Judge) -> Judge:
    """Return the source with models that read each passage alone."""
    if isinstance(source, LikelyWords):
        return replace(source, reader=ReadsAlone(source.reader))
    models = Models(EncodesAlone(source.models.encoder), ReadsAlone(source.models.reader))
    return replace(source, models=models)


def timed(
    source: Judge, targets: Sequence[Target], settings: CandidateSettings
) -> tuple[float, list[dict[str, float]]]:
    """Return the seconds that judging takes, and the judgements."""
    begun = time.process_time()
    found = judgements(source, targets, settings)
    return time.process_time() - begun, found


def judgements(
    source: Judge, targets: Sequence[Target], settings: CandidateSettings
) -> list[dict[str, float]]:
    """Return for each place the gain or the probability of the words that models have read."""
    if isinstance(source, ModelledWordNetSource):
        found = source.candidates(targets, settings)
        return [{c.lemma: c.score for c in some if c.score > 0} for some in found]
    offers = source.source.candidates(targets, settings)
    return [
        {c.lemma: gain for c, gain in zip(some, gains, strict=True) if not c.rejected}
        for some, gains in zip(offers, source.gains(targets, offers), strict=True)
    ]


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
