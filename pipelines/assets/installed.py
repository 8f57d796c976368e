"""The English spaCy pipeline, if it is installed as a Python package."""

from collections.abc import Set
from importlib.util import find_spec
from pathlib import Path

from pipelines.assets.extract_files import take_from_folder
from pipelines.assets.install import Source
from watermark.errors import AssetError


def installed_pipeline(package: str, version: str) -> Source:
    """Return the data folder of an installed pipeline package, which is not imported."""

    def fetch(folder: Path, wanted: Set[str]) -> str:
        spec = find_spec(package)
        for place in (spec and spec.submodule_search_locations) or []:
            data = Path(place, f"{package}-{version}")
            if data.is_dir():
                take_from_folder(data, folder, wanted)
                return str(data)
        raise AssetError(f"{package} {version} is not installed here")

    return Source(f"installed package {package}", fetch)
