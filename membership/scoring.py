"""Run the models on the texts that detectors ask for, and score the documents."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from membership.detector import (
    Detector,
    Score,
    TextDetector,
    UnscoredError,
    check_abilities,
    score_document,
)
from membership.traces.suspect import Suspect, TextGenerator
from membership.traces.tokens import SPECIMEN, hash_of_cut
from membership.traces.trace import Query, Trace
from watermark.document import Document
from watermark.errors import PrerequisiteError

Progress = Callable[[str, int, int], None]
"""Called with the model's name, the number of texts done and the total."""

Traces = Mapping[Query, Trace]
"""One model's traces; the trace of a query with slots also serves the query without."""

_DOCUMENTS_AT_ONCE = 64
_CHARACTERS_A_TOKEN = 3


@dataclass(frozen=True)
class Sampling:
    """How text is sampled from a suspect."""

    n: int = 20
    """Continuations per document."""
    temperature: float = 1.0
    seed: int = 0


def score_written(
    documents: Sequence[Document],
    detectors: Mapping[str, TextDetector],
    suspect: TextGenerator,
    sampling: Sampling = Sampling(),
) -> Iterator[dict[str, Score]]:
    """Yield the scores of each document from text that the suspect generates.

    Each distinct prompt is sent once. Continuations are about as long as the longest remainder of
    the documents that are sent together.
    """
    for first in range(0, len(documents), _DOCUMENTS_AT_ONCE):
        block = documents[first : first + _DOCUMENTS_AT_ONCE]
        prompts = {(n, doc.id): d.prompt(doc) for n, d in detectors.items() for doc in block}
        distinct = list(dict.fromkeys(prompts.values()))
        rest = max(len(doc.text) - len(prompts[n, doc.id]) for n in detectors for doc in block)
        written = suspect.write(
            distinct,
            n=sampling.n,
            max_tokens=rest // _CHARACTERS_A_TOKEN + 16,
            temperature=sampling.temperature,
            seed=sampling.seed,
        )
        texts = dict(zip(distinct, written, strict=True))
        for document in block:
            yield {
                name: _score_written(detector, document, texts[prompts[name, document.id]])
                for name, detector in detectors.items()
            }


def _score_written(
    detector: TextDetector, document: Document, continuations: Sequence[str]
) -> Score:
    try:
        return Score(detector.score(document, continuations))
    except UnscoredError as error:
        return Score(math.nan, str(error))


def tokenizer_fingerprint(model: Suspect) -> str:
    """Return the fingerprint of a model's tokenizer from a trace, which works for servers too.

    Raises:
        PrerequisiteError: The model returns no log-probabilities.
    """
    (trace,) = run_queries(model, [Query(SPECIMEN)]).values()
    return hash_of_cut([*trace.unscored_start, *trace.token_ids.tolist()])


def score_documents(
    documents: Sequence[Document],
    detectors: Mapping[str, Detector],
    suspect: Suspect,
    reference: Suspect | None,
) -> Iterator[dict[str, Score]]:
    """Yield the scores of each document by detector, in the order of the documents.

    Each model runs each distinct text of a few dozen documents once, and memory does not grow
    with the number of documents.

    Raises:
        PrerequisiteError: A detector needs an ability that the models lack.
    """
    for detector in detectors.values():
        check_abilities(detector, _given(detector, suspect, reference), suspect.name)
    for first in range(0, len(documents), _DOCUMENTS_AT_ONCE):
        block = documents[first : first + _DOCUMENTS_AT_ONCE]
        asked = [q for d in detectors.values() for document in block for q in d.queries(document)]
        traces = run_queries(suspect, _texts(asked, "suspect"))
        others = None
        if reference is not None:
            others = run_queries(reference, _texts(asked, "reference"))
        scores = score_corpus(block, detectors, traces, others)
        for index in range(len(block)):
            yield {name: of[index] for name, of in scores.items()}


def divide(
    detectors: Mapping[str, Detector], suspect: Suspect, reference: Suspect | None
) -> tuple[dict[str, Detector], dict[str, str]]:
    """Return the detectors that these models can serve, and what is missing for the others.

    Without a reference, detectors that compare with one are in neither.
    """
    able, unable = dict[str, Detector](), dict[str, str]()
    for name, detector in detectors.items():
        if "reference" in detector.needs and reference is None:
            continue
        try:
            check_abilities(detector, _given(detector, suspect, reference), suspect.name)
            able[name] = detector
        except PrerequisiteError as error:
            unable[name] = str(error)
    return able, unable


def _given(detector: Detector, suspect: Suspect, reference: Suspect | None) -> frozenset[str]:
    """Return the abilities available to a detector; a reference must have them as well."""
    if reference is None or "reference" not in detector.needs:
        return suspect.abilities
    return (suspect.abilities & reference.abilities) | {"reference"}


def _texts(asked: Sequence[Query], role: str) -> list[Query]:
    return list(dict.fromkeys(Query(query.text) for query in asked if query.role == role))


def run_queries(
    model: Suspect,
    queries: Sequence[Query],
    progress: Progress = lambda model, done, total: None,
) -> Traces:
    """Run a model on texts and keep all traces."""
    traces: dict[Query, Trace] = {}
    progress(model.name, 0, len(queries))
    for done, (index, trace) in enumerate(model.trace(queries), 1):
        traces[queries[index]] = traces[Query(queries[index].text)] = trace
        progress(model.name, done, len(queries))
    return traces


def score_corpus(
    documents: Sequence[Document],
    detectors: Mapping[str, Detector],
    suspect: Traces,
    reference: Traces | None,
) -> dict[str, list[Score]]:
    """Score every document with every detector from existing traces.

    Without a reference, detectors that need one are left out.
    """

    def trace_of(query: Query) -> Trace:
        of = suspect if query.role == "suspect" else reference
        assert of is not None
        return of[Query(query.text)]

    return {
        name: [
            score_document(detector, document, [trace_of(q) for q in detector.queries(document)])
            for document in documents
        ]
        for name, detector in detectors.items()
        if reference is not None or "reference" not in detector.needs
    }
