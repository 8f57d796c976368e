from dataclasses import dataclass
from typing import Annotated, Literal

import pytest
import typer
from typer.testing import CliRunner

from pipelines.commands.options.groups import with_option_groups


@dataclass(frozen=True)
class Paint:
    """A group with a default, a choice and an option that must be given."""

    colour: Annotated[Literal["red", "blue"], typer.Option(help="What colour.")]
    coats: Annotated[int, typer.Option("--coats", "-c", min=1, help="How many coats.")] = 2


@with_option_groups
def paint(
    *,
    wall: Annotated[str, typer.Argument(help="What to paint.")],
    first: Annotated[bool, typer.Option("--first", help="Before the group.")] = False,
    paint: Paint,
    last: Annotated[bool, typer.Option("--last", help="Behind the group.")] = False,
) -> None:
    """Paint a wall."""
    typer.echo(f"{wall} {first} {paint} {last}")


def run(*arguments, command=paint):
    program = typer.Typer(rich_markup_mode=None)
    program.command()(command)
    return CliRunner().invoke(program, arguments)


def test_fields_are_options_and_come_back_as_the_dataclass():
    done = run("north", "--colour", "blue", "-c", "3", "--last")
    assert done.output == "north False Paint(colour='blue', coats=3) True\n"
    assert run("north", "--colour", "red").output == (
        "north False Paint(colour='red', coats=2) False\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["north"], "--colour"),
        (["north", "--colour", "green"], "'green'"),
        (["north", "--colour", "red", "--coats", "0"], "--coats"),
    ],
)
def test_the_annotation_of_a_field_is_held(arguments, message):
    done = run(*arguments)
    assert done.exit_code == 2
    assert message in done.output


def test_the_help_lists_the_fields_where_the_parameter_stands():
    said = run("--help").output
    assert "Paint a wall." in said
    places = [said.index(option) for option in ("--first", "--colour", "--coats", "--last")]
    assert places == sorted(places)
    assert "[default: 2" in said


def test_two_fields_of_one_name_are_refused():
    def twice(*, colour: Annotated[str, typer.Option()] = "", paint: Paint) -> None:
        """Cannot be told apart."""

    with pytest.raises(ValueError, match="colour"):
        with_option_groups(twice)
