"""Files of a repository on the Hugging Face hub at one revision: from its cache, or downloaded."""

import sys
import urllib.request
from collections.abc import Set
from pathlib import Path
from shutil import copyfile, rmtree
from urllib.error import HTTPError

from pipelines.assets.install import Source
from pipelines.assets.programs import run
from watermark.errors import AssetError

DOWNLOAD = """\
import sys
from huggingface_hub import hf_hub_download
repository, revision, folder, *names = sys.argv[1:]
for name in names:
    hf_hub_download(repository, name, revision=revision, local_dir=folder)
"""
# In a process of its own: what the client raises depends on the HTTP library of its version.

ANSWER_SECONDS = 5
"""How long the hub may take to answer before it counts as out of reach."""


def hub_cache(repository: str, revision: str) -> Source:
    """Return what the hub's cache on this machine has of a repository."""

    def fetch(folder: Path, wanted: Set[str]) -> str:
        from huggingface_hub import try_to_load_from_cache

        for name in sorted(wanted):
            cached = try_to_load_from_cache(repository, name, revision=revision)
            if not isinstance(cached, str):
                raise AssetError(f"{name} of {repository} is not in the cache")
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            copyfile(cached, folder / name)
        return f"hub cache, {repository} at {revision}"

    return Source("the hub's cache", fetch)


def hub(repository: str, revision: str) -> Source:
    """Return a repository on the hub."""

    def fetch(folder: Path, wanted: Set[str]) -> str:
        from huggingface_hub import constants

        if constants.HF_HUB_OFFLINE:
            raise AssetError("HF_HUB_OFFLINE is set")
        _knock(constants.ENDPOINT)
        arguments = [repository, revision, str(folder), *sorted(wanted)]
        run([sys.executable, "-W", "ignore", "-c", DOWNLOAD, *arguments], cwd=folder.parent)
        rmtree(folder / ".cache", ignore_errors=True)  # the downloader's own notes
        return f"hub, {repository} at {revision}"

    return Source("the hub", fetch)


def _knock(endpoint: str) -> None:
    """Check within seconds whether the hub can be reached: its client retries for half a minute."""
    request = urllib.request.Request(endpoint, method="HEAD")
    try:
        urllib.request.urlopen(request, timeout=ANSWER_SECONDS).close()
    except HTTPError as answer:
        answer.close()  # any status is an answer
    except OSError as error:
        raise AssetError(f"{endpoint} does not answer: {error}") from error
