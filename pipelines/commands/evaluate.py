import json
from pathlib import Path
from typing import Annotated

import typer


def evaluate(
    scores: Annotated[Path, typer.Argument(help="File that `leximark score` wrote.")],
    labels: Annotated[
        str, typer.Option(help="Column that says which documents are members: 1 or 0.")
    ],
    out: Annotated[Path, typer.Option(help="Folder to create for table and plot.")] = Path(
        "evaluation"
    ),
    resamples: Annotated[
        int, typer.Option(min=99, help="Bootstrap samples behind each interval.")
    ] = 2000,
    seed: Annotated[int, typer.Option(min=0, help="Random seed.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON.")] = False,
) -> None:
    """Compare scores with known labels: AUROC with intervals, and a baseline without a model.

    Descriptive, not evidence. If words and lengths alone tell members from nonmembers, a warning
    says so: high scores are then no evidence of training.
    """
    from pipelines.jobs.evaluate import evaluate_command, table_lines

    evaluation = evaluate_command(scores, labels, out, n_resamples=resamples, seed=seed)
    if as_json:
        print(json.dumps(evaluation.as_dict(), indent=2, ensure_ascii=False))
        return
    print("\n".join(table_lines(evaluation)))
    print(f"\nTable and plot: {out}")
