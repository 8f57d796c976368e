"""Whether key, documents and ledger were fixed before the model existed.

The p-value is exact for coins that do not depend on the model. Only time can show that: an owner
who already has the model can choose a key or documents that fit it (in vaults of format 1 document
ids, too). So a report says first what is known about the order of the two.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any

CAN_BE_MADE_UP = (
    "evidence of this kind can be made up afterwards, by whoever has the model and chooses a key "
    "or documents that fit it"
)


@dataclass(frozen=True)
class Stamp:
    """A time stamp on the commitment, checked."""

    file: str
    """Where it is kept in the vault."""
    time: datetime | None
    """When the authority saw the commitment, in UTC; nothing if that could not be read."""
    authority: str
    problem: str = ""
    """Why it does not count; empty if it does."""

    @property
    def words(self) -> str:
        """The stamp for a reader."""
        if self.problem or self.time is None:
            return f"{self.file} does not count: {self.problem}"
        return f"fixed before {self.time:%Y-%m-%d %H:%M:%S} UTC ({self.authority})"


@dataclass(frozen=True)
class Beforehand:
    """What is known about the order of commitment and model."""

    stamps: tuple[Stamp, ...] = ()
    model_date: date | None = None
    """The first day on which the suspect, or a model that it was made from, could be used."""
    files_date: date | None = None
    """The oldest date among the files of the suspect; anyone can set it, so it is a hint only."""
    n_rejected: int | None = None
    """How many sites a reviewer took out of the ledger; nothing if nobody reviewed it."""
    audits_before: int = 0
    """How many other audits the vault's custody log names."""
    not_logged: str = ""
    """Why this audit is not in the custody log; empty if it is."""

    @property
    def earliest(self) -> Stamp | None:
        """The earliest stamp that counts."""
        counted = [s for s in self.stamps if not s.problem and s.time is not None]
        return min(counted, key=lambda s: s.time or datetime.max.replace(tzinfo=UTC), default=None)

    @property
    def is_shown(self) -> bool:
        """Whether a stamp is older than the model."""
        first = self.earliest
        if first is None or first.time is None or self.model_date is None:
            return False
        return first.time.date() < self.model_date

    def lines(self) -> Iterator[str]:
        """Yield what a report says before anything else."""
        if self.is_shown:
            assert self.earliest is not None
            words = self.earliest.words
            yield f"{words[0].upper()}{words[1:]}; the model is of {self.model_date}"
        else:
            yield f"Not fixed beforehand: {self._why_not()}: {CAN_BE_MADE_UP}"
        if self.n_rejected is not None:
            yield (
                f"Reviewed after marking ({self.n_rejected:,} sites rejected): this is evidence "
                "only if the reviewer did not know the key, which nothing here shows"
            )
        yield from self.audit_lines()
        for stamp in self.stamps:
            if stamp.problem:
                yield f"Time stamp {stamp.words}"

    def audit_lines(self) -> Iterator[str]:
        """Yield what the custody log knows of other audits, and whether it knows of this one."""
        if self.audits_before:
            yield (
                f"{self.audits_before:,} other "
                f"{'audits were' if self.audits_before > 1 else 'audit was'} made with this vault "
                "before, with other models, settings or answers: the smallest of several p-values "
                "is not a valid p-value (--family gives each its share of the level)"
            )
        if self.not_logged:
            yield (
                f"Not in the custody log ({self.not_logged}): audits with this copy of the vault "
                "are not counted by later ones"
            )

    def _why_not(self) -> str:
        first = self.earliest
        if first is None:
            return "no valid time stamp on the commitment over key, documents and ledger"
        if self.model_date is not None:
            return f"{first.words}, but the model is of {self.model_date}"
        hint = ""
        if self.files_date is not None:
            hint = f"; its files are dated {self.files_date}, which is a hint only"
        return f"{first.words}, but the model's date is not known (--model-date){hint}"

    def as_dict(self) -> dict[str, Any]:
        """Return all of it for machines."""
        return {
            "fixed_beforehand": self.is_shown,
            "warnings": list(self.lines())[self.is_shown :],
            "model_date": self.model_date and self.model_date.isoformat(),
            "files_date": self.files_date and self.files_date.isoformat(),
            "audits_before": self.audits_before,
            "not_logged": self.not_logged,
            "reviewed": self.n_rejected is not None,
            "stamps": [asdict(s) | {"time": s.time and s.time.isoformat()} for s in self.stamps],
        }


def rejected_sites(corpus: Mapping[str, Any]) -> int | None:
    """Return how many sites a review rejected, from the `corpus` of a plan."""
    review = corpus.get("review")
    return None if review is None else int(review["n_rejected"])
