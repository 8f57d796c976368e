"""Options for running and reaching models, shared by several commands."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from membership.models.dtype import DType

if TYPE_CHECKING:
    from pipelines.loading.models import ModelOptions


@dataclass(frozen=True)
class ModelFlags:
    """The fields of `ModelOptions` as a user gives them, and `--no-cache`."""

    dtype: Annotated[
        DType, typer.Option(help="Type to run models in. auto: bfloat16 where that is fast.")
    ] = "auto"
    device: Annotated[str, typer.Option(help="Where to run models: auto, cpu, cuda, mps.")] = "auto"
    max_length: Annotated[
        int | None, typer.Option(min=8, help="Longest window in tokens. Default: the model's.")
    ] = None
    start_token: Annotated[
        str, typer.Option(help="What goes before each text: auto, bos, eos, none, or a token.")
    ] = "auto"
    base: Annotated[
        str | None, typer.Option(help="Base model of an adapter. Default: the one it names.")
    ] = None
    cache: Annotated[
        Path | None,
        typer.Option(help="Folder for what models said of texts. Default: the user's cache."),
    ] = None
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Read every text again and write nothing down.")
    ] = False
    timeout: Annotated[
        float, typer.Option(min=1, help="Seconds a server may take for a reply.")
    ] = 120.0
    requests_per_second: Annotated[
        float | None,
        typer.Option(min=0.001, help="Maximum number of requests to a server begun in a second."),
    ] = None
    connections: Annotated[
        int, typer.Option(min=1, help="Requests to a server under way at a time.")
    ] = 4

    def options(self) -> "ModelOptions":
        """Return the options for the loader; without `--no-cache`, traces go into a cache.

        Raises:
            typer.BadParameter: Both a cache and none is asked for.
        """
        from pipelines.loading.models import ModelOptions, cache_folder

        settings = asdict(self)
        if settings.pop("no_cache"):
            if self.cache:
                raise typer.BadParameter("choose one of --cache and --no-cache")
            return ModelOptions(**settings)
        return ModelOptions(**{**settings, "cache": self.cache or cache_folder()})
