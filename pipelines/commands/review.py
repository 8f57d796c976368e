from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.options.corpus import KeyFile, TextColumn, VaultArgument


def review(
    vault: VaultArgument,
    published: Annotated[Path, typer.Option(help="Folder of texts that `mark` wrote.")],
    out: Annotated[Path, typer.Option(help="Folder to create for the reviewed texts to publish.")],
    vault_out: Annotated[Path, typer.Option(help="Folder to create for the new vault.")],
    decisions: Annotated[
        Path | None,
        typer.Option(help="File that the review page exported: rejected sites, and rules."),
    ] = None,
    rules: Annotated[
        Path | None,
        typer.Option(
            help="File of rules from corpora before. They are applied, and the rules of "
            "--decisions are added to it; it is made if it does not exist."
        ),
    ] = None,
    reject: Annotated[
        Path | None,
        typer.Option(help="CSV file of sites that return to their original word."),
    ] = None,
    approve: Annotated[
        Path | None, typer.Option(help="CSV file of sites that stay; all others return.")
    ] = None,
    text_column: TextColumn = "text",
    key_file: KeyFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the new plan as JSON.")] = False,
) -> None:
    """Apply an editor's decisions on marks before publishing.

    The review page of `leximark inspect --out` exports the file. It shows candidates but not which
    of them was drawn: the test stays exact because decisions do not depend on the key.
    """
    if [decisions, reject, approve].count(None) < 2 or not (
        decisions or reject or approve or rules
    ):
        raise typer.BadParameter(
            "name one file, with --decisions, --reject or --approve; or --rules alone"
        )
    from pipelines.jobs.review import DecisionFiles, review_command
    from pipelines.loading.vaults import open_owned

    opened = open_owned(vault, key_file)
    files = DecisionFiles(decisions, reject, approve, rules)
    done = review_command(opened, published, files, out, vault_out, text_column)
    plan = done.plan
    if as_json:
        print(plan.to_json(), end="")
        return
    numbers = plan.corpus
    print(
        f"{numbers['review']['n_rejected']:,} sites rejected, {numbers['n_sites']:,} left, "
        f"{numbers['n_changed']:,} words changed.\n"
        f"{_remembered(rules, done.n_new_rules)}"
        f"To publish: {out} instead of {published}\nTo keep private: {vault_out}; "
        f"remove {vault} when nothing of {published} was published"
    )


def _remembered(rules: Path | None, n_new: int) -> str:
    if rules is None:
        return ""
    return f"{n_new:,} {'rule' if n_new == 1 else 'rules'} added to {rules}\n"
