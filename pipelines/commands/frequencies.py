from pathlib import Path
from typing import Annotated

import typer


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
    text_column: Annotated[str, typer.Option(help="Column that holds the text.")] = "text",
    split: Annotated[
        str | None, typer.Option(help="Split to use, if the data set has splits.")
    ] = None,
    max_tokens: Annotated[
        int,
        typer.Option(min=0, help="Tokens counted per document, from its start; 0: all."),
    ] = 1024,
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
    seen = int((table.counts > 0).sum())
    print(
        f"{table.counts.sum():,} tokens of {table.origin.n_documents:,} documents, "
        f"{seen:,} of {len(table.counts):,} tokens seen.\nTable: {out}"
    )
