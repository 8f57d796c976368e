import json

import pytest

from watermark.corpus import open_corpus
from watermark.document import Site
from watermark.marking.mark import Intent, mark_corpus
from watermark.schemes.leximark import LexiMark


def find(batch):
    for document in batch:
        yield [
            Site(document.id, 0, "buy", ("buy", "purchase"), f"buy {document.id}"),
            Site(document.id, 8, "large", ("large", "sizeable"), "large"),
        ]


@pytest.fixture
def vault(tmp_path):
    corpus = tmp_path / "corpus.jsonl"
    rows = [{"id": f"d{i}", "text": f"buy the large house {i}"} for i in range(20)]
    corpus.write_text("".join(json.dumps(row) + "\n" for row in rows))
    mark_corpus(
        open_corpus(corpus, id_column="id"),
        tmp_path / "published",
        tmp_path / "vault",
        Intent(LexiMark(sites_per_coin=20)),
        find,
        made_with={},
    )
    return tmp_path / "vault"
