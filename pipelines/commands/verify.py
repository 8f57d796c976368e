import json
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.model_options import (
    Base,
    Cache,
    Connections,
    Device,
    DType,
    DTypeOption,
    MaxLength,
    NoCache,
    RequestsPerSecond,
    StartToken,
    Timeout,
    chosen_cache,
)
from pipelines.commands.stamp import TsaRoot


def verify(
    corpus: Annotated[Path, typer.Option(help="Vault that `leximark mark` filled.")],
    model: Annotated[
        str,
        typer.Option(
            help="Suspect: folder or hub id of a causal model, adapter, GGUF file, or a server "
            "(openai+http://host/v1#model)."
        ),
    ],
    reference: Annotated[
        list[str] | None,
        typer.Option(
            help="Model that has not seen the marked text, ideally the suspect's base; any "
            "other language model helps too. May be repeated."
        ),
    ] = None,
    key_file: Annotated[
        Path | None, typer.Option(help="The key, if it is not in the vault.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder to create for the report.")] = Path("report"),
    alpha: Annotated[
        float | None,
        typer.Option(
            min=0.0, max=1.0, help="Level instead of the planned one; the report says so."
        ),
    ] = None,
    resamples: Annotated[
        int, typer.Option(min=99, help="Number of re-draws that the statistic is compared with.")
    ] = 99_999,
    seed: Annotated[int, typer.Option(min=0, help="Seed for the re-draws.")] = 0,
    simulate_null: Annotated[
        int,
        typer.Option(
            min=0, metavar="N", help="Also run the test for N other keys: p must be uniform."
        ),
    ] = 0,
    model_date: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="First day on which the suspect, or a model that it was made from, could be used; "
            "the report says whether the vault's time stamps are older.",
        ),
    ] = None,
    tsa_root: TsaRoot = None,
    family: Annotated[
        bool,
        typer.Option(
            "--family",
            help="Divide the level by the number of different audits in the vault's custody log, "
            "this one among them.",
        ),
    ] = False,
    bundle: Annotated[
        Path | None,
        typer.Option(help="Zip file to write, which others check with `leximark check`."),
    ] = None,
    with_texts: Annotated[
        int,
        typer.Option(
            min=0, metavar="N", help="Disclose N documents in the bundle, the strongest first."
        ),
    ] = 0,
    with_key: Annotated[
        bool,
        typer.Option(
            "--with-key", help="Disclose the key in the bundle. Do so once, at the end of a case."
        ),
    ] = False,
    dtype: DTypeOption = DType.auto,
    device: Device = "auto",
    max_length: MaxLength = None,
    start_token: StartToken = "auto",
    base: Base = None,
    cache: Cache = None,
    no_cache: NoCache = False,
    timeout: Timeout = 120.0,
    requests_per_second: RequestsPerSecond = None,
    connections: Connections = 4,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with status 3 if there is evidence.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Audit a model: was it trained on our text?

    Prints a verdict with an exact p-value and writes a report. The verdict is "trained on it" or
    "no evidence", never "not trained on it".
    """
    from pipelines.bundle.write_bundle import Disclosure
    from pipelines.jobs.verify import Evidence, verify_command
    from pipelines.loading.models import ModelOptions
    from pipelines.reporting.report import summary_lines

    options = ModelOptions(
        dtype=dtype.value,
        device=device,
        max_length=max_length,
        start_token=start_token,
        base=base,
        timeout=timeout,
        requests_per_second=requests_per_second,
        connections=connections,
        cache=chosen_cache(cache, no_cache),
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
        evidence=Evidence(
            model_date and model_date.date(),
            tuple(tsa_root or ()),
            family,
            bundle,
            Disclosure(with_key, with_texts),
        ),
    )
    if as_json:
        print(json.dumps(report.as_dict(), indent=2, ensure_ascii=False))
    else:
        print("\n".join(summary_lines(report)))
        print(f"Report: {out / 'report.md'}")
        if bundle is not None:
            print(f"Bundle: {bundle}; check it with `leximark check {bundle}`")
    if exit_code and report.audit.verdict.is_evidence:
        raise typer.Exit(3)
