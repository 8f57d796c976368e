"""Where language data lives on this machine. Nothing here fetches anything.

Every asset is a folder of its own under `asset_dir()`, put there whole by `leximark assets` after
its hashes were checked. The receipt is part of the folder: a folder without one is not an asset.
"""

import os
from pathlib import Path

from platformdirs import user_cache_path

from watermark.errors import AssetError

PUBLIC_LANGUAGE_MODELS = ("smollm2-135m",)
"""Assets that serve as references where nobody names one: public language models, fixed by hash and
older than this program, so that no mark of its can be in them."""
RECEIPT = "asset.json"
"""The file in each asset's folder that records its name, source and hashes."""


def asset_dir() -> Path:
    """Return the folder of all assets: `LEXIMARK_ASSETS` if set, else in the user's cache."""
    chosen = os.environ.get("LEXIMARK_ASSETS")
    return Path(chosen).expanduser().absolute() if chosen else user_cache_path("leximark")


def find_wordnet() -> Path:
    """Return the folder of the WordNet 3.0 database, with every file that NLTK's reader wants.

    NLTK reads from a folder only if it is on `nltk.data.path`, or inside one that is.

    Raises:
        AssetError: It is not there.
    """
    return _find("wordnet", "leximark assets") / "corpora" / "wordnet"


def find_spacy() -> Path:
    """Return the folder of the English spaCy pipeline, to be passed to `spacy.load`.

    Raises:
        AssetError: It is not there.
    """
    return _find("spacy-en", "leximark assets")


def find_texts() -> Path:
    """Return the folder of the corpora that the experiments read.

    Raises:
        AssetError: It is not there.
    """
    return _find("texts", "leximark assets --only texts")


def find_model(name: str) -> Path:
    """Return the folder of an optional model: `smollm2-135m` or `minilm`.

    Both are plain safetensors folders, to be loaded with `local_files_only=True`.

    Raises:
        AssetError: It is not there.
    """
    return _find(name, f"leximark assets --only {name}")


def _find(name: str, command: str) -> Path:
    folder = asset_dir() / name
    if not (folder / RECEIPT).is_file():
        raise AssetError(f"{name}: not found in {asset_dir()}; run `{command}` to fetch it")
    return folder
