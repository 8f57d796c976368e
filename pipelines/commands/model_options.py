"""Options for running and reaching models, shared by several commands."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class DType(StrEnum):
    """Data types for running a model."""

    auto = "auto"
    float32 = "float32"
    bfloat16 = "bfloat16"
    float16 = "float16"


DTypeOption = Annotated[
    DType, typer.Option(help="Data type of models. auto: bfloat16 where that is fast.")
]
Device = Annotated[str, typer.Option(help="Where to run models: auto, cpu, cuda, mps.")]
MaxLength = Annotated[
    int | None, typer.Option(min=8, help="Longest window in tokens. Default: the model's.")
]
StartToken = Annotated[
    str, typer.Option(help="Token placed before each text: auto, bos, eos, none, or a token.")
]
Base = Annotated[
    str | None, typer.Option(help="Base model of an adapter. Default: the one it names.")
]
Cache = Annotated[
    Path | None,
    typer.Option(help="Folder of cached model outputs. Default: the user's cache."),
]
NoCache = Annotated[
    bool, typer.Option("--no-cache", help="Do not use the cache: run every text, store nothing.")
]
Timeout = Annotated[float, typer.Option(min=1, help="Maximum seconds per reply of a server.")]
RequestsPerSecond = Annotated[
    float | None, typer.Option(min=0.001, help="Maximum requests to a server per second.")
]
Connections = Annotated[int, typer.Option(min=1, help="Concurrent requests to a server.")]


def chosen_cache(cache: Path | None, no_cache: bool) -> Path | None:
    """Return the folder of the cache; None if it is disabled."""
    from pipelines.loading.models import cache_folder

    if cache and no_cache:
        raise typer.BadParameter("choose one of --cache and --no-cache")
    return None if no_cache else cache or cache_folder()
