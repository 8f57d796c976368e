import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Quality(StrEnum):
    """How the words of WordNet are judged."""

    fast = "fast"
    best = "best"


SourceOption = Annotated[
    str,
    typer.Option(help="Where candidates come from, the best first, with commas between: wordnet."),
]
QualityOption = Annotated[
    Quality,
    typer.Option(
        help="fast: WordNet's words are judged without a model. best: with two, which "
        "`leximark assets --all` fetches; slower by far."
    ),
]
MinFit = Annotated[
    float | None,
    typer.Option(
        help="Least chance that a reader accepts a word of WordNet, from 0 (anything) to below 1. "
        "Default: the one that the quality was measured at."
    ),
]


def candidates(
    file: Annotated[
        Path, typer.Argument(help='JSON Lines, each with "text", "start" and "end" of a word.')
    ],
    source: SourceOption = "wordnet",
    quality: QualityOption = Quality.fast,
    min_fit: MinFit = None,
) -> None:
    """Print the words that may stand in given places, and why others may not.

    For each line of the file one line of JSON: `candidates`, best first, and `rejected`, each with
    its reason; `reason` says why a word must stay whatever its synonyms. Places and words are those
    that `leximark mark` would draw from. Offsets count code points.
    """
    from pipelines.candidates import answer
    from pipelines.marking import load_analyst, make_fit
    from watermark.schemes.leximark import LexiMark

    try:
        scheme = LexiMark(
            sources=tuple(source.split(",")),
            quality=quality.value,
            fit=make_fit(quality.value, min_fit),
        )
        analyst = load_analyst(scheme)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    for line in answer(file, analyst, scheme):
        print(json.dumps(line, ensure_ascii=False))
