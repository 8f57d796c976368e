"""Take the wanted files, and no others, out of a folder or a zip archive."""

import zipfile
from collections.abc import Set
from pathlib import Path
from shutil import copyfile, copyfileobj

from watermark.errors import AssetError


def take_from_folder(source: Path, folder: Path, wanted: Set[str]) -> None:
    """Copy those wanted files that a folder has; both have them at the same paths."""
    for name in sorted(wanted):
        if (source / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            copyfile(source / name, folder / name)


def take_from_archive(archive: Path, inside: str, folder: Path, wanted: Set[str]) -> None:
    """Unpack those wanted files that an archive has below the prefix `inside`.

    Raises:
        AssetError: It is not a zip archive, or is damaged.
    """
    try:
        with zipfile.ZipFile(archive) as source:
            for name in sorted(wanted & {m.removeprefix(inside) for m in source.namelist()}):
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                with source.open(inside + name) as packed, open(target, "wb") as file:
                    copyfileobj(packed, file)
    except zipfile.BadZipFile as error:
        raise AssetError(f"{archive.name} is damaged: {error}") from error
