import re

import pytest

from watermark.document import Document
from watermark.marking.codebook import choose_published, published_choice
from watermark.schemes.leximark import LexiMark
from watermark.schemes.leximark_sites import find_sites
from watermark.text.rarity import rarity_bits

TEXT = (
    "The committee purchased a large building near the old harbour, and the workers began to "
    "repair the broken windows. Many people complained that the noise was terrible. "
    "They wanted to finish the difficult job before the first snow fell."
)


def sites(resources, text=TEXT, **settings):
    (found,) = find_sites(resources, [Document("d", text)], LexiMark(**settings))
    return found


def test_a_site_holds_the_original_and_a_rarer_word(resources):
    found = sites(resources, words_per_sentence=5)
    assert len(found) >= 5
    for site in found:
        assert TEXT[site.start : site.end] == site.original == site.candidates[0]
        rarities = [rarity_bits(candidate.split()[-1]) for candidate in site.candidates]
        assert len(rarities) == 2
        assert rarities[1] > rarities[0]


def test_k_limits_the_sites_of_a_sentence_to_its_rarest_words(resources):
    all_of_them = sites(resources, words_per_sentence=50)
    two = sites(resources, words_per_sentence=2)
    for start, end in [m.span() for m in re.finditer(r"[^.]+\.", TEXT)]:
        mine = [s for s in all_of_them if start <= s.start < end]
        kept = [s for s in two if start <= s.start < end]
        assert len(kept) == min(2, len(mine))
        rarest = sorted(mine, key=lambda s: -rarity_bits(s.original.split()[-1]))[:2]
        assert {s.start for s in kept} == {s.start for s in rarest}


def test_variants_come_before_words_and_count(resources):
    text = "He believed that they had purchased a large building near the old harbour."
    words = [s.start for s in sites(resources, text, words_per_sentence=2)]
    with_variants = sites(resources, text, words_per_sentence=2, variants=("that_clauses",))
    assert [s.original for s in with_variants if s.draw.startswith("variant/")] == ["believed that"]
    assert len(with_variants) == 2
    assert sum(s.start in words for s in with_variants) == 1


def test_without_the_original_every_candidate_is_another_word(resources):
    found = sites(resources, keep_original=False, fit=LexiMark().fit)
    for site in found:
        assert len(set(site.candidates)) == 2
        assert site.original not in site.candidates


def test_scope_word_shares_draws_and_scope_site_does_not(resources):
    text = "The doctor helped the sick child. She helped an old woman. They helped each other."
    shared = [s.draw for s in sites(resources, text) if s.original == "helped"]
    assert len(shared) == 3
    assert len(set(shared)) == 1
    own = [s.draw for s in sites(resources, text, scope="site") if s.original == "helped"]
    assert len(set(own)) == 3


def test_the_article_is_part_of_the_site_when_it_must_change(resources):
    text = "She examined the enormous horse. An enormous horse stood nearby."
    by_word = {s.original: s.candidates for s in sites(resources, text, words_per_sentence=9)}
    assert by_word["enormous"] == ("enormous", "tremendous")
    assert by_word["An enormous"] == ("An enormous", "A tremendous")


def test_protected_words_are_neither_replaced_nor_put_in(resources):
    before = sites(resources)
    gone = before[0]
    word = gone.original.split()[-1].lower()
    assert gone.start not in {s.start for s in sites(resources, protected_words=frozenset({word}))}
    rival = before[1].candidates[1].split()[-1].lower()
    after = sites(resources, protected_words=frozenset({rival}))
    assert all(rival not in " ".join(s.candidates).lower().split() for s in after)


def test_short_and_common_words_are_left_alone(resources):
    for site in sites(resources, min_letters=8, min_rarity_bits=12.0):
        word = site.original.split()[-1]
        assert len(word) >= 8
        assert rarity_bits(word) >= 12.0


def test_headings_and_fragments_are_not_prose(resources):
    assert sites(resources, "Large terrible houses") == []


def test_the_rule_published_settles_on_the_rarest_word_for_the_whole_corpus(resources):
    found = sites(resources, rule="published", words_per_sentence=20)
    settled = choose_published(found)
    assert settled == choose_published(found[::-1])
    for site in found:
        choice = published_choice(site, settled)
        assert choice is not None
        rarest = max(site.candidates, key=lambda w: rarity_bits(w.split()[-1]))
        assert site.candidates[choice] == rarest  # every word comes once in this text


@pytest.mark.parametrize(
    "settings", [{"n_candidates": 1}, {"words_per_sentence": 0}, {"sites_per_coin": 0}]
)
def test_settings_that_mark_nothing_are_refused(settings):
    with pytest.raises(ValueError, match="or more"):
        LexiMark(**settings)


def test_the_order_of_the_documents_does_not_matter(resources):
    documents = [Document(str(i), s.strip() + ".") for i, s in enumerate(TEXT.split("."))][:3]
    settings = LexiMark()
    forward = list(find_sites(resources, documents, settings))
    assert list(find_sites(resources, documents[::-1], settings)) == forward[::-1]


def rarities(found):
    return [rarity_bits(site.original.split()[-1]) for site in found]


def test_the_ablations_choose_other_words(resources):
    rarest, commonest = (
        sites(resources, words_per_sentence=1),
        sites(resources, words_per_sentence=1, select="commonest"),
    )
    assert sum(rarities(commonest)) < sum(rarities(rarest))
    texts = [Document("d", " " * i + TEXT) for i in range(6)]
    by_chance = {tuple(s.original for s in find_one(resources, text)) for text in texts}
    assert len(by_chance) > 1


def find_one(resources, document):
    scheme = LexiMark(words_per_sentence=1, select="random")
    return next(find_sites(resources, [document], scheme))


def test_a_percentage_of_the_words_is_taken_instead_of_k(resources):
    few, many = (sites(resources, percentage=share) for share in (0.05, 1.0))
    assert len(few) == 3  # one a sentence at least
    assert many == sites(resources, words_per_sentence=50)


@pytest.mark.parametrize("wrong", [{"share": 0.0}, {"percentage": 1.5}, {"select": "longest"}])
def test_ablations_that_are_none_are_refused(wrong):
    with pytest.raises(ValueError, match="must"):
        LexiMark(**wrong)


@pytest.mark.parametrize("bits", [float("nan"), float("inf"), -1.0])
def test_a_rarity_that_is_none_is_refused(bits):
    with pytest.raises(ValueError, match="min_rarity_bits"):
        LexiMark(min_rarity_bits=bits)
