"""The console scripts `leximark` and `verify`, and what becomes of an error."""

import os
import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Annotated, Any

import typer

from pipelines.commands.assets import assets
from pipelines.commands.attack import attack, attack_model
from pipelines.commands.cache import cache
from pipelines.commands.candidates import candidates
from pipelines.commands.card import card
from pipelines.commands.challenge import answer, challenge, judge
from pipelines.commands.check import check
from pipelines.commands.decide import decide
from pipelines.commands.demo import demo
from pipelines.commands.edition import edition
from pipelines.commands.evaluate import evaluate
from pipelines.commands.frequencies import frequencies
from pipelines.commands.inspect import inspect
from pipelines.commands.instalments import instalments
from pipelines.commands.mark import mark
from pipelines.commands.plan import plan
from pipelines.commands.reproduce import reproduce
from pipelines.commands.review import review
from pipelines.commands.score import score
from pipelines.commands.stamp import stamp
from pipelines.commands.train import train
from pipelines.commands.verify import verify
from watermark.errors import SYSTEM_ERRORS, ToolkitError

COMMANDS: dict[str, Callable[..., Any]] = {
    "plan": plan,
    "mark": mark,
    "inspect": inspect,
    "review": review,
    "edition": edition,
    "instalments": instalments,
    "stamp": stamp,
    "card": card,
    "verify": verify,
    "check": check,
    "challenge": challenge,
    "answer": answer,
    "judge": judge,
    "score": score,
    "evaluate": evaluate,
    "decide": decide,
    "frequencies": frequencies,
    "candidates": candidates,
    "demo": demo,
    "attack": attack,
    "attack-model": attack_model,
    "train": train,
    "reproduce": reproduce,
    "assets": assets,
    "cache": cache,
}
"""Every command by its name, in the order of the help."""


def main() -> None:
    """Run `leximark` on the arguments of this process, and leave it."""
    program = _program()
    program.callback()(_leximark)
    for name, command in COMMANDS.items():
        program.command(name)(command)
    run(program, "leximark")


def verify_main() -> None:
    """Run `verify`: `leximark verify` under a name of its own."""
    program = _program()
    program.command()(COMMANDS["verify"])
    run(program, "verify")


def run(program: typer.Typer, name: str) -> None:
    """Run a program on the arguments of this process, and leave it.

    Status 0: success; 2: a user error, and one message says how to fix it; 130: interrupted. A
    command may leave with a status of its own. What is our fault keeps its traceback and leaves
    with 1.
    """
    if not sys.stderr.isatty():
        os.environ.setdefault("TQDM_DISABLE", "1")  # no progress bars in a log, ours or a library's
    # Threads that wait must sleep: spinning ones take the processor from whoever they wait for, and
    # beside one busy process training was five times slower.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        program(prog_name=name)
    except ToolkitError as error:
        _leave(name, str(error))
    except OSError as error:
        if error.errno not in SYSTEM_ERRORS:
            raise
        where = f"{error.filename}: " if error.filename else ""
        _leave(name, f"{where}{error.strerror}")


def _leave(name: str, message: str) -> None:
    print(f"{name}: {message}", file=sys.stderr)
    sys.exit(2)


def _program() -> typer.Typer:
    # Plain help and plain tracebacks: rich takes longer to import than all the rest together.
    return typer.Typer(
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"leximark {version('leximark')}")
        raise typer.Exit


def _leximark(
    show_version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Mark a text data set before publishing it; later prove that a model was trained on it."""


if __name__ == "__main__":
    main()
