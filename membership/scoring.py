"""Score documents: which detectors two models can serve, in what unit, and what they say."""

import math
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from membership.detector import (
    Detector,
    Score,
    TextDetector,
    Unit,
    UnscoredError,
    check_abilities,
    score_document,
)
from membership.traces.suspect_protocol import ReadsAhead, Sampling, Suspect, TextGenerator
from membership.traces.tokens import SPECIMEN, hash_of_cut
from membership.traces.trace import Query, Trace
from watermark.document import Document
from watermark.errors import PrerequisiteError

Progress = Callable[[str, int, int], None]
"""Called with the model's name, the number of texts done and the total."""

Traces = Mapping[Query, Trace]
"""One model's traces; the trace of a query with slots also serves the query without."""

Group = tuple[Sequence[Document], Mapping[str, Detector]]
"""Documents, and the detectors that score them."""

_DOCUMENTS_AT_ONCE = 64
_CHARACTERS_A_TOKEN = 3


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
        written = suspect.write(distinct, sampling, max_tokens=rest // _CHARACTERS_A_TOKEN + 16)
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


@dataclass(frozen=True)
class Panel:
    """A suspect, its references, and the detectors that these models can serve."""

    suspect: Suspect
    references: Mapping[str, Suspect]
    detectors: Mapping[str, Detector]
    """All of them compare in one unit, whatever the documents are."""
    unable: Mapping[str, str]
    """Detectors that cannot be run, each with what the models would have to give."""

    @property
    def models(self) -> tuple[Suspect, ...]:
        """The suspect, then the references."""
        return (self.suspect, *self.references.values())

    @property
    def reference(self) -> Suspect | None:
        """The model that detectors compare with: the first reference."""
        return next(iter(self.references.values()), None)

    def check(self, detector: str, test: str) -> None:
        """Make sure that a test has the detector it needs.

        Raises:
            PrerequisiteError: The models cannot serve it; says what they lack.
        """
        if detector not in self.detectors:
            why = self.unable.get(detector, f"there are no scores of {detector}")
            raise PrerequisiteError(f"{test}: {why}")

    def only(self, detector: str) -> dict[str, Detector]:
        """Return one detector by its name; nothing if the models cannot serve it."""
        return {name: d for name, d in self.detectors.items() if name == detector}


def assemble_panel(
    detectors: Mapping[str, Detector], suspect: Suspect, references: Mapping[str, Suspect]
) -> Panel:
    """Keep the detectors that these models can serve, and settle their unit.

    Detectors that compare with a reference are left out when no reference is given.
    """
    first = next(iter(references.values()), None)
    able, unable = divide(detectors, suspect, first)
    compare = any("reference" in detector.needs for detector in able.values())
    unit = choose_unit(suspect, first) if compare else "token"
    return Panel(suspect, references, {n: d.in_unit(unit) for n, d in able.items()}, unable)


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


def choose_unit(suspect: Suspect, reference: Suspect | None) -> Unit:
    """Choose what two models are compared per: tokens if they cut text alike, else bytes.

    Raises:
        PrerequisiteError: One of them returns no log-probabilities.
    """
    if reference is None or tokenizer_fingerprint(suspect) == tokenizer_fingerprint(reference):
        return "token"
    return "byte"


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
    blocks = [
        documents[first : first + _DOCUMENTS_AT_ONCE]
        for first in range(0, len(documents), _DOCUMENTS_AT_ONCE)
    ]
    for model, role in ((suspect, "suspect"), (reference, "reference")):
        read_ahead(model, (texts_of([(block, detectors)], role) for block in blocks))
    for block in blocks:
        (scores,) = score_groups([(block, detectors)], suspect, reference)
        for index in range(len(block)):
            yield {name: of[index] for name, of in scores.items()}


def score_groups(
    groups: Sequence[Group],
    suspect: Suspect,
    reference: Suspect | None,
    *,
    known: tuple[Traces, Traces] = ({}, {}),
    progress: Progress = lambda model, done, total: None,
) -> list[dict[str, list[Score]]]:
    """Score groups of documents: ask the detectors, run suspect and reference, score.

    Each model reads each distinct text once.

    Args:
        groups: What to score.
        suspect: The model under audit.
        reference: What detectors compare it with; None if none of them does.
        known: Traces of suspect and reference that are at hand.
        progress: Told how far the models are.
    """
    unread = texts_of(groups, "suspect", known[0])
    traces = {"suspect": {**known[0], **run_queries(suspect, unread, progress)}}
    if reference is not None:
        unread = texts_of(groups, "reference", known[1])
        traces["reference"] = {**known[1], **run_queries(reference, unread, progress)}

    def score(detector: Detector, document: Document) -> Score:
        queries = detector.queries(document)
        return score_document(detector, document, [traces[q.role][Query(q.text)] for q in queries])

    return [
        {name: [score(d, document) for document in docs] for name, d in detectors.items()}
        for docs, detectors in groups
    ]


def texts_of(groups: Sequence[Group], role: str, known: Container[Query] = ()) -> list[Query]:
    """Return the distinct texts that detectors ask of a model and that are not known yet."""
    asked = (
        Query(query.text)
        for documents, detectors in groups
        for detector in detectors.values()
        for document in documents
        for query in detector.queries(document)
        if query.role == role
    )
    return [query for query in dict.fromkeys(asked) if query not in known]


def read_ahead(model: object, lists: Iterable[Sequence[Query]]) -> None:
    """Tell a model all lists of texts that it will be given, if that is of use to it."""
    if isinstance(model, ReadsAhead):
        model.read_ahead(list(lists))


def run_queries(
    model: Suspect,
    queries: Sequence[Query],
    progress: Progress = lambda model, done, total: None,
) -> Traces:
    """Run a model on texts and keep all traces."""
    traces: dict[Query, Trace] = {}
    if not queries:
        return traces
    progress(model.name, 0, len(queries))
    for done, (index, trace) in enumerate(model.trace(queries), 1):
        traces[queries[index]] = traces[Query(queries[index].text)] = trace
        progress(model.name, done, len(queries))
    return traces
