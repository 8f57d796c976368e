"""The curve of strictness: its shortcut gives the same sites, and its row is what marking does."""

from dataclasses import replace
from itertools import islice

from pipelines.experiments.standalone.strictness import (
    RememberingParser,
    RememberingSource,
    is_within,
)
from pipelines.jobs.mark import make_leximark
from pipelines.loading.candidate_sources import load_lexical_resources
from pipelines.loading.embedded_text import paragraphs
from watermark.document import Document
from watermark.schemes.leximark import LexiMark
from watermark.schemes.leximark_sites import find_sites


def test_a_remembered_place_gives_the_sites_of_each_threshold():
    documents = [Document(f"d{i}", text) for i, text in enumerate(islice(paragraphs(), 12))]
    usual = load_lexical_resources(LexiMark(sources=("wordnet",)))
    source = RememberingSource(usual.sources[0])
    parser = RememberingParser(usual.nlp)
    remembering = replace(usual, nlp=parser, sources=(source,))
    numbers = []
    for least in (0.3, 0.9, 0.5):
        scheme = make_leximark()
        scheme = replace(scheme, fit=replace(scheme.fit, min_fit=least), words_per_sentence=3)
        plain = list(find_sites(usual, documents, scheme))
        assert list(find_sites(remembering, documents, scheme)) == plain
        words = [(d, s) for d, some in zip(documents, plain, strict=True) for s in some]
        words = [(d, s) for d, s in words if not s.draw.startswith("variant/")]
        assert all(least <= source.chance(d, s) <= 1 for d, s in words)
        numbers.append(len(words))
    assert numbers[0] > numbers[2] >= numbers[1]


def test_a_setting_keeps_to_all_limits_or_is_not_marked():
    good = {"changed_per_100_words": 2.5, "similarity_median": 0.995, "documents_needed": 20}
    assert is_within(good)
    assert not is_within(good | {"changed_per_100_words": 2.6})
    assert not is_within(good | {"similarity_median": 0.994})
    assert not is_within(good | {"documents_needed": 21})
