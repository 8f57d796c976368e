"""Options that say where texts and keys are, the same in every command that has them."""

from pathlib import Path
from typing import Annotated

import typer

TextColumn = Annotated[str, typer.Option(help="Column that holds the text.")]
IdColumn = Annotated[
    str | None, typer.Option(help="Column that holds the ids. Default: hashes of the texts.")
]
Split = Annotated[str | None, typer.Option(help="One split of a data set that has some.")]
VaultArgument = Annotated[Path, typer.Argument(help="Vault that `leximark mark` filled.")]
BoilerplateShare = Annotated[
    float,
    typer.Option(
        min=0,
        max=1,
        help="Skip a sentence that recurs in this share of the documents, and in at least ten: it "
        "is part of a template. 0: mark it as well.",
    ),
]
KeyFile = Annotated[Path | None, typer.Option(help="The key, if it is not kept in the vault.")]

Rules = Annotated[
    Path | None,
    typer.Option(
        help="File of rules that `leximark review --rules` made: pairs, words and columns that are "
        "never marked."
    ),
]
NewKeyFile = Annotated[
    Path | None,
    typer.Option(help="Key to use, 32 raw bytes; not copied. Default: a fresh one in the vault."),
]
