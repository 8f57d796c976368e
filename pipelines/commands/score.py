import json
from collections import Counter
from enum import StrEnum
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


class Form(StrEnum):
    """Data sets with known columns."""

    plain = "plain"
    wikimia = "wikimia"
    bookmia = "bookmia"
    mimir = "mimir"
    patentmia = "patentmia"


def score(
    corpus: Annotated[
        str,
        typer.Argument(
            help="What to score: JSON Lines, CSV or Parquet file, a folder of texts, a `datasets` "
            "folder, or a hub id (owner/name or owner/name:configuration)."
        ),
    ],
    model: Annotated[
        str,
        typer.Option(
            help="Suspect: folder or hub id of a causal model, adapter, GGUF file, or a server "
            "(openai+http://host/v1#model, text+http://host/v1, chat+http://host/v1)."
        ),
    ],
    out: Annotated[
        Path, typer.Option(help="File to create; its name ends in .parquet, .jsonl or .csv.")
    ],
    reference: Annotated[
        str | None,
        typer.Option(help="Model that has not seen the texts, ideally the suspect's base."),
    ] = None,
    detectors: Annotated[
        str | None,
        typer.Option(
            help="Names, separated by commas. Default: all that need only one pass. By name only: "
            "lowercase, pac, neighbourhood, recall, con_recall, samia, ngram_coverage."
        ),
    ] = None,
    frequencies: Annotated[
        Path | None,
        typer.Option(help="For dc_pdd: table that `leximark frequencies` made."),
    ] = None,
    nonmembers: Annotated[
        str | None,
        typer.Option(help="For recall, con_recall: data set of texts that were not trained on."),
    ] = None,
    members: Annotated[
        str | None,
        typer.Option(help="For con_recall: data set of texts that were trained on."),
    ] = None,
    shots: Annotated[
        int, typer.Option(min=1, help="Number of these texts placed before a document.")
    ] = 7,
    form: Annotated[Form, typer.Option(help="Columns of the data set.")] = Form.plain,
    text_column: Annotated[str, typer.Option(help="Column that holds the text.")] = "text",
    id_column: Annotated[
        str | None, typer.Option(help="Column that holds the ids. Default: hashes of the texts.")
    ] = None,
    split: Annotated[
        str | None, typer.Option(help="Split to use, if the data set has splits.")
    ] = None,
    max_words: Annotated[
        int | None,
        typer.Option(min=1, help="Score only the first words; Chinese is segmented by jieba."),
    ] = None,
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
    samples: Annotated[
        int,
        typer.Option(min=1, help="For samia, ngram_coverage: continuations per document."),
    ] = 20,
    temperature: Annotated[
        float, typer.Option(min=0.0, help="Sampling temperature of the continuations.")
    ] = 1.0,
    seed: Annotated[
        int, typer.Option(min=0, help="Seed for the sampling; a server may ignore it.")
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print a summary as JSON.")] = False,
) -> None:
    """Score every document of a data set with membership detectors.

    Writes one row per document and one column per detector, after the columns of the data set;
    `unscored` gives the reason for a missing score. A higher score always means "more likely
    trained on".
    """
    from membership.scoring import Sampling
    from pipelines.jobs.score import Extras, score_command
    from pipelines.loading.labelled import read_records
    from pipelines.loading.models import ModelOptions

    def texts(source: str | None) -> tuple[str, ...]:
        rows = read_records(source, text_column=text_column) if source else []
        return tuple(row.document.text for row in rows[:shots])

    scores = score_command(
        read_records(
            corpus,
            form.value,
            text_column=text_column,
            id_column=id_column,
            split=split,
            max_words=max_words,
        ),
        model,
        reference,
        out,
        ModelOptions(
            dtype=dtype.value,
            device=device,
            max_length=max_length,
            start_token=start_token,
            base=base,
            timeout=timeout,
            requests_per_second=requests_per_second,
            connections=connections,
            cache=chosen_cache(cache, no_cache),
        ),
        detectors=[name.strip() for name in detectors.split(",")] if detectors else (),
        extras=Extras(frequencies, texts(nonmembers), texts(members)),
        sampling=Sampling(samples, temperature, seed),
    )
    missing = {n: dict(Counter(s.reason for s in of if s.reason)) for n, of in scores.items()}
    scored = {name: sum(not score.reason for score in of) for name, of in scores.items()}
    if as_json:
        both = {n: {"scored": scored[n], "unscored": missing[n]} for n in scores}
        print(json.dumps(both, indent=2, ensure_ascii=False))
        return
    for name in scores:
        reasons = "".join(f"; {n} not: {reason}" for reason, n in missing[name].items())
        print(f"{name}: {scored[name]} scored{reasons}")
    print(f"Scores: {out}")
