import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class DType(StrEnum):
    """Types that a model can be run in."""

    auto = "auto"
    float32 = "float32"
    bfloat16 = "bfloat16"
    float16 = "float16"


def verify(
    corpus: Annotated[Path, typer.Option(help="Vault that `leximark mark` filled.")],
    model: Annotated[
        str,
        typer.Option(
            help="Suspect: folder or hub id of a causal model, or openai+http://host/v1#model."
        ),
    ],
    reference: Annotated[
        list[str] | None,
        typer.Option(
            help="Model that has not seen the marked text, best of all the suspect's base; any "
            "other language model helps too. May be repeated."
        ),
    ] = None,
    key_file: Annotated[
        Path | None, typer.Option(help="The key, if it is not kept in the vault.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder to make for the report.")] = Path("report"),
    alpha: Annotated[
        float | None,
        typer.Option(min=0.0, max=1.0, help="Level, instead of the plan's; the report says so."),
    ] = None,
    resamples: Annotated[
        int, typer.Option(min=99, help="Re-draws the statistic is compared with.")
    ] = 99_999,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the re-draws.")] = 0,
    simulate_null: Annotated[
        int,
        typer.Option(
            min=0, metavar="N", help="Run the test for N other keys as well: p must be uniform."
        ),
    ] = 0,
    dtype: Annotated[
        DType, typer.Option(help="Type to run models in. auto: bfloat16 where that is fast.")
    ] = DType.auto,
    device: Annotated[
        str, typer.Option(help="Where to run models: auto, cpu, cuda, mps.")
    ] = "auto",
    max_length: Annotated[
        int | None, typer.Option(min=8, help="Longest window in tokens. Default: the model's.")
    ] = None,
    start_token: Annotated[
        str, typer.Option(help="What goes before each text: auto, bos, eos or none.")
    ] = "auto",
    base: Annotated[
        str | None, typer.Option(help="Base model of an adapter. Default: the one it names.")
    ] = None,
    cache: Annotated[
        Path | None,
        typer.Option(help="Folder for what models said of texts. Default: the user's cache."),
    ] = None,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Read every text again and write nothing down.")
    ] = False,
    timeout: Annotated[
        float, typer.Option(min=1, help="Seconds a server may take for a reply.")
    ] = 120.0,
    requests_per_second: Annotated[
        float | None, typer.Option(min=0.001, help="Most requests begun in a second.")
    ] = None,
    connections: Annotated[
        int, typer.Option(min=1, help="Requests to a server under way at a time.")
    ] = 4,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Leave with status 3 if there is evidence.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Audit a model: was it trained on our text?

    Prints a verdict with an exact p-value and writes a report. The verdict is "trained on it" or
    "no evidence", never "not trained on it".
    """
    from pipelines.report import summary_lines
    from pipelines.suspects import ModelOptions, cache_folder
    from pipelines.verification import verify_command

    if cache and no_cache:
        raise typer.BadParameter("choose one of --cache and --no-cache")
    options = ModelOptions(
        dtype.value,
        device,
        max_length,
        start_token,
        base,
        timeout,
        requests_per_second,
        connections,
        None if no_cache else cache or cache_folder(),
    )
    report = verify_command(
        corpus,
        model,
        tuple(reference or ()),
        out,
        options,
        key_file=key_file,
        alpha=alpha,
        n_resamples=resamples,
        seed=seed,
        n_null_keys=simulate_null,
    )
    if as_json:
        print(json.dumps(report.as_dict(), indent=2, ensure_ascii=False))
    else:
        print("\n".join(summary_lines(report)))
        print(f"Report: {out / 'report.md'}")
    if exit_code and report.audit.verdict.is_evidence:
        raise typer.Exit(3)
