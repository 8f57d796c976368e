from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.commands.options.corpus import BoilerplateShare, IdColumn, Rules, Split, TextColumn
from pipelines.commands.options.groups import with_option_groups
from pipelines.commands.options.marking import LexiMarkFlags, SchemeFlags
from pipelines.commands.options.parts import AppendFlags
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
    from pipelines.jobs.append import mark_any
    from pipelines.jobs.mark import mark_by_executor
    from watermark.substitution.rules import read_rules

    if executor and workers > 1:
        raise typer.BadParameter("--workers is the number of processes without --executor")
    try:
        choice = parse_executor(executor) if executor else None
        intent = plan.intent(scheme.make(lexical))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    _check_parts(vault, parts, executor)
    common: dict[str, Any] = {
        "text_column": text_column,
        "id_column": id_column,
        "split": split,
        "key_file": key_file,
        "boilerplate_share": boilerplate_share,
        "rules": read_rules(rules) if rules else (),
    }
    if choice is None:
        done, folder = mark_any(
            corpus,
            out,
            intent,
            new_vault=vault,
            append_to=parts.append_to,
            name=parts.instalment,
            new_owner_key=parts.new_key,
            licensees=parts.editions,
            **common,
            workers=workers,
        )
    else:
        assert vault is not None
        by_tasks = mark_by_executor(choice, corpus, out, vault, intent, **common)
        if by_tasks is None:
            print(
                f"Jobs were submitted and fill {vault}.partial. When they are done, repeat the "
                "command to move everything into place."
            )
            return
        done, folder = by_tasks, vault
    _print_plan(done, out, folder, has_editions=parts.editions is not None, as_json=as_json)


def _check_parts(vault: Path | None, parts: AppendFlags, executor: str | None) -> None:
    """Refuse options that do not go together."""
    if (vault is None) == (parts.append_to is None):
        raise typer.BadParameter("give --vault for a new vault, or --append-to to add to one")
    if parts.append_to is None and (parts.instalment or parts.new_key):
        raise typer.BadParameter("--instalment and --new-key belong to --append-to")
    if executor and (parts.append_to or parts.editions):
        raise typer.BadParameter("--executor fills a new vault without editions")


def _print_plan(done: "Plan", out: Path, vault: Path, *, has_editions: bool, as_json: bool) -> None:
    if as_json:
        print(done.to_json(), end="")
        return
    _say(done.corpus, out, vault)
    if has_editions:
        print(
            f"An edition for each licensee: `leximark edition {vault} --licensee NAME --out "
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
