import json
from pathlib import Path
from typing import Annotated

import typer


def card(
    published: Annotated[Path, typer.Argument(help="File or folder that is published.")],
    name: Annotated[str, typer.Option(help="Name of the data set.")],
    license_: Annotated[
        str, typer.Option("--license", help="Its licence: an SPDX name or an address.")
    ],
    description: Annotated[str, typer.Option(help="What it is, in a sentence or more.")],
    out: Annotated[Path, typer.Option(help="Folder to create.")] = Path("card"),
    url: Annotated[str, typer.Option(help="Where it is published.")] = "",
    policy: Annotated[
        str, typer.Option(help="Address of the terms on which it may be mined.")
    ] = "",
    contact: Annotated[str, typer.Option(help="Whom to ask for a licence.")] = "",
    language: Annotated[str, typer.Option(help="Language of the texts.")] = "en",
    as_json: Annotated[bool, typer.Option("--json", help="Print the files as JSON.")] = False,
) -> None:
    """Write what goes beside a published data set: card, Croissant, robots.txt and tdmrep.json.

    All of it reserves text and data mining, and nothing in it says what was done to the texts.
    """
    from pipelines.jobs.card import Card, card_command

    said = Card(name, description, license_, url, policy, contact, language)
    files = list(map(str, card_command(published, out, said)))
    print(json.dumps({"files": files}, indent=2) if as_json else "\n".join(files))
