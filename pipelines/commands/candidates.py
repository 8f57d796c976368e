import json
from pathlib import Path
from typing import Annotated

import typer

from watermark.substitution.acceptability import Quality

SourceOption = Annotated[
    str,
    typer.Option(
        help="Where candidates come from, the best first, with commas between: wordnet, "
        "thesaurus=FILE, context=COSINE, sbert=COSINE, lexsub_dropout=N@MODEL, "
        "lexsub_concatenation=N@MODEL, llm=chat+http://HOST/v1#MODEL."
    ),
]
LanguageOption = Annotated[
    str,
    typer.Option(
        help="Language of the texts, such as de. Other than en it needs a thesaurus or a chat "
        "model as --source, and these answer for the form of a word."
    ),
]
MaxFailures = Annotated[
    int,
    typer.Option(
        min=0, help="On how many texts a chat model may fail; what it failed on stays unmarked."
    ),
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
        help="Least chance that a reader accepts a word of WordNet, from 0 (anything) to below 1: "
        "higher is better and fewer. Default: depends on the quality, see docs/marking.md."
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
            help="As in `leximark mark`. Default: best if its two models are here, else fast; "
            "every line says which."
        ),
    ] = None,
    min_fit: MinFit = None,
    max_failures: MaxFailures = 0,
    language: LanguageOption = "en",
) -> None:
    """Print the words that may stand in given places, and why others may not.

    For each line of the file one line of JSON: `candidates`, best first, and `rejected`, each with
    its reason; `reason` says why a word must stay whatever its synonyms. The rules are those of
    `leximark mark`, but for the least chance of acceptance, lower here unless you give one.
    Offsets count code points.
    """
    from pipelines.jobs.candidates import answer
    from pipelines.loading import candidate_sources as sources
    from watermark.schemes.leximark import LexiMark
    from watermark.substitution.acceptability import load_acceptability
    from watermark.substitution.candidates import CandidateSettings

    chosen = quality or sources.installed_quality()
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
