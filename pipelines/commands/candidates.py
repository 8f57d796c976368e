import json
from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.options.marking import Language, MaxFailures, MinFit, Source
from watermark.substitution.acceptability import Quality


def candidates(
    file: Annotated[
        Path, typer.Argument(help='JSON Lines, each with "text", "start" and "end" of a word.')
    ],
    source: Source = "listed,wordnet",
    quality: Annotated[
        Quality | None,
        typer.Option(
            help="As in `leximark mark`. Default: best if its two models are installed, else "
            "fast; every line says which."
        ),
    ] = None,
    min_fit: MinFit = None,
    max_failures: MaxFailures = 0,
    language: Language = "en",
) -> None:
    """List the admissible replacements for words in texts, and why others are excluded.

    For each line of the file one line of JSON: `candidates`, best first, and `rejected`, each with
    its reason; `reason` says why a word can never be replaced. The rules are those of `leximark
    mark`, except that the default of --min-fit is lower here and that of --source wider. Offsets
    count code points.
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
