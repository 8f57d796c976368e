"""EZ-MIA: how fine-tuning changed the tokens that the suspect still predicts wrongly."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from membership.detector import Detector, UnscoredError
from membership.detectors.reference import same_tokens
from membership.detectors.window_comparison import difference
from membership.traces.trace import Query, Trace
from watermark.document import Document


@dataclass(frozen=True)
class Ez(Detector):
    """Share of gains in the total change from reference to suspect, over wrong predictions.

    For fine-tuned suspects, with the base model as reference. The tokens are those that are not
    the suspect's top prediction; the score is the sum of the gains in log-probability over the sum
    of gains and losses.

    Source: "EZ-MIA", arXiv 2601.12104; official code JetBrains-Research/ez-mia. Ours differs in
    two ways. The paper's score is gain over loss; the share orders documents in the same way
    and is defined without any loss; there, such a document scores 0, the lowest value, although it
    is the strongest evidence. And
    one wrong prediction is enough; there, fewer than two score 0.
    """

    name: ClassVar[str] = "ez"
    needs: ClassVar[frozenset[str]] = frozenset({"logprobs", "moments", "reference"})

    def queries(self, document: Document) -> tuple[Query, ...]:
        """Ask both models for the document itself."""
        return (Query(document.text), Query(document.text, role="reference"))

    def score(self, document: Document, traces: Sequence[Trace]) -> float:
        """Return the share, from 0 to 1; one half if nothing changed.

        Raises:
            UnscoredError: The two models tokenize the text differently, or the suspect predicts
                every token.
        """
        suspect, reference = traces
        if not same_tokens(suspect, reference):
            raise UnscoredError("the reference cuts the text into other tokens")
        change = difference(suspect, reference)[suspect.rank > 0]
        if not len(change):
            raise UnscoredError("the suspect predicts every token")
        gained, lost = change[change > 0].sum(), -change[change < 0].sum()
        return float(gained / (gained + lost)) if gained + lost else 0.5
