"""The job behind `check`: check an evidence bundle, with the signatures of its time stamps."""

from pathlib import Path

from pipelines.bundle import check_bundle
from watermark.errors import PrerequisiteError, ToolkitError
from watermark.vault.stamps import check_stamp, read_roots


class BundleError(ToolkitError):
    """Raised when a bundle is not what `verify --bundle` wrote; the message names the file."""


def check_command(bundle: Path, seal: str = "", root_files: tuple[Path, ...] = ()) -> list[str]:
    """Return what was found to hold in a bundle.

    Raises:
        BundleError: Something in it is not as it must be.
    """
    try:
        files = check_bundle.unpack(bundle)
        confirmed = check_bundle.check(bundle, seal)
    except check_bundle.RefusedError as error:
        raise BundleError(f"{bundle}: refused: {error}") from error
    own = Path(check_bundle.__file__).read_bytes()
    if files["check_bundle.py"] != own:
        confirmed.append("NOTE: its check_bundle.py is not that of this version: do not run it")
    known = check_bundle.read_json(files, "report.json")["beforehand"]["stamps"]
    counted = [stamp["file"] for stamp in known if not stamp["problem"]]
    return [*confirmed, *_signatures(bundle, files, counted, root_files)]


def _signatures(
    bundle: Path, files: dict[str, bytes], counted: list[str], root_files: tuple[Path, ...]
) -> list[str]:
    """Check that the signatures of the stamps that count are those of trusted authorities."""
    if not counted:
        return []
    try:
        roots = read_roots(root_files)
    except PrerequisiteError as error:
        return [f"NOT CHECKED: the signatures of the time stamps: {error}"]
    lines = []
    for name in counted:
        stamp = check_stamp(name, files[name], files["commitment.txt"], roots)
        if stamp.problem:
            raise BundleError(f"{bundle}: refused: {name}: {stamp.problem}")
        lines.append(f"{name}: {stamp.words}, with a signature that holds")
    return lines
