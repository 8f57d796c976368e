"""Options that say which references an audit uses."""

from dataclasses import dataclass
from typing import Annotated

import typer


@dataclass(frozen=True)
class ReferenceFlags:
    """Models that have not seen the marked text."""

    reference: Annotated[
        list[str] | None,
        typer.Option(
            help="Model that has not seen the marked text, ideally the suspect's base; any "
            "other language model helps too. May be repeated. Default: those of the plan, else the "
            "public models that are installed."
        ),
    ] = None
    no_reference: Annotated[
        bool, typer.Option("--no-reference", help="Use no reference, not even a public one.")
    ] = False

    def named(self) -> tuple[str, ...] | None:
        """Return the references that were named, () for none, None to go by the plan.

        Raises:
            typer.BadParameter: References are named and turned off.
        """
        if self.reference and self.no_reference:
            raise typer.BadParameter("choose one of --reference and --no-reference")
        named = tuple(self.reference or ())
        return named if named or self.no_reference else None
