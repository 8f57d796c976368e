from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.options.corpus import KeyFile, TextColumn, VaultArgument


def review(
    vault: VaultArgument,
    published: Annotated[Path, typer.Option(help="Folder of texts that `mark` wrote.")],
    out: Annotated[Path, typer.Option(help="Folder to create for the reviewed texts to publish.")],
    vault_out: Annotated[Path, typer.Option(help="Folder to create for the new vault.")],
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
    """Apply a reviewer's decisions on marks before publishing.

    The review page of `leximark inspect --out` exports the file. It shows candidates but not which
    of them was drawn: the test stays exact because decisions do not depend on the key.
    """
    if (reject is None) == (approve is None):
        raise typer.BadParameter("name one file, with --reject or with --approve")
    from pipelines.loading.vaults import open_owned
    from watermark.corpus import open_corpus
    from watermark.marking.review import read_decisions, review_vault

    opened = open_owned(vault, key_file)
    if reject is not None:
        decisions = read_decisions(reject, "reject")
    else:
        assert approve is not None
        decisions = read_decisions(approve, "approve")
    corpus = open_corpus(published, text_column=text_column)
    plan = review_vault(opened, corpus, decisions, out, vault_out)
    if as_json:
        print(plan.to_json(), end="")
        return
    numbers = plan.corpus
    print(
        f"{numbers['review']['n_rejected']:,} sites rejected, {numbers['n_sites']:,} left, "
        f"{numbers['n_changed']:,} words changed.\n"
        f"To publish: {out} instead of {published}\nTo keep private: {vault_out}; "
        f"remove {vault} when nothing of {published} was published"
    )
