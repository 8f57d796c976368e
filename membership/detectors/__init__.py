"""Detectors, one a file. `default_detectors` is the list of them; see `membership.detector`."""

from membership.detector import Detector
from membership.detectors.loss import Loss
from membership.detectors.min_k import MinK
from membership.detectors.min_k_plus_plus import MinKPlusPlus
from membership.detectors.reference import MinusReference, Unit
from membership.detectors.zlib_ratio import ZlibRatio


def default_detectors(unit: Unit = "token") -> dict[str, Detector]:
    """Return all detectors by name, each also minus the reference's.

    Args:
        unit: For those with a reference; see `MinusReference`.
    """
    alone: tuple[Detector, ...] = (Loss(), ZlibRatio(), MinK(), MinKPlusPlus())
    both = (*alone, *(MinusReference(detector, unit) for detector in alone))
    return {detector.name: detector for detector in both}
