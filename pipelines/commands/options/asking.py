"""Options for a model that only answers in words."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pipelines.jobs.verify_choices import Asking


@dataclass(frozen=True)
class AskingFlags:
    """The fields of `Asking` as a user gives them; they need a `chat+` or `text+` address."""

    answers: Annotated[
        int, typer.Option(min=1, help="Model that answers in words: answers to each question.")
    ] = 1
    budget: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Model that answers in words: most calls. Asking stops as soon as the evidence "
            "is enough; the p-value is valid whenever it stops.",
        ),
    ] = None
    context_words: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Model that answers in words: words shown before the blank. Default: 12; 30 for "
            "a chat model, which also sees half as many after it.",
        ),
    ] = None
    flip_options: Annotated[
        bool,
        typer.Option(
            "--flip-options", help="Model that answers in words: list the options in reverse."
        ),
    ] = False
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Model that answers in words: print the cost and call nothing."
        ),
    ] = False

    def asking(self) -> "Asking":
        """Return how the model is asked."""
        from pipelines.jobs.verify_choices import Asking

        return Asking(self.answers, self.budget, self.context_words, self.flip_options)
