"""Files of WordNet that are read without NLTK."""

import re
from itertools import islice
from pathlib import Path

from watermark.errors import AssetError

LICENCE_LINES = 30
"""How many lines at the head of a file may be the licence, which names the version."""


def read_version(folder: Path) -> str:
    """Return the version of a WordNet, such as 3.0, from the licence at the head of its files.

    Raises:
        AssetError: The files cannot be read, or name no version.
    """
    try:
        with (folder / "data.adj").open(encoding="utf-8") as file:
            head = "".join(islice(file, LICENCE_LINES))
    except (OSError, UnicodeDecodeError) as error:
        raise AssetError(
            f"WordNet cannot be read from {folder} ({error}): run `leximark assets`"
        ) from error
    found = re.search(r"Word[nN]et (\d+(?:\.\d+)?) Copyright", head)
    if found is None:
        raise AssetError(f"{folder / 'data.adj'} names no version: run `leximark assets`")
    return found[1]


def read_counts(folder: Path) -> dict[str, int]:
    """Read how often each sense was tagged; NLTK searches the file anew for every word."""
    with (folder / "cntlist.rev").open(encoding="ascii") as file:
        return {key: int(count) for key, _, count in map(str.split, file)}
