import json
from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.options.corpus import (
    IdColumn,
    KeyFile,
    Split,
    TextColumn,
    VaultArgument,
)


def edition(
    vault: VaultArgument,
    licensee: Annotated[str, typer.Option(help="Name of the licensee, as in the list.")],
    out: Annotated[Path, typer.Option(help="Folder to make for the texts of the edition.")],
    corpus: Annotated[
        str | None,
        typer.Option(
            help="The original data set, for an edition in its form and with all of its columns. "
            "Default: JSON Lines with id and text."
        ),
    ] = None,
    text_column: TextColumn = "text",
    id_column: IdColumn = None,
    split: Split = None,
    key_file: KeyFile = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print folder and number of documents as JSON.")
    ] = False,
) -> None:
    """Write the edition of one licensee, from a vault made by `leximark mark --editions`.

    The same vault and licensee always give the same texts, so an edition need not be kept.
    """
    from pipelines.instalments.editions import edition_command

    n = edition_command(
        vault,
        licensee,
        out,
        corpus,
        key_file=key_file,
        text_column=text_column,
        id_column=id_column,
        split=split,
    )
    if as_json:
        print(json.dumps({"out": str(out), "n_documents": n}))
        return
    print(f"{n:,} documents, for this licensee alone: {out}")
