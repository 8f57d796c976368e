from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.commands.options.corpus import (
    BoilerplateShare,
    IdColumn,
    NewKeyFile,
    Rules,
    Split,
    TextColumn,
)
from pipelines.commands.options.groups import with_option_groups
from pipelines.commands.options.marking import LexiMarkFlags, SchemeFlags
from pipelines.commands.options.parts import AppendFlags
from pipelines.commands.options.planning import PlanFlags, RunFlags

if TYPE_CHECKING:
    from pipelines.cluster.executors import ExecutorChoice
    from watermark.corpus.address import Address
    from watermark.marking.mark import Intent
    from watermark.vault.plan import Plan


@with_option_groups
def mark(
    *,
    corpus: Annotated[
        str,
        typer.Argument(
            help="What to mark: JSON Lines, CSV or Parquet file, a folder of these or of texts, a "
            "`datasets` folder, a hub id, or an address such as s3://bucket/news."
        ),
    ],
    out: Annotated[
        str, typer.Option(help="Folder to make for the texts to publish, or an address.")
    ],
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
    key_file: NewKeyFile = None,
    boilerplate_share: BoilerplateShare = 0.02,
    rules: Rules = None,
    run: RunFlags,
    as_json: Annotated[bool, typer.Option("--json", help="Print the plan as JSON.")] = False,
) -> None:
    """Mark a data set before publishing it.

    Writes the marked texts in the format of the input, and a vault with everything needed for a
    later audit: keep it private. The same command continues an interrupted run.
    """
    from watermark.corpus.address import parse_address
    from watermark.substitution.rules import read_rules

    try:
        choice = run.choice()
        intent = plan.intent(scheme.make(lexical))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    _check_parts(vault, parts, run.executor)
    common: dict[str, Any] = {
        "text_column": text_column,
        "id_column": id_column,
        "split": split,
        "key_file": key_file,
        "boilerplate_share": boilerplate_share,
        "rules": read_rules(rules) if rules else (),
    }
    folder, target = parts.append_to or vault, parse_address(out) or Path(out)
    assert folder is not None
    if choice is None:
        done, folder = _mark_here(corpus, target, intent, vault, parts, common, run.workers)
    elif (by_tasks := _mark_by_tasks(choice, corpus, target, folder, intent, common)) is None:
        return
    else:
        done = by_tasks
    _print_plan(done, target, folder, has_editions=parts.editions is not None, as_json=as_json)


def _mark_here(
    corpus: str,
    out: "Path | Address",
    intent: "Intent",
    vault: Path | None,
    parts: AppendFlags,
    common: dict[str, Any],
    workers: int,
) -> tuple["Plan", Path]:
    from pipelines.instalments.append import mark_any

    return mark_any(
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


def _mark_by_tasks(
    choice: "ExecutorChoice",
    corpus: str,
    out: "Path | Address",
    vault: Path,
    intent: "Intent",
    common: dict[str, Any],
) -> "Plan | None":
    from pipelines.jobs.mark import mark_by_executor

    done = mark_by_executor(choice, corpus, out, vault, intent, **common)
    if done is None:
        print(
            f"Jobs were submitted and fill {vault}.partial. When they are done, repeat the command "
            "to move everything into place."
        )
    return done


def _check_parts(vault: Path | None, parts: AppendFlags, executor: str | None) -> None:
    """Refuse options that do not go together."""
    if (vault is None) == (parts.append_to is None):
        raise typer.BadParameter("give --vault for a new vault, or --append-to to add to one")
    if parts.append_to is None and (parts.instalment or parts.new_key):
        raise typer.BadParameter("--instalment and --new-key belong to --append-to")
    if executor and (parts.append_to or parts.editions):
        raise typer.BadParameter("--executor fills a new vault without editions")


def _print_plan(
    done: "Plan", out: "Path | Address", vault: Path, *, has_editions: bool, as_json: bool
) -> None:
    if as_json:
        print(done.to_json(), end="")
        return
    _say(done.corpus, out, vault)
    if done.scheme.get("quality") == "best":
        print("Words were judged with models (--quality best); --quality fast does without them.")
    if has_editions:
        print(
            f"An edition for each licensee: `leximark edition {quote(str(vault))} --licensee NAME "
            f"--out FOLDER`. The texts in {out} are your own edition: no licensee gets them."
        )


def _say(numbers: dict[str, Any], out: "Path | Address", vault: Path) -> None:
    print(
        f"{numbers['n_documents']:,} documents read, {numbers['n_held_out']:,} held out; "
        f"{numbers['n_sites']:,} sites, {numbers['n_changed']:,} words changed.\n"
        f"To publish: {out}\nTo keep private: {vault} (without its key nothing can be proved)\n"
        f"May be published before the data: {vault / 'commitment.txt'}\n"
        f"Before you publish: `leximark stamp {quote(str(vault))}`. Without a time stamp older "
        "than the model, an audit is reported as not fixed beforehand."
    )
