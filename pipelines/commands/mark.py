from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.commands.options.corpus import BoilerplateShare, IdColumn, Rules, Split, TextColumn
from pipelines.commands.options.groups import with_option_groups
from pipelines.commands.options.marking import LexiMarkFlags, SchemeFlags
from watermark.scheme import Scheme, Test

if TYPE_CHECKING:
    from watermark.marking.mark import Intent
    from watermark.vault.plan import Plan


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
        typer.Option(
            help="Reference model to fix in the plan; may be repeated. Default: the public models "
            "that `leximark assets` installs."
        ),
    ] = None
    no_reference: Annotated[
        bool, typer.Option("--no-reference", help="Plan an audit without any reference.")
    ] = False

    def intent(self, scheme: Scheme) -> "Intent":
        """Return what is to be marked and planned.

        Raises:
            ValueError: The parts do not go together, or a number is out of its range.
        """
        from pipelines.jobs.mark import make_intent
        from watermark import assets

        if self.reference and self.no_reference:
            raise ValueError("choose one of --reference and --no-reference")
        chosen = {"test": self.test, "detector": self.detector}
        return make_intent(
            scheme,
            **{name: value for name, value in chosen.items() if value},
            alpha=self.alpha,
            references=tuple(self.reference or ()),
            public_references=() if self.no_reference else assets.PUBLIC_LANGUAGE_MODELS,
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
    rules: Rules = None,
    workers: Annotated[
        int, typer.Option(min=1, help="Processes that find sites; the result is the same.")
    ] = 1,
    executor: Annotated[
        str | None,
        typer.Option(
            help="Run by datatrove: local:PROCESSES, slurm:FILE.toml or ray:ADDRESS; the result is "
            "the same. See docs/cluster.md."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the plan as JSON.")] = False,
) -> None:
    """Mark a data set before publishing it.

    Writes the marked texts in the format of the input, and a vault with everything needed for a
    later audit: keep it private. The same command continues an interrupted run.
    """
    from pipelines.cluster.executors import parse_executor
    from pipelines.jobs.mark import mark_by_executor, mark_command
    from watermark.substitution.rules import read_rules

    if executor and workers > 1:
        raise typer.BadParameter("--workers is the number of processes without --executor")
    try:
        choice = parse_executor(executor) if executor else None
        intent = plan.intent(scheme.make(lexical))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    common: dict[str, Any] = {
        "text_column": text_column,
        "id_column": id_column,
        "split": split,
        "key_file": key_file,
        "boilerplate_share": boilerplate_share,
        "rules": read_rules(rules) if rules else (),
    }
    if choice is None:
        done = mark_command(corpus, out, vault, intent, **common, workers=workers)
    elif (by_tasks := mark_by_executor(choice, corpus, out, vault, intent, **common)) is None:
        print(
            f"Jobs were submitted and fill {vault}.partial. When they are done, repeat the command "
            "to move everything into place."
        )
        return
    else:
        done = by_tasks
    _print_plan(done, out, vault, as_json=as_json)


def _print_plan(done: "Plan", out: Path, vault: Path, *, as_json: bool) -> None:
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
