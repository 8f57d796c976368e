"""Options for what an audit says beside its p-value."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pipelines.jobs.evidence import Evidence

TsaRoot = Annotated[
    list[Path] | None,
    typer.Option(
        help="PEM file of the root certificate of a time-stamping authority that you trust, beside "
        "the public ones. May be repeated."
    ),
]


ModelDate = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%d"],
        help="First day on which the suspect, or a model that it was made from, could be used; "
        "the report says whether the vault's time stamps are older.",
    ),
]


@dataclass(frozen=True)
class EvidenceFlags:
    """The fields of `Evidence` as a user gives them."""

    model_date: ModelDate = None
    tsa_root: TsaRoot = None
    family: Annotated[
        bool,
        typer.Option(
            "--family",
            help="Give this audit, the k-th in the vault's custody log, the share 1/(k(k+1)) of "
            "the level. All audits together then keep the level, however many there will be.",
        ),
    ] = False
    bundle: Annotated[
        Path | None,
        typer.Option(help="Zip file to write, which others check with `leximark check`."),
    ] = None
    with_texts: Annotated[
        int,
        typer.Option(
            min=0, metavar="N", help="Disclose N documents in the bundle, the strongest first."
        ),
    ] = 0
    with_key: Annotated[
        bool,
        typer.Option(
            "--with-key", help="Disclose the key in the bundle. Do so once, at the end of a case."
        ),
    ] = False
    show_sites: Annotated[
        int,
        typer.Option(
            min=0,
            metavar="N",
            help="Show N sites in their texts in report.html, the strongest first. The copy to "
            "share never shows any.",
        ),
    ] = 0

    def evidence(self) -> "Evidence":
        """Return them for the job."""
        from pipelines.bundle.write_bundle import Disclosure
        from pipelines.jobs.evidence import Evidence

        return Evidence(
            self.model_date and self.model_date.date(),
            tuple(self.tsa_root or ()),
            self.family,
            self.bundle,
            Disclosure(self.with_key, self.with_texts),
            self.show_sites,
        )
