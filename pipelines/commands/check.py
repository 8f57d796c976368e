import json
from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.options.evidence import TsaRoot


def check(
    bundle: Annotated[Path, typer.Argument(help="Zip file that `verify --bundle` wrote.")],
    seal: Annotated[
        str, typer.Option(help="The seal that you were told, which fixes every bit of the bundle.")
    ] = "",
    tsa_root: TsaRoot = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Check an evidence bundle without the vault, the models or the texts.

    Recomputes the p-value from the table of scores and checks that everything belongs together.
    Prints what holds and what could not be checked; what is wrong is named, and the status is 2.
    """
    from pipelines.jobs.check import check_command

    lines = list(check_command(bundle, seal, tuple(tsa_root or ())))
    print(json.dumps({"holds": lines}, indent=2) if as_json else "\n".join(lines))
