import json
from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.options.corpus import KeyFile, VaultArgument
from watermark.atomic import refuse_existing


def inspect(
    vault: VaultArgument,
    model: Annotated[
        str | None,
        typer.Option(
            help="Language model that has not seen the texts, for perplexity and expected power."
        ),
    ] = None,
    sample: Annotated[
        int,
        typer.Option(min=0, help="Number of published documents to measure and show; 0 for all."),
    ] = 200,
    seed: Annotated[int, typer.Option(min=0, help="Seed of that choice.")] = 0,
    key_file: KeyFile = None,
    rules: Annotated[
        Path | None,
        typer.Option(help="File of rules: pairs that it accepts come last on the review page."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder to create: inspection.json, index.html (both texts side by side) and "
            "review.html (pairs of words by risk, to decide on). Private, like the vault."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Report what was changed, at what cost, and how strong the evidence can be.

    Shows changed words, similarity, readability, what deduplication and a blind classifier detect,
    and with --model perplexity and the power of the test.
    """
    if out is not None:
        refuse_existing(out)
    from pipelines.jobs.inspect import inspect_vault, inspection_lines, write_inspection
    from pipelines.loading.models import ModelOptions, load_model
    from pipelines.loading.vaults import open_owned
    from watermark.substitution.rules import read_rules

    opened = open_owned(vault, key_file)
    judge = load_model(model, ModelOptions()) if model else None
    known = read_rules(rules) if rules else ()
    found = inspect_vault(opened, sample=sample, model=judge, seed=seed, rules=known)
    if out is not None:
        write_inspection(found, out)
    if as_json:
        print(json.dumps(found.sections, indent=2, ensure_ascii=False))
        return
    print("\n".join(inspection_lines(found)))
    if out is not None:
        print(f"Pages: {out / 'index.html'} and {out / 'review.html'} (private, like the vault)")
    else:
        print("--out FOLDER also writes the pages to read and decide on (docs/review.md).")
