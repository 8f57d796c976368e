from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.commands.options.corpus import BoilerplateShare, IdColumn, Split, TextColumn
from pipelines.commands.options.groups import with_option_groups
from pipelines.commands.options.marking import LexiMarkFlags, SchemeFlags
from watermark.scheme import Scheme, Test

if TYPE_CHECKING:
    from watermark.marking.mark import Intent


@dataclass(frozen=True)
class PlanFlags:
    """What is fixed before publication: the test, its level, its references, the hold-out."""

    holdout: Annotated[
        float, typer.Option(help="Share of documents that is marked but not published.")
    ] = 0.1
    test: Annotated[
        Test | None,
        typer.Option(
            help="Primary test of evidence. Default: the most telling one for the scheme."
        ),
    ] = None
    detector: Annotated[
        str | None,
        typer.Option(
            help="Detector of the remark and hold-out tests without a reference. Default: loss for "
            "remark, else min_k_plus_plus."
        ),
    ] = None
    alpha: Annotated[float, typer.Option(help="Level of the primary test.")] = 0.001
    reference: Annotated[
        list[str] | None,
        typer.Option(help="Reference model to fix in the plan; may be repeated."),
    ] = None

    def intent(self, scheme: Scheme) -> "Intent":
        """Return what is to be marked and planned.

        Raises:
            ValueError: The parts do not go together, or a number is out of its range.
        """
        from pipelines.jobs.mark import make_intent

        chosen = {"test": self.test, "detector": self.detector}
        return make_intent(
            scheme,
            **{name: value for name, value in chosen.items() if value},
            alpha=self.alpha,
            references=tuple(self.reference or ()),
            holdout_share=self.holdout,
        )


@with_option_groups
def mark(
    *,
    corpus: Annotated[
        str,
        typer.Argument(
            help="What to mark: JSON Lines, CSV or Parquet file, a folder of these or of texts, a "
            "`datasets` folder, or a hub id."
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder to make for the texts to publish.")],
    vault: Annotated[Path, typer.Option(help="Folder to make for what must stay private.")],
    text_column: TextColumn = "text",
    id_column: IdColumn = None,
    split: Split = None,
    scheme: SchemeFlags,
    lexical: LexiMarkFlags,
    plan: PlanFlags,
    key_file: Annotated[
        Path | None,
        typer.Option(
            help="Key to use, 32 raw bytes; not copied. Default: a fresh one in the vault."
        ),
    ] = None,
    boilerplate_share: BoilerplateShare = 0.02,
    workers: Annotated[
        int, typer.Option(min=1, help="Processes that find sites; the result is the same.")
    ] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print the plan as JSON.")] = False,
) -> None:
    """Mark a data set before publishing it.

    Writes the marked texts in the format of the input, and a vault with everything needed for a
    later audit: keep it private. The same command continues an interrupted run.
    """
    from pipelines.jobs.mark import mark_command

    try:
        intent = plan.intent(scheme.make(lexical))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    done = mark_command(
        corpus,
        out,
        vault,
        intent,
        text_column=text_column,
        id_column=id_column,
        split=split,
        key_file=key_file,
        workers=workers,
        boilerplate_share=boilerplate_share,
    )
    if as_json:
        print(done.to_json(), end="")
        return
    numbers = done.corpus
    print(
        f"{numbers['n_documents']:,} documents read, {numbers['n_held_out']:,} held out; "
        f"{numbers['n_sites']:,} sites, {numbers['n_changed']:,} words changed.\n"
        f"To publish: {out}\nTo keep private: {vault} (without its key nothing can be proved)\n"
        f"May be published before the data: {vault / 'commitment.txt'}\n"
        f"Before you publish: `leximark stamp {vault}`. Without a time stamp older than the model, "
        "an audit is reported as not fixed beforehand."
    )
