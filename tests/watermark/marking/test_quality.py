import numpy as np
import pytest

from watermark.document import Document, Site, apply_choices
from watermark.marking.quality import (
    Pair,
    changed_sentences,
    compressed_share,
    count_changes,
    deduplication,
    flesch,
    overlap_scores,
    readability,
)

TEXT = "The cat sat. A dog ran off! Nobody saw it."


def pair(text, *edits, chosen=1):
    document = Document("d", text)
    sites = []
    for original, candidate in edits:
        start = text.index(original) if original else len(text)
        sites.append(Site("d", start, original, (original, candidate), candidate))
    return Pair(document, apply_choices(document, sites, [chosen] * len(sites)))


def test_sentences_that_changed_are_yielded_with_what_became_of_them():
    made = pair(TEXT, ("cat", "feline"), ("sat", "perched"), ("it", "that"), ("", " xyz"))
    assert list(changed_sentences(made)) == [
        ("The cat sat.", "The feline perched."),
        ("Nobody saw it.", "Nobody saw that."),
    ]
    assert list(changed_sentences(pair(TEXT, ("cat", "feline"), chosen=0))) == []


def test_changes_are_counted_by_word_sentence_and_document():
    found = count_changes([pair(TEXT, ("cat", "feline"), ("", " xyz")), pair(TEXT)])
    assert found["changed_sites"] == 2
    assert found["changed_sites_per_100_words"] == pytest.approx(100 * 2 / 20)
    assert found["changed_sites_per_sentence"] == pytest.approx(2 / 6)
    assert found["changed_sites_per_document"]["most"] == 2
    assert found["unchanged_documents"] == 0.5
    assert found["inserted_characters_per_document"] == 2  # 4 of 2 documents


def test_overlap_with_itself_is_complete_and_a_change_costs():
    same, other = overlap_scores([pair(TEXT)]), overlap_scores([pair(TEXT, ("cat", "feline"))])
    assert same == {"bleu": pytest.approx(100), "chrf": pytest.approx(100)}
    assert 50 < other["bleu"] < 95
    assert 50 < other["chrf"] < 100


def test_reading_ease_by_hand():
    # 10 words in 3 sentences, one syllable each but for "Nobody": pyphen cuts No-body
    words = 206.835 - 1.015 * 10 / 3 - 84.6 * 11 / 10
    assert flesch(TEXT) == pytest.approx(words)
    assert np.isnan(flesch("1 \n"[1:]))
    assert readability([pair("...")]) == {}
    assert readability([pair(TEXT, ("cat", "committee"))])["flesch_change"] < 0


def test_deduplication_takes_a_light_mark_for_the_original_and_a_heavy_one_not():
    words = [f"word{i}" for i in range(400)]
    light = pair(" ".join(words), ("word200", "other"))
    every_third = [(f"word{i}", f"other{i}") for i in range(100, 400, 3)]
    heavy = pair(" ".join(words), *every_third)
    assert deduplication([light])["survive_minhash"] == 0
    assert deduplication([heavy])["survive_minhash"] == 1
    # 5 of 396 grams differ: the Jaccard similarity is 391 / 401
    assert deduplication([light])["jaccard_median"] == pytest.approx(391 / 401, abs=0.05)
    assert deduplication([light, pair(TEXT)])["survive_exact"] == 0.5


def test_repetition_compresses():
    assert compressed_share("abc" * 100) < 0.1 < compressed_share("q8Z&x1Lp")
