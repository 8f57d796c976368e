"""Options of `score` and `verify` that say where models run."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pipelines.loading.models import ModelOptions


@dataclass(frozen=True)
class SpreadFlags:
    """Where models run."""

    executor: Annotated[
        str | None,
        typer.Option(
            help="Run models in tasks of datatrove: local:PROCESSES, slurm:FILE.toml or "
            "ray:ADDRESS; the result is the same. See docs/cluster.md."
        ),
    ] = None

    def spread(self, options: "ModelOptions") -> "ModelOptions":
        """Return the options with which models are opened where they are to run.

        Raises:
            typer.BadParameter: The value names no executor.
        """
        if self.executor is None:
            return options
        from functools import partial

        from pipelines.cluster.executors import parse_executor
        from pipelines.cluster.reading import open_spread

        try:
            choice = parse_executor(self.executor)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error
        return replace(options, opener=partial(open_spread, choice))
