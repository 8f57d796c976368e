import json
from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.options.corpus import TextColumn
from pipelines.commands.settings_option import Settings, parse_settings


def attack_model(
    model: Annotated[str, typer.Argument(help="Model to attack: folder or hub id, safetensors.")],
    attack: Annotated[
        str, typer.Option(help="Name of the attack, such as pruning; docs/attacks.md lists all.")
    ],
    out: Annotated[Path, typer.Option(help="Folder to make for the attacked model.")],
    settings: Settings = None,
    text_column: TextColumn = "text",
    as_json: Annotated[bool, typer.Option("--json", help="Print the model as JSON.")] = False,
) -> None:
    """Do to a trained model what its owner could do, to see whether the evidence survives.

    Needs no vault and no key. Audit the result with `leximark verify`.
    """
    from pipelines.jobs.attack_model import attack_model_command

    attack_model_command(model, out, attack, parse_settings(settings), text_column=text_column)
    print(json.dumps({"model": str(out), "attack": attack}) if as_json else f"Model: {out}")
