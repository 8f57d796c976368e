"""Packages that only some attacks need."""

from importlib.util import find_spec

from watermark.errors import PrerequisiteError


def require_package(package: str, attack: str) -> None:
    """Refuse an attack without a package that it needs.

    Raises:
        PrerequisiteError: The package is not installed; names the extra that installs it.
    """
    if not find_spec(package):
        raise PrerequisiteError(
            f"{attack}: {package} is not installed: run `pip install 'leximark[attacks]'`"
        )
