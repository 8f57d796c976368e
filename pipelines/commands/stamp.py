import json
from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.options.evidence import TsaRoot


def stamp(
    vault: Annotated[Path, typer.Argument(help="Vault that `leximark mark` filled.")],
    tsa: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URL",
            help="Time stamp authority (RFC 3161). May be repeated; without it and --ots a public "
            "one is asked.",
        ),
    ] = None,
    ots: Annotated[
        bool,
        typer.Option(
            "--ots",
            help="Make an OpenTimestamps proof with the program `ots`; run it again some hours "
            "later to complete the proof.",
        ),
    ] = False,
    calendar: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URL",
            help="Calendar of OpenTimestamps instead of those that `ots` knows. May be repeated.",
        ),
    ] = None,
    tsa_root: TsaRoot = None,
    timeout: Annotated[
        float,
        typer.Option(min=0.1, help="Seconds that each authority has for its answer, and `ots`."),
    ] = 30.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Have the commitment of a vault time-stamped, so that it is known to be older than a model.

    Do this before anything is published. An authority sees one hash and nothing else.
    """
    from pipelines.jobs.stamp import PUBLIC_AUTHORITY, stamp_command

    if calendar and not ots:
        raise typer.BadParameter("--calendar is for OpenTimestamps: add --ots")
    authorities = tsa or ([] if ots else [PUBLIC_AUTHORITY])
    done = stamp_command(
        vault,
        authorities,
        tsa_root or (),
        timeout=timeout,
        opentimestamps=ots,
        calendars=calendar or (),
    )
    if as_json:
        stamps = [{"file": each.file, "says": each.words} for each in done.stamps]
        print(json.dumps({"stamps": stamps, "failed": done.failed}, indent=2))
        return
    for each in done.stamps:
        print(each.words if each.problem else f"{each.file}: {each.words}")
    for failure in done.failed:
        print(failure)
