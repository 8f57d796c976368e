import json
import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from watermark.errors import ToolkitError

if TYPE_CHECKING:
    from pipelines.experiments.runner.experiment import Experiment
    from pipelines.experiments.runner.records import Cell


def reproduce(
    name: Annotated[str, typer.Argument(help="Experiment; see --list.")] = "",
    out: Annotated[
        Path | None, typer.Option(help="Output folder. Default: the experiment's name.")
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SETTING=VALUE", help="Run only the cells with this value. May be repeated."
        ),
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(min=1, help="Number of seeds. Default: the experiment's.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue in the folder of an earlier run.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List the cells, check data and models, run nothing.")
    ] = False,
    list_all: Annotated[
        bool, typer.Option("--list", help="List the experiments and what each needs.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Run an experiment of the papers, or one of ours, and write its table and page.

    Each finished cell is recorded; --resume continues an interrupted run, which ends with the same
    table.
    """
    from pipelines.experiments.catalogue import EXPERIMENTS
    from pipelines.experiments.requirements import missing
    from pipelines.experiments.runner.experiment import run_experiment, select

    if list_all:
        _print_list(list(EXPERIMENTS.values()), as_json)
        return
    if name not in EXPERIMENTS:
        raise ToolkitError(
            f"reproduce: {name or 'no name'}: there are {', '.join(EXPERIMENTS)}; --list says more"
        )
    experiment = EXPERIMENTS[name]
    cells = select(experiment.cells(seeds or experiment.seeds), _wanted(only or []))
    lacking = missing(experiment.needs)
    if dry_run:
        _print_dry_run(cells, lacking, as_json)
    if lacking:
        raise ToolkitError(f"{name} cannot run here: " + "; ".join(lacking))
    if dry_run:
        return
    folder = out or Path(name)
    if folder.exists() and not resume:
        raise ToolkitError(f"{folder}: exists already: go on in it with --resume, or name another")
    say = partial(print, file=sys.stderr if as_json else sys.stdout)
    page = run_experiment(experiment, cells, folder, say)
    if as_json:
        paths = {"table": str(folder / "table.parquet"), "page": str(page)}
        print(json.dumps({"experiment": name, "cells": len(cells), **paths}, indent=2))
    else:
        print(f"Table: {folder / 'table.parquet'}\nPage: {page}")


def _print_list(experiments: "list[Experiment]", as_json: bool) -> None:
    if as_json:
        rows = [{"name": e.name, "title": e.title, "needs": asdict(e.needs)} for e in experiments]
        print(json.dumps(rows, indent=2))
    else:
        print("\n".join(line for found in experiments for line in _describe(found)))


def _print_dry_run(cells: "list[Cell]", lacking: list[str], as_json: bool) -> None:
    if as_json:
        settings = [dict(cell.settings) for cell in cells]
        print(json.dumps({"cells": settings, "missing": lacking}, indent=2))
        return
    print("\n".join([*(f"{cell.line()}" for cell in cells), f"{len(cells)} cells"]))
    print("\n".join(f"missing: {line}" for line in lacking) or "nothing is missing")


def _wanted(only: list[str]) -> dict[str, list[str]]:
    wanted: dict[str, list[str]] = {}
    for pair in only:
        setting, equals, value = pair.partition("=")
        if not equals:
            raise ToolkitError(f"--only {pair}: want SETTING=VALUE, for example seed=0")
        wanted.setdefault(setting, []).append(value)
    return wanted


def _describe(experiment: "Experiment") -> list[str]:
    needs = experiment.needs
    parts = [
        f"{needs.hours:g} h on two CPU cores"
        if not needs.gpu_gigabytes
        else f"a GPU of {needs.gpu_gigabytes} GB (never run by us: {needs.hours:g} h is a guess)",
        *(f"`leximark assets --only {asset}`" for asset in needs.assets),
        *(f"hub model {model}" for model in needs.models),
        *(f"hub data set {dataset}" for dataset in needs.datasets),
        *(f"a local copy of {dataset}" for dataset in needs.local_datasets),
    ]
    return [f"{experiment.name:<20} {experiment.title}", f"{'':<20} needs {', '.join(parts)}"]
