"""The schemes by name, and their settings as a command line gives them."""

from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from typing import Any

from watermark.scheme import Scheme
from watermark.schemes.composed import Composed
from watermark.schemes.leximark import LexiMark
from watermark.schemes.look_alikes import LookAlikes
from watermark.schemes.planted import Traps, Trigger
from watermark.schemes.random_sequence import RandomSequence
from watermark.schemes.rewriting import Rewriting
from watermark.substitution.rules import WordRules


def default_schemes() -> dict[str, Scheme]:
    """Return every scheme with its default settings, by name."""
    inserted: tuple[Scheme, ...] = (RandomSequence(), Traps(), Trigger())
    found: tuple[Scheme, ...] = (LexiMark(), LookAlikes(), Rewriting(), *inserted)
    return {scheme.describe()["name"]: scheme for scheme in found}


def with_rules(scheme: Scheme, rules: WordRules) -> Scheme:
    """Return a scheme that looks for other candidates where a rule excludes one."""
    if isinstance(scheme, Composed):
        return Composed(with_rules(scheme.first, rules), with_rules(scheme.second, rules))
    return replace(scheme, rules=rules) if isinstance(scheme, LexiMark) else scheme


THEN = "then."
"""What a setting of the second scheme begins with."""


def with_second(first: Scheme, second: str | None, settings: Sequence[str]) -> Scheme:
    """Return a scheme with its settings, followed by a second one with those that are for it.

    Raises:
        ValueError: A setting is invalid, or two settings conflict.
    """
    own = [setting for setting in settings if not setting.startswith(THEN)]
    other = [setting.removeprefix(THEN) for setting in settings if setting.startswith(THEN)]
    changed: Scheme = change(first, own)
    if second is None:
        if other:
            raise ValueError(f"{THEN}{other[0]} is for a second scheme; name it with --then")
        return changed
    return Composed(changed, change(default_schemes()[second], other))


def change(scheme: Any, settings: Iterable[str]) -> Any:
    r"""Return a scheme with other settings.

    Args:
        scheme: A scheme.
        settings: `NAME=VALUE` for each setting to change; `\n` and `\t` in a text stand for a
            line end and a tab.

    Raises:
        ValueError: There is no such setting, or it cannot have that value.
    """
    known = {
        field.name: type(getattr(scheme, field.name))
        for field in fields(scheme)
        if type(getattr(scheme, field.name)) in _READERS
    }
    changed: dict[str, Any] = {}
    for setting in settings:
        name, sign, value = setting.partition("=")
        if name not in known or not sign:
            raise ValueError(
                f"{scheme.describe()['name']} has no setting {setting!r}: wanted NAME=VALUE with "
                f"one of {', '.join(known)}"
            )
        try:
            changed[name] = _READERS[known[name]](value)
        except (KeyError, ValueError) as error:
            raise ValueError(
                f"{name} must be of type {known[name].__name__}, got {value!r}"
            ) from error
    return replace(scheme, **changed)


def _text(value: str) -> str:
    return value.replace("\\n", "\n").replace("\\t", "\t")


_READERS: dict[type, Any] = {
    bool: {"true": True, "false": False}.__getitem__,
    int: int,
    float: float,
    str: _text,
}
