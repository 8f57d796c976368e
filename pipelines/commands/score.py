import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.commands.options.corpus import IdColumn, Split, TextColumn
from pipelines.commands.options.groups import with_option_groups
from pipelines.commands.options.model import ModelFlags
from pipelines.commands.options.spread import SpreadFlags
from pipelines.loading.option_values import Form

if TYPE_CHECKING:
    from membership.detector import Score
    from pipelines.jobs.score import Extras


@dataclass(frozen=True)
class DetectorFlags:
    """Which detectors run, and what some of them need."""

    detectors: Annotated[
        str | None,
        typer.Option(
            help="Comma-separated names. Default: all that need only the one shared pass. By name "
            "only: lowercase, pac, neighbourhood, recall, con_recall, samia, ngram_coverage."
        ),
    ] = None
    frequencies: Annotated[
        Path | None,
        typer.Option(help="For dc_pdd: table that `leximark frequencies` made."),
    ] = None
    nonmembers: Annotated[
        str | None,
        typer.Option(help="For recall, con_recall: data set of texts that were not trained on."),
    ] = None
    members: Annotated[
        str | None,
        typer.Option(help="For con_recall: data set of texts that were trained on."),
    ] = None
    shots: Annotated[
        int, typer.Option(min=1, help="How many of these texts to put before a document.")
    ] = 7

    def names(self) -> list[str]:
        """Return the detectors that were named; empty for the default."""
        return [name.strip() for name in self.detectors.split(",")] if self.detectors else []

    def extras(self, text_column: str) -> "Extras":
        """Return what detectors need beside the models."""
        from pipelines.jobs.score import Extras
        from pipelines.loading.labelled import read_records

        def texts(source: str | None) -> tuple[str, ...]:
            rows = read_records(source, text_column=text_column) if source else []
            return tuple(row.document.text for row in rows[: self.shots])

        return Extras(self.frequencies, texts(self.nonmembers), texts(self.members))


@dataclass(frozen=True)
class SamplingFlags:
    """How continuations are sampled."""

    samples: Annotated[
        int,
        typer.Option(min=1, help="For samia, ngram_coverage: continuations of each document."),
    ] = 20
    temperature: Annotated[float, typer.Option(min=0.0, help="Temperature of the sampling.")] = 1.0
    seed: Annotated[
        int, typer.Option(min=0, help="Seed of the sampling; a server may ignore it.")
    ] = 0


@with_option_groups
def score(
    *,
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
    detectors: DetectorFlags,
    form: Annotated[Form, typer.Option(help="Columns of the data set.")] = "plain",
    text_column: TextColumn = "text",
    id_column: IdColumn = None,
    split: Split = None,
    max_words: Annotated[
        int | None,
        typer.Option(min=1, help="Score only the first words; Chinese is segmented by jieba."),
    ] = None,
    models: ModelFlags,
    spread: SpreadFlags,
    sampling: SamplingFlags,
    as_json: Annotated[bool, typer.Option("--json", help="Print a summary as JSON.")] = False,
) -> None:
    """Score every document of a data set with membership detectors.

    Writes one row per document and one column per detector, after the columns of the data set;
    `unscored` gives the reason for a missing score. A higher score always means "more likely
    trained on".
    """
    from membership.traces.suspect_protocol import Sampling
    from pipelines.jobs.score import score_command
    from pipelines.loading.labelled import read_records

    records = read_records(
        corpus, form, text_column=text_column, id_column=id_column, split=split, max_words=max_words
    )
    scores = score_command(
        records,
        model,
        reference,
        out,
        spread.spread(models.options()),
        detectors=detectors.names(),
        extras=detectors.extras(text_column),
        sampling=Sampling(sampling.samples, sampling.temperature, sampling.seed),
    )
    if as_json:
        print(json.dumps(_summary(scores), indent=2, ensure_ascii=False))
        return
    for name, counts in _summary(scores).items():
        reasons = "".join(f"; {n} not: {reason}" for reason, n in counts["unscored"].items())
        print(f"{name}: {counts['scored']} scored{reasons}")
    print(f"Scores: {out}")


def _summary(scores: Mapping[str, Sequence["Score"]]) -> dict[str, dict[str, Any]]:
    """Return how many documents each detector scored, and why it left out others."""
    return {
        name: {
            "scored": sum(not score.reason for score in found),
            "unscored": dict(Counter(score.reason for score in found if score.reason)),
        }
        for name, found in scores.items()
    }
