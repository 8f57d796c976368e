"""WordNet as NLTK distributes it: already on this machine, or through NLTK's downloader."""

import os
import sys
from collections.abc import Iterator, Set
from pathlib import Path

from pipelines.assets.extract_files import take_from_archive, take_from_folder
from pipelines.assets.install import Source
from pipelines.assets.programs import run
from watermark.errors import AssetError

# In a process of its own: NLTK belongs to one file of ours, and the downloader opens connections
# without a time limit, which can only be set for a whole process.
DOWNLOAD = """\
import socket, sys
socket.setdefaulttimeout(15)
import nltk
nltk.download("wordnet", download_dir=sys.argv[1], quiet=True, raise_on_error=True)
"""


def nltk_data() -> Source:
    """Return the NLTK data folders of this machine as a source."""
    return Source("NLTK data on this machine", _take_from_data_path)


def nltk_downloader() -> Source:
    """Return NLTK's downloader as a source."""
    return Source("the NLTK downloader", _download)


def _take_from_data_path(folder: Path, wanted: Set[str]) -> str:
    for data in data_path():
        if taken_from := _take(data, folder, wanted):
            return taken_from
    raise AssetError("no folder of NLTK's data path has corpora/wordnet")


def _download(folder: Path, wanted: Set[str]) -> str:
    data = folder.with_name("nltk_data")
    run([sys.executable, "-W", "ignore", "-c", DOWNLOAD, str(data)], cwd=folder.parent)
    if not _take(data, folder, wanted):
        raise AssetError("the downloader left no corpora/wordnet")
    return "NLTK data package wordnet"


def data_path() -> Iterator[Path]:
    """Yield the folders in which NLTK looks, in its order; asking NLTK would import it."""
    yield from (Path(part) for part in os.environ.get("NLTK_DATA", "").split(os.pathsep) if part)
    yield Path.home() / "nltk_data"
    for prefix in (sys.prefix, f"{sys.prefix}/share", f"{sys.prefix}/lib"):
        yield Path(prefix, "nltk_data")
    for prefix in ("/usr/share", "/usr/local/share", "/usr/lib", "/usr/local/lib"):
        yield Path(prefix, "nltk_data")


def _take(data: Path, folder: Path, wanted: Set[str]) -> str:
    """Take WordNet out of an NLTK data folder; return its place there, empty if it is missing."""
    corpus, archive = data / "corpora" / "wordnet", data / "corpora" / "wordnet.zip"
    if corpus.is_dir():
        take_from_folder(data, folder, wanted)
        return str(corpus)
    if archive.is_file():
        # The archive is meant to be unpacked beside itself.
        names = {path.removeprefix("corpora/") for path in wanted}
        take_from_archive(archive, "", folder / "corpora", names)
        return str(archive)
    return ""
