import json
from pathlib import Path
from typing import Annotated

import typer

from watermark.atomic import refuse_existing


def train(
    corpus: Annotated[str, typer.Argument(help="Texts to train on: a path or a hub id.")],
    model: Annotated[str, typer.Option(help="Base model: folder or hub id, safetensors.")],
    out: Annotated[Path, typer.Option(help="Folder to create for the trained model.")],
    preset: Annotated[
        str,
        typer.Option(
            help="Hyper-parameters: laptop, finetune, pretrain, instruct, instruct-qlora."
        ),
    ] = "laptop",
    text_column: Annotated[
        str, typer.Option(help="Column of the text; with --prompt-column, of the answer.")
    ] = "text",
    prompt_column: Annotated[
        str | None, typer.Option(help="Instruction tuning: column of the prompt.")
    ] = None,
    split: Annotated[str | None, typer.Option(help="Split of a data set.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed for the order and for new weights.")] = 0,
    epochs: Annotated[float | None, typer.Option(help="Overrides the preset.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Overrides the preset.")] = None,
    checkpoint_steps: Annotated[
        int, typer.Option(min=0, help="Save a checkpoint every N steps to resume from.")
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print model and loss as JSON.")] = False,
) -> None:
    """Fine-tune a causal model on a corpus, one document per sequence.

    On several GPUs: `torchrun --nproc-per-node N -m pipelines.cli train ...`.
    """
    from pipelines.jobs.train import train_command

    changes = {"epochs": epochs, "learning_rate": learning_rate}
    refuse_existing(out)
    loss = train_command(
        corpus,
        model,
        out,
        preset,
        text_column=text_column,
        prompt_column=prompt_column,
        split=split,
        seed=seed,
        checkpoint_steps=checkpoint_steps,
        **{name: value for name, value in changes.items() if value is not None},
    )
    if as_json:
        print(json.dumps({"model": str(out), "mean_loss": loss}, indent=2))
        return
    print(f"Mean loss {loss:.3f}. Model: {out}")
