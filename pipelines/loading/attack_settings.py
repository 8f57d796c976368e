"""Attacks from the names and settings of a command line."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from watermark.errors import ToolkitError

T = TypeVar("T")


def make_attacks(
    makers: Mapping[str, Callable[..., T]], names: Sequence[str], settings: Mapping[str, str]
) -> list[T]:
    """Make the attacks of a chain.

    Args:
        makers: A function for each attack; its parameters are the settings.
        names: Names of the attacks, in order.
        settings: By `name`, for every attack of the chain that has the setting, or by
            `attack.name`, for one.

    Raises:
        ToolkitError: An attack or setting is unknown, or a value is invalid.
    """
    for name in names:
        if name not in makers:
            raise ToolkitError(f"--attack {name}: choose one of {', '.join(makers)}")
    used: set[str] = set()
    calls = [(name, makers[name], _arguments(name, makers[name], settings, used)) for name in names]
    if unknown := settings.keys() - used:
        known = {name: ", ".join(inspect.signature(makers[name]).parameters) for name in names}
        has = "; ".join(f"{name} has {listed or 'no settings'}" for name, listed in known.items())
        raise ToolkitError(f"--set {min(unknown)}: no attack of this run has this setting; {has}")
    made = []
    for name, maker, arguments in calls:
        try:
            made.append(maker(**arguments))
        except (ValueError, TypeError) as error:
            raise ToolkitError(f"--attack {name}: {error}") from error
    return made


def _arguments(
    name: str, maker: Callable[..., Any], settings: Mapping[str, str], used: set[str]
) -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    for parameter in inspect.signature(maker).parameters.values():
        for spelled in (parameter.name, f"{name}.{parameter.name}"):
            if spelled in settings:
                used.add(spelled)
                arguments[parameter.name] = parse_setting(
                    spelled, settings[spelled], parameter.annotation
                )
        if parameter.default is parameter.empty and parameter.name not in arguments:
            raise ToolkitError(
                f"--attack {name}: needs --set {parameter.name}=VALUE; see docs/attacks.md"
            )
    return arguments


def parse_setting(name: str, value: str, kind: Any) -> Any:
    """Return a value of the command line as a number or as it is.

    Raises:
        ToolkitError: It is not a number where one is wanted.
    """
    if kind == int | None:
        kind = int
    if kind in (int, float):
        try:
            return kind(value)
        except ValueError as error:
            wanted = "a whole number" if kind is int else "a number"
            raise ToolkitError(f"--set {name}={value}: wanted {wanted}") from error
    return value
