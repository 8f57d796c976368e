import os

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the commands do
os.environ.setdefault("OMP_NUM_THREADS", "1")  # the tests run in several processes

import pytest

from pipelines.loading.candidate_sources import load_lexical_resources
from watermark.keys import Key
from watermark.schemes.leximark import LexiMark


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory):
    """Keep what tests make out of the user's cache."""
    os.environ["LEXIMARK_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def resources():
    return load_lexical_resources(LexiMark(sources=("wordnet",)))


@pytest.fixture(scope="session")
def wordnet(resources):
    return resources.wordnet


@pytest.fixture
def key():
    return Key(bytes(range(32)))
