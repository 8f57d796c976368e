"""Options that say how models are run and reached, the same in every command that has them."""

from pathlib import Path
from typing import Annotated

import typer

from membership.models.dtype import DType

DTypeOption = Annotated[
    DType, typer.Option(help="Type to run models in. auto: bfloat16 where that is fast.")
]
Device = Annotated[str, typer.Option(help="Where to run models: auto, cpu, cuda, mps.")]
MaxLength = Annotated[
    int | None, typer.Option(min=8, help="Longest window in tokens. Default: the model's.")
]
StartToken = Annotated[
    str, typer.Option(help="What goes before each text: auto, bos, eos, none, or a token.")
]
Base = Annotated[
    str | None, typer.Option(help="Base model of an adapter. Default: the one it names.")
]
Cache = Annotated[
    Path | None,
    typer.Option(help="Folder for what models said of texts. Default: the user's cache."),
]
NoCache = Annotated[
    bool, typer.Option("--no-cache", help="Read every text again and write nothing down.")
]
Timeout = Annotated[float, typer.Option(min=1, help="Seconds a server may take for a reply.")]
RequestsPerSecond = Annotated[
    float | None, typer.Option(min=0.001, help="Most requests to a server begun in a second.")
]
Connections = Annotated[int, typer.Option(min=1, help="Requests to a server under way at a time.")]


def chosen_cache(cache: Path | None, no_cache: bool) -> Path | None:
    """Return the folder to keep traces in; None for nowhere."""
    from pipelines.loading.models import cache_folder

    if cache and no_cache:
        raise typer.BadParameter("choose one of --cache and --no-cache")
    return None if no_cache else cache or cache_folder()
