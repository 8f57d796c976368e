"""A small corpus of news, and how tests mark it."""

import filecmp
import json

import numpy as np

from watermark.corpus import open_corpus
from watermark.marking.mark import Intent, mark_corpus
from watermark.schemes.leximark import LexiMark
from watermark.schemes.leximark_sites import find_sites

PROSE = [
    "The committee purchased a large building near the old harbour.",
    "Workers began to repair the broken windows, and many people complained about the noise.",
    "She examined the sick child.  A sick horse stood nearby.",
    "They wanted to finish the difficult job before the first snow fell.",
    "\tThe terrible storm destroyed the harvest and frightened the animals;",
    "Nobody answered the letter that the angry customer had written to the company.",
]


def write_news(path):
    """Write forty documents of a few lines."""
    rng = np.random.default_rng(0)
    with path.open("w", encoding="utf-8") as file:
        for i in range(40):
            text = "\n".join(rng.permutation(PROSE)[: 2 + i % 4])
            file.write(json.dumps({"id": f"n{i}", "text": text, "year": 2000 + i}) + "\n")


def run(corpus, folder, resources, key_file, intent=None, source=None):
    intent = intent or Intent(LexiMark())
    assert isinstance(intent.scheme, LexiMark)
    scheme = intent.scheme
    return mark_corpus(
        source or open_corpus(corpus, id_column="id"),
        folder / "published",
        folder / "vault",
        intent,
        lambda batch: find_sites(resources, batch, scheme),
        made_with={"leximark": "test"},
        key_file=key_file,
    )


def assert_same_tree(one, other):
    names = sorted(str(p.relative_to(one)) for p in one.rglob("*") if p.is_file())
    found = sorted(str(p.relative_to(other)) for p in other.rglob("*") if p.is_file())
    assert [n for n in found if n != "news.jsonl"] == [n for n in names if n != "news.jsonl"]
    for name in names:
        assert filecmp.cmp(one / name, other / name, shallow=False), name
