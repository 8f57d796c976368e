import json
from pathlib import Path
from typing import Annotated

import typer

from pipelines.loading.option_values import ControlTest


def decide(
    scores: Annotated[Path, typer.Argument(help="File that `leximark score` wrote.")],
    labels: Annotated[
        str,
        typer.Option(help="Column: 1 for documents in question, 0 for control documents."),
    ],
    test: Annotated[
        ControlTest,
        typer.Option(
            help="control: are the scores in question higher? dataset-inference: the same for many "
            "detectors, weighted on one half and tested on the other. conformal: which documents?"
        ),
    ] = "control",
    detectors: Annotated[
        str | None,
        typer.Option(
            help="Names, separated by commas; several share one p-value. Default: "
            "min_k_plus_plus_minus_reference, or the closest available; all for dataset-inference."
        ),
    ] = None,
    alpha: Annotated[
        float,
        typer.Option(help="Level of the test; for conformal the false-discovery rate."),
    ] = 0.001,
    out: Annotated[Path, typer.Option(help="Folder to create for the decision.")] = Path(
        "decision"
    ),
    resamples: Annotated[
        int, typer.Option(min=99, help="Permutations the statistic is compared with.")
    ] = 99_999,
    seed: Annotated[int, typer.Option(min=0, help="Random seed.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the decision as JSON.")] = False,
) -> None:
    """Decide from scores against documents known not to be trained on, without a vault.

    The p-value assumes that apart from training both sets are alike (grade B). If
    words and lengths alone tell them apart, no p-value is given. A vault gives more: see `verify`.
    """
    from pipelines.jobs.decide import decide_command, decision_lines

    if not 0 < alpha < 1:
        raise typer.BadParameter(f"a level is between 0 and 1, got {alpha}")
    decision = decide_command(
        scores,
        labels,
        out,
        test,
        detectors=[name.strip() for name in detectors.split(",")] if detectors else (),
        alpha=alpha,
        n_resamples=resamples,
        seed=seed,
    )
    if as_json:
        print(json.dumps(decision.as_dict(), indent=2, ensure_ascii=False))
        return
    print("\n".join(decision_lines(decision)))
    print(f"Written: {out}")
