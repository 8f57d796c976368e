"""The option `--set NAME=VALUE` of the commands that attack."""

from typing import Annotated

import typer

from watermark.errors import ToolkitError

Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Setting of an attack, or ATTACK.NAME=VALUE for one of several. May be repeated.",
    ),
]


def parse_settings(pairs: list[str] | None) -> dict[str, str]:
    """Return the settings by name.

    Raises:
        ToolkitError: A pair has no equals sign, or a name comes twice.
    """
    settings: dict[str, str] = {}
    for pair in pairs or []:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise ToolkitError(f"--set {pair}: wanted NAME=VALUE, for example share=0.5")
        if name in settings:
            raise ToolkitError(f"--set {name}: comes twice")
        settings[name] = value
    return settings
