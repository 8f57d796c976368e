import pytest

from tests.support.marked_news import write_news
from watermark.keys import write_key


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "news.jsonl"
    write_news(path)
    return path


@pytest.fixture
def key_file(tmp_path, key):
    write_key(tmp_path / "owner.key", key)
    return tmp_path / "owner.key"
