import json
from typing import Annotated

import typer

from pipelines.commands.options.corpus import IdColumn, Split, TextColumn
from pipelines.commands.options.groups import with_option_groups
from pipelines.commands.options.marking import LexiMarkFlags
from pipelines.loading.option_values import PlannedSuspect, PlannedTraining
from watermark.limits import MAX_ALPHA


@with_option_groups
def plan(
    *,
    corpus: Annotated[
        str, typer.Argument(help="What you mean to mark: file, folder or hub id, as `mark` takes.")
    ],
    text_column: TextColumn = "text",
    id_column: IdColumn = None,
    split: Split = None,
    sample: Annotated[
        int, typer.Option(min=0, help="Documents to survey, chosen at random; 0 for all.")
    ] = 300,
    holdout: Annotated[
        float,
        typer.Option(
            min=0, max=0.5, help="Share of documents that will be marked but not published."
        ),
    ] = 0.1,
    suspect: Annotated[
        PlannedSuspect,
        typer.Option(
            help="Suspect of the advice: log-probabilities with its base, with a public model of "
            "another family, or with no reference; or three chosen answers a site."
        ),
    ] = "public",
    training: Annotated[
        PlannedTraining, typer.Option(help="How the suspect of the advice was trained.")
    ] = "fine-tuning",
    alpha: Annotated[
        float, typer.Option(min=0, max=MAX_ALPHA, help="Level of the advice.")
    ] = 0.001,
    power: Annotated[float, typer.Option(min=0, max=1, help="Wanted chance of evidence.")] = 0.8,
    no_model: Annotated[
        bool,
        typer.Option("--no-model", help="Use a stored spread instead of a language model's."),
    ] = False,
    lexical: LexiMarkFlags,
    as_json: Annotated[bool, typer.Option("--json", help="Print the forecast as JSON.")] = False,
) -> None:
    """Foresee what marks in a corpus could prove, before anything is marked.

    Prints how many documents each kind of suspect needs, the power that this corpus has, and the
    gentlest marking that is enough; or that none is. Writes nothing. (The *plan* in a vault is
    something else: the test that `leximark mark` fixes.)
    """
    from pipelines.forecast.forecast import plan_corpus
    from pipelines.forecast.wording import plan_lines

    try:
        found = plan_corpus(
            corpus,
            lexical.scheme(),
            text_column=text_column,
            id_column=id_column,
            split=split,
            sample=sample,
            holdout=holdout,
            suspect=suspect,
            training=training,
            alpha=alpha,
            power=power,
            use_model=not no_model,
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    if as_json:
        print(json.dumps(found.as_dict(), indent=2))
        return
    print("\n".join(plan_lines(found, corpus)))
