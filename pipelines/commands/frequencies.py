import json
from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.options.corpus import Split, TextColumn


def frequencies(
    corpus: Annotated[
        str, typer.Argument(help="General text, in any format that `leximark mark` reads.")
    ],
    tokenizer: Annotated[
        str, typer.Option(help="Folder or hub id of the suspect, or of its tokenizer.")
    ],
    out: Annotated[Path, typer.Option(help="File to create for the table.")] = Path(
        "frequencies.npz"
    ),
    text_column: TextColumn = "text",
    split: Split = None,
    max_tokens: Annotated[
        int,
        typer.Option(min=0, help="Tokens counted per document, from its start; 0: all."),
    ] = 1024,
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as JSON.")] = False,
) -> None:
    """Count the tokens of a reference corpus, for the detector DC-PDD.

    The table records the hashes of tokenizer and corpus, and DC-PDD refuses a table of another
    tokenizer. Scores made with different corpora cannot be compared.
    """
    from pipelines.jobs.score import frequencies_command

    table = frequencies_command(
        corpus,
        tokenizer,
        out,
        text_column=text_column,
        split=split,
        max_tokens=max_tokens or None,
    )
    counts = {
        "tokens": int(table.counts.sum()),
        "documents": table.origin.n_documents,
        "seen": int((table.counts > 0).sum()),
        "vocabulary": len(table.counts),
    }
    if as_json:
        print(json.dumps({"table": str(out), **counts}, indent=2))
        return
    print(
        f"{counts['tokens']:,} tokens of {counts['documents']:,} documents, "
        f"{counts['seen']:,} of {counts['vocabulary']:,} tokens seen.\nTable: {out}"
    )
