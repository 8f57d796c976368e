import os

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the commands do

import pytest

from watermark.assets import find_spacy, find_wordnet
from watermark.keys import Key
from watermark.schemes.leximark_sites import LexicalResources
from watermark.substitution.acceptability import load_acceptability
from watermark.substitution.sources.wordnet import WordNetSource
from watermark.substitution.wordnet import WordNet
from watermark.text.sentences import load_english


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory):
    """Keep what tests make out of the user's cache."""
    os.environ["LEXIMARK_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def wordnet():
    return WordNet(find_wordnet())


@pytest.fixture(scope="session")
def resources(wordnet):
    source = WordNetSource(wordnet, load_acceptability("fast"))
    return LexicalResources(load_english(find_spacy()), wordnet, (source,))


@pytest.fixture
def key():
    return Key(bytes(range(32)))
