"""The quality filters of web corpora, by datatrove's own steps."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from attacks.attack import TextAttack
from watermark.document import Document
from watermark.errors import PrerequisiteError

MISSING = "datatrove is not installed: run `pip install 'leximark[attacks]'`"


@dataclass(frozen=True)
class QualityFilter(TextAttack):
    """Drops the documents that one of datatrove's filters drops; C4's filter also drops lines.

    Source: datatrove 0.10, `GopherQualityFilter` and `GopherRepetitionFilter` (Rae et al. 2021),
    `C4QualityFilter` (Raffel et al. 2020), `FineWebQualityFilter` (Penedo et al. 2024), with their
    default settings. They judge whole web pages: short passages are dropped for their length.
    """

    name: ClassVar[str] = "quality_filter"
    rule: str = "gopher"
    """`gopher`, `gopher_repetition`, `c4` or `fineweb`."""
    _filter: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Make the filter.

        Raises:
            PrerequisiteError: datatrove is not installed.
            ValueError: There is no such rule.
        """
        object.__setattr__(self, "_filter", _makers(self.rule)())

    def apply(self, document: Document, rng: np.random.Generator) -> Document | None:
        """Return the document as the filter leaves it."""
        from datatrove.data import Document as Page

        page = Page(text=document.text, id=document.id)
        kept = self._filter.filter(page)
        if not (kept[0] if isinstance(kept, tuple) else kept):
            return None
        return Document(document.id, page.text)


def _makers(rule: str) -> Callable[[], Any]:
    try:
        from datatrove.pipeline import filters
    except ImportError as error:
        raise PrerequisiteError(f"quality_filter: {MISSING}") from error
    makers: dict[str, Callable[[], Any]] = {
        "gopher": filters.GopherQualityFilter,
        "gopher_repetition": filters.GopherRepetitionFilter,
        "c4": filters.C4QualityFilter,
        "fineweb": filters.FineWebQualityFilter,
    }
    if rule not in makers:
        raise ValueError(f"rule must be one of {', '.join(makers)}, got {rule!r}")
    return makers[rule]
