"""Put an asset into its folder: whole, checked and at once, or not at all."""

import errno
import hashlib
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from shutil import rmtree

from watermark.assets import RECEIPT
from watermark.errors import AssetError

STALE_SECONDS = 24 * 3600
"""Age in seconds after which a workspace must belong to a killed run."""

Pins = Mapping[str, str]
"""SHA-256 of each file, by its path in the folder."""


@dataclass(frozen=True)
class Source:
    """A place that an asset can be fetched from."""

    name: str
    """Its name in messages."""
    fetch: Callable[[Path, Set[str]], str]
    """Puts the wanted files it has into an empty folder and returns what exactly they came from;
    raises `AssetError` when it has none to give. It need not check hashes."""


@dataclass(frozen=True)
class Asset:
    """Language data with pinned content."""

    name: str
    """Name on the command line and of the folder."""
    title: str
    licence: str
    needed: bool
    """Whether marking is impossible without it."""
    editions: Mapping[str, Pins]
    """The accepted contents. They differ by packager only, never in what we read."""
    sources: tuple[Source, ...]
    """The sources, in the order in which they are tried."""
    finish: Callable[[Path], None] | None = None
    """Prepares the pinned files once before they can be used; may replace them."""
    gguf_modules: tuple[str, ...] = ()
    """Modules of the extra `gguf` that `finish` needs."""

    @property
    def wanted(self) -> Set[str]:
        """Paths of all files of all editions."""
        return {path for pins in self.editions.values() for path in pins}


@dataclass(frozen=True)
class Receipt:
    """What `install` leaves in the folder beside the files."""

    asset: str
    title: str
    licence: str
    edition: str
    taken_from: str
    pinned: dict[str, str]
    """The pins that the fetched files matched."""
    files: dict[str, str]
    """SHA-256 of each file in the folder; differs from `pinned` where `finish` changed it."""


def install(asset: Asset, root: Path, say: Callable[[str], None]) -> Receipt:
    """Return the receipt of an asset, fetching it unless it is there and whole.

    The files are unpacked into a workspace beside the folder and renamed into place. A run that
    is interrupted leaves the folder as it was, and of two runs at once each sees a whole folder.

    Args:
        asset: What to put there.
        root: The folder of all assets.
        say: Called with a line on what is being tried.

    Raises:
        AssetError: No source had it. The message has the reason of each.
    """
    folder = root / asset.name
    if receipt := _whole(asset, folder):
        return receipt
    missing = [name for name in asset.gguf_modules if find_spec(name) is None]
    if missing:
        wanted = " and ".join(missing)
        raise AssetError(f"{asset.name}: needs {wanted}; run `pip install 'leximark[gguf]'`")
    root.mkdir(parents=True, exist_ok=True)
    _sweep(asset, root)
    reasons = []
    for source in asset.sources:
        say(f"{asset.name}: trying {source.name}")
        with tempfile.TemporaryDirectory(prefix=f".{asset.name}-", dir=root) as workspace:
            new = Path(workspace, "new")
            new.mkdir()
            try:
                taken_from = source.fetch(new, asset.wanted)
                edition = verify(asset, new)
            except AssetError as reason:
                say(f"{asset.name}: {source.name}: {reason}")
                reasons.append(f"\n  {source.name}: {reason}")
                continue
            if asset.finish:
                say(f"{asset.name}: converting")
                asset.finish(new)
            receipt = _write_receipt(asset, edition, taken_from, new)
            return _place(asset, new, folder, receipt)
    raise AssetError(f"{asset.name}: no source has {asset.title}{''.join(reasons)}")


def check(asset: Asset, folder: Path) -> Receipt:
    """Return the receipt of an asset whose files are all there, as they were put there.

    Raises:
        AssetError: There is no such folder, it is of another edition than any pinned here, or a
            file was changed; the message names the file and both hashes.
    """
    try:
        receipt = Receipt(**json.loads((folder / RECEIPT).read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise AssetError(f"{folder} is not there") from error
    except (ValueError, TypeError) as error:
        raise AssetError(f"{folder / RECEIPT} is not a receipt: {error}") from error
    if receipt.pinned != asset.editions.get(receipt.edition):
        raise AssetError(f"{folder} holds another edition than this version pins")
    if mismatch := next(_mismatches(receipt.files, folder), None):
        raise AssetError(mismatch)
    return receipt


def verify(asset: Asset, folder: Path) -> str:
    """Return the name of the edition that is in a folder.

    Raises:
        AssetError: It is not a pinned edition; the message names the first file that differs
            from the nearest edition, and both hashes.
    """
    found = {name: list(_mismatches(pins, folder)) for name, pins in asset.editions.items()}
    nearest = min(found, key=lambda name: len(found[name]))
    if found[nearest]:
        raise AssetError(found[nearest][0])
    return nearest


def folder_bytes(folder: Path) -> int:
    """Return the size of a folder in bytes."""
    return sum(path.stat().st_size for path in _files(folder))


def _whole(asset: Asset, folder: Path) -> Receipt | None:
    try:
        return check(asset, folder)
    except AssetError:
        return None


def _mismatches(pins: Pins, folder: Path) -> Iterator[str]:
    for path, pinned in pins.items():
        try:
            found = _sha256(folder / path)
        except FileNotFoundError:
            yield f"{path} is missing"
            continue
        if found != pinned:
            yield f"{path} has SHA-256 {found}, wanted {pinned}"


def _write_receipt(asset: Asset, edition: str, taken_from: str, folder: Path) -> Receipt:
    receipt = Receipt(
        asset=asset.name,
        title=asset.title,
        licence=asset.licence,
        edition=edition,
        taken_from=taken_from,
        pinned=dict(asset.editions[edition]),
        files={path.relative_to(folder).as_posix(): _sha256(path) for path in _files(folder)},
    )
    text = json.dumps(asdict(receipt), indent=2) + "\n"
    (folder / RECEIPT).write_text(text, encoding="utf-8")
    return receipt


def _place(asset: Asset, new: Path, folder: Path, receipt: Receipt) -> Receipt:
    """Rename a finished folder into place; what was damaged there goes with the workspace."""
    _make_readable(new)
    while not (there := _whole(asset, folder)):
        aside = tempfile.mkdtemp(dir=new.parent)
        with suppress(FileNotFoundError):
            folder.rename(Path(aside, "damaged"))
        try:
            new.rename(folder)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
        else:
            return receipt
    return there  # another run was faster, and its files may be in use


def _make_readable(folder: Path) -> None:
    """Set modes as in a shared folder: NLTK refuses data that others may write to."""
    folder.chmod(0o755)
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _sweep(asset: Asset, root: Path) -> None:
    """Remove the workspaces of runs that were killed."""
    for workspace in root.glob(f".{asset.name}-*"):
        with suppress(FileNotFoundError):
            if time.time() - workspace.stat().st_mtime > STALE_SECONDS:
                rmtree(workspace)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _sha256(path: Path) -> str:
    with open(path, "rb", buffering=0) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
