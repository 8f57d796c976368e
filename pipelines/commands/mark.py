from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.commands.options.corpus import BoilerplateShare, IdColumn, Split, TextColumn
from pipelines.commands.options.groups import with_option_groups
from pipelines.commands.options.marking import LexiMarkFlags, SchemeFlags
from pipelines.commands.options.parts import AppendFlags
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
    vault: Annotated[
        Path | None, typer.Option(help="Folder to make for what must stay private.")
    ] = None,
    parts: AppendFlags,
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
    from pipelines.jobs.append import mark_any

    try:
        intent = plan.intent(scheme.make(lexical))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    if (vault is None) == (parts.append_to is None):
        raise typer.BadParameter("give --vault for a new vault, or --append-to to add to one")
    if parts.append_to is None and (parts.instalment or parts.new_key):
        raise typer.BadParameter("--instalment and --new-key belong to --append-to")
    done, folder = mark_any(
        corpus,
        out,
        intent,
        new_vault=vault,
        append_to=parts.append_to,
        name=parts.instalment,
        new_owner_key=parts.new_key,
        licensees=parts.editions,
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
    _say(done.corpus, out, folder)
    if parts.editions:
        print(
            f"An edition for each licensee: `leximark edition {folder} --licensee NAME --out "
            f"FOLDER`. The texts in {out} are your own edition: no licensee gets them."
        )


def _say(numbers: dict[str, Any], out: Path, vault: Path) -> None:
    print(
        f"{numbers['n_documents']:,} documents read, {numbers['n_held_out']:,} held out; "
        f"{numbers['n_sites']:,} sites, {numbers['n_changed']:,} words changed.\n"
        f"To publish: {out}\nTo keep private: {vault} (without its key nothing can be proved)\n"
        f"May be published before the data: {vault / 'commitment.txt'}\n"
        f"Before you publish: `leximark stamp {vault}`. Without a time stamp older than the model, "
        "an audit is reported as not fixed beforehand."
    )
