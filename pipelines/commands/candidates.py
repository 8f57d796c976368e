import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Quality(StrEnum):
    """How candidates from WordNet are scored."""

    fast = "fast"
    best = "best"


SourceOption = Annotated[
    str,
    typer.Option(
        help="Sources of candidates, separated by commas, the best first: wordnet, "
        "thesaurus=FILE, context=COSINE, sbert=COSINE, lexsub_dropout=N@MODEL, "
        "lexsub_concatenation=N@MODEL, llm=chat+http://HOST/v1#MODEL."
    ),
]
LanguageOption = Annotated[
    str,
    typer.Option(
        help="Language of the texts, such as de. Any language but en needs a thesaurus or a "
        "chat model as --source, which must give words in the right form."
    ),
]
MaxFailures = Annotated[
    int,
    typer.Option(
        min=0, help="Number of texts on which a chat model may fail; these stay unmarked."
    ),
]
QualityOption = Annotated[
    Quality,
    typer.Option(
        help="fast: score candidates from WordNet without a model. best: with two models, which "
        "`leximark assets --all` fetches; much slower."
    ),
]
MinFit = Annotated[
    float | None,
    typer.Option(
        help="Minimum probability that a reader accepts a candidate, from 0 (all) to below 1; a "
        "higher value gives fewer, better marks. Default: see docs/marking.md."
    ),
]


def candidates(
    file: Annotated[
        Path, typer.Argument(help='JSON Lines, each with "text", "start" and "end" of a word.')
    ],
    source: SourceOption = "wordnet",
    quality: Annotated[
        Quality | None,
        typer.Option(
            help="As in `leximark mark`. Default: best if its two models are installed, else "
            "fast; every line says which."
        ),
    ] = None,
    min_fit: MinFit = None,
    max_failures: MaxFailures = 0,
    language: LanguageOption = "en",
) -> None:
    """List the admissible replacements for words in texts, and why others are excluded.

    For each line of the file one line of JSON: `candidates`, best first, and `rejected`, each with
    its reason; `reason` says why a word can never be replaced. The rules are those of `leximark
    mark`, except that the default of --min-fit is lower here. Offsets count code points.
    """
    from pipelines.jobs.candidates import answer
    from pipelines.loading import candidate_sources as sources
    from watermark.schemes.leximark import LexiMark
    from watermark.substitution.acceptability import load_acceptability
    from watermark.substitution.candidates import CandidateSettings

    chosen = quality.value if quality else sources.installed_quality()
    least = load_acceptability(chosen).offer_threshold if min_fit is None else min_fit
    try:
        scheme = LexiMark(
            sources=tuple(source.split(",")),
            quality=chosen,
            max_failures=max_failures,
            fit=CandidateSettings(min_fit=least, language=language),
        )
        resources = sources.load_lexical_resources(scheme)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    for line in answer(file, resources, scheme):
        print(json.dumps({**line, "quality": chosen}, ensure_ascii=False))
