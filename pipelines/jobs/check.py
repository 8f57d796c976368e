"""The job behind `check`: check an evidence bundle, and who vouches for its time stamps."""

from datetime import datetime
from pathlib import Path

from pipelines.bundle import check_bundle
from watermark.errors import PrerequisiteError, ToolkitError, VaultError
from watermark.vault.opentimestamps import PROOF, confirm
from watermark.vault.stamps import ANSWER, check_stamp, read_roots


class BundleError(ToolkitError):
    """Raised when a bundle is not what `verify --bundle` wrote; the message names the file."""


def check_command(bundle: Path, seal: str = "", root_files: tuple[Path, ...] = ()) -> list[str]:
    """Return what was found to hold in a bundle.

    Raises:
        BundleError: Something in it is not as it must be.
    """
    if not bundle.is_file():
        raise BundleError(f"{bundle}: there is no such file")
    try:
        files = check_bundle.unpack(bundle)
        confirmed = check_bundle.check(bundle, seal)
    except check_bundle.RefusedError as error:
        raise BundleError(f"{bundle}: refused: {error}") from error
    own = Path(check_bundle.__file__).read_bytes()
    if files["check_bundle.py"] != own:
        confirmed.append("NOTE: its check_bundle.py is not that of this version: do not run it")
    known = check_bundle.read_json(files, "report.json")["beforehand"]["stamps"]
    counted = [stamp for stamp in known if not stamp["problem"]]
    return [*confirmed, *_stamps(bundle, files, counted, root_files)]


def _stamps(
    bundle: Path,
    files: dict[str, bytes],
    counted: list[dict[str, str]],
    root_files: tuple[Path, ...],
) -> list[str]:
    """Check the stamps that count: signatures of trusted authorities, and blocks of Bitcoin."""
    answers = [stamp["file"] for stamp in counted if stamp["file"].endswith(ANSWER)]
    proofs = [stamp for stamp in counted if stamp["file"].endswith(PROOF)]
    lines = []
    try:
        roots = read_roots(root_files) if answers else []
    except PrerequisiteError as error:
        answers, lines = [], [f"NOT CHECKED: the signatures of the time stamps: {error}"]
    for name in answers:
        found = check_stamp(name, files[name], files["commitment.txt"], roots)
        if found.problem:
            raise BundleError(f"{bundle}: refused: {name}: {found.problem}")
        lines.append(f"{name}: {found.words}, with a signature that holds")
    return [*lines, *(_proof(bundle, files, stamp) for stamp in proofs)]


def _proof(bundle: Path, files: dict[str, bytes], stamp: dict[str, str]) -> str:
    """Check an OpenTimestamps proof, if `ots` and a Bitcoin node are here."""
    name = stamp["file"]
    try:
        found = confirm(name, files[name], files["commitment.txt"])
    except PrerequisiteError as error:
        return f"NOT CHECKED: {name}: {error}"
    except VaultError as error:
        raise BundleError(f"{bundle}: refused: {name}: {error}") from error
    if found.time != datetime.fromisoformat(stamp["time"]):
        raise BundleError(f"{bundle}: refused: {name}: {found.words}, not as reported")
    return f"{name}: {found.words}, as the Bitcoin node here confirms"
