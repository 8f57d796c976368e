"""Options for vaults that hold several instalments or editions."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer


@dataclass(frozen=True)
class AppendFlags:
    """How `mark` adds to a vault, and for whom it makes editions."""

    editions: Annotated[
        Path | None,
        typer.Option(
            help="CSV file with a column `licensee`: give each licensee an edition with coins of "
            "its own, which `leximark edition` writes."
        ),
    ] = None
    append_to: Annotated[
        Path | None,
        typer.Option(
            metavar="VAULT", help="Vault to add the documents to, as an instalment (no --vault)."
        ),
    ] = None
    instalment: Annotated[
        str | None,
        typer.Option(help="Name of the instalment, such as 2026-11-26. Default: its number."),
    ] = None
    new_key: Annotated[
        bool,
        typer.Option(
            "--new-key", help="With --append-to: a new key for this instalment and later ones."
        ),
    ] = False


@dataclass(frozen=True)
class PartsFlags:
    """Which parts of a vault are audited, and whether by licensee."""

    instalments: Annotated[
        str | None,
        typer.Option(
            metavar="A,B",
            help="Instalments to audit together, by name; `first` is what the vault was made with. "
            "Default: all.",
        ),
    ] = None
    editions: Annotated[
        bool,
        typer.Option("--editions", help="Test the edition of every licensee and name who leaked."),
    ] = False
