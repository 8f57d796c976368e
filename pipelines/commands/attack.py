import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.options.corpus import IdColumn, Split, TextColumn
from pipelines.commands.settings_option import Settings, parse_settings


def attack(
    corpus: Annotated[
        str,
        typer.Argument(
            help="Texts to attack: JSON Lines, CSV or Parquet file, a folder of these or of texts, "
            "a `datasets` folder, or a hub id."
        ),
    ],
    attack: Annotated[
        str, typer.Option(help="Name of the attack, such as rules; docs/attacks.md lists all.")
    ],
    out: Annotated[Path, typer.Option(help="Folder to make for the attacked texts.")],
    then: Annotated[
        list[str] | None, typer.Option(help="Attack to apply next; may be repeated.")
    ] = None,
    settings: Settings = None,
    share: Annotated[
        float, typer.Option(help="Share of the documents to attack, in [0, 1].")
    ] = 1.0,
    untouched: Annotated[
        float,
        typer.Option(
            help="Also write this share of the documents, in [0, 1], as they came, into a folder "
            "beside --out whose name ends in -untouched."
        ),
    ] = 0.0,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything random.")] = 0,
    text_column: TextColumn = "text",
    id_column: IdColumn = None,
    split: Split = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as JSON.")] = False,
) -> None:
    """Do to published texts what a thief or a cleaner could do, to see what the marks survive.

    Needs no vault and no key. Writes the texts in the format of the input. A command that was
    interrupted continues where it stopped when it is repeated.
    """
    from pipelines.jobs.attack import attack_command

    counts = attack_command(
        corpus,
        out,
        [attack, *(then or [])],
        parse_settings(settings),
        text_column=text_column,
        id_column=id_column,
        split=split,
        seed=seed,
        share=share,
        untouched=untouched,
    )
    if as_json:
        print(json.dumps({"out": str(out), **asdict(counts)}, indent=2))
        return
    print(
        f"{counts.n_documents:,} documents read, {counts.n_changed:,} changed, "
        f"{counts.n_dropped:,} dropped."
    )
    if counts.n_failed:
        print(f"Requests without a usable answer: {counts.n_failed:,}; these paragraphs stayed.")
    print(f"Attacked texts: {out}")
    if untouched:
        print(f"Untouched texts: {out}-untouched ({counts.n_untouched:,})")


def attack_model(
    model: Annotated[str, typer.Argument(help="Model to attack: folder or hub id, safetensors.")],
    attack: Annotated[
        str, typer.Option(help="Name of the attack, such as pruning; docs/attacks.md lists all.")
    ],
    out: Annotated[Path, typer.Option(help="Folder to make for the attacked model.")],
    then: Annotated[
        list[str] | None, typer.Option(help="Attack to apply next; may be repeated.")
    ] = None,
    settings: Settings = None,
    text_column: TextColumn = "text",
    as_json: Annotated[bool, typer.Option("--json", help="Print the model as JSON.")] = False,
) -> None:
    """Do to a trained model what its owner could do, to see whether the evidence survives.

    Needs no vault and no key. Audit the result with `leximark verify`.
    """
    from pipelines.jobs.attack_model import attack_model_command

    names = [attack, *(then or [])]
    attack_model_command(model, out, names, parse_settings(settings), text_column=text_column)
    print(json.dumps({"model": str(out), "attacks": names}) if as_json else f"Model: {out}")
