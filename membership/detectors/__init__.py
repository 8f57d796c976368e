"""Detectors, one per file; see `membership.detector`. `default_detectors` lists them."""

from membership.detector import Detector, Unit
from membership.detectors.camia import Camia
from membership.detectors.entropy import Entropy
from membership.detectors.ez import Ez
from membership.detectors.gap_k import GapK
from membership.detectors.log_rank import LogRank
from membership.detectors.loss import Loss, Perplexity
from membership.detectors.max_k import MaxK
from membership.detectors.min_k import MinK
from membership.detectors.min_k_plus_plus import MinKPlusPlus
from membership.detectors.reference import MinusReference
from membership.detectors.surp import Surp
from membership.detectors.surprise_gap import SurpriseGap
from membership.detectors.tag_and_tab import TagAndTab
from membership.detectors.window_comparison import WindowComparison
from membership.detectors.zlib_ratio import ZlibRatio


def default_detectors(unit: Unit = "token") -> dict[str, Detector]:
    """Return the detectors that need only one pass over the documents, by name.

    A detector's `needs` says which suspects it runs on: `logprobs` is met by any suspect that
    scores given tokens, `moments` by one that returns the whole distribution, `reference` by a
    second model.

    Args:
        unit: Unit of the detectors with a reference; see `MinusReference`.
    """
    often: tuple[Detector, ...] = (Loss(), ZlibRatio(), MinK(), MinKPlusPlus())
    detectors: tuple[Detector, ...] = (
        *often,
        Perplexity(),
        MaxK(),
        Surp(),
        GapK(),
        TagAndTab(),
        Entropy(),
        LogRank(),
        SurpriseGap(),
        Camia("cut_off"),
        Camia("diversity"),
        Camia("slope"),
        Camia("below_prior"),
        Camia("lempel_ziv"),
        Camia("approximate_entropy"),
        *(MinusReference(detector, unit) for detector in often),
        WindowComparison(),
        Ez(),
    )
    return {detector.name: detector for detector in detectors}
