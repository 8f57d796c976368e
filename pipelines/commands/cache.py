import json
from pathlib import Path
from typing import Annotated

import typer


def cache(
    folder: Annotated[
        Path | None,
        typer.Option("--cache", help="Folder of the cache. Default: that of the other commands."),
    ] = None,
    info: Annotated[
        bool, typer.Option("--info", help="List the contents; the default without options.")
    ] = False,
    clear: Annotated[bool, typer.Option("--clear", help="Remove everything from it.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show or clear the cache of model outputs.

    `verify` and `score` store the model's output for each text, so that a second run computes
    nothing twice. The token ids in it spell out the texts: keep it as private as the vault.
    """
    from membership.traces.store import clear as clear_traces
    from membership.traces.store import contents
    from pipelines.loading.models import cache_folder

    if info and clear:
        raise typer.BadParameter("choose one of --info and --clear")
    where = folder or cache_folder()
    if clear:
        n_removed = clear_traces(where)
        if as_json:
            print(json.dumps({"folder": str(where), "removed": n_removed}))
        else:
            print(f"{n_removed} models removed from {where}")
        return
    found = contents(where)
    if as_json:
        print(json.dumps({"folder": str(where), "models": [vars(each) for each in found]}))
        return
    print(f"{where}: {len(found)} models")
    for each in found:
        print(f"{each.name}: {each.n_texts:,} texts, {each.n_bytes:,} bytes; {each.settings}")
