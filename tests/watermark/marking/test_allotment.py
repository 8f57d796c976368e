import numpy as np
import pytest

from watermark.document import Site
from watermark.draws import CERTAIN, Allotment
from watermark.marking.allotment import Tally, allot_coins
from watermark.scheme import Scheme
from watermark.schemes.leximark import LexiMark
from watermark.schemes.random_sequence import RandomSequence
from watermark.text.rarity import rarity_bits

PAIR = "buy.v:buy|purchase"
MANY = 10**12
"""So many words that no replacement comes near its natural frequency."""


def sites(n, word="buy", rival="purchase", draw=PAIR):
    return [Site("d", 0, word, (word, rival), draw)] * n


def settled(n_words, some, scheme: Scheme = LexiMark()):
    tally = Tally()
    tally.add(n_words, some, scheme)
    return allot_coins(tally, scheme)


@pytest.mark.parametrize(("n", "coins"), [(1, 1), (16, 1), (17, 2), (32, 2), (33, 3), (1600, 100)])
def test_a_pair_has_as_many_coins_as_keep_the_sites_of_each_at_sixteen(n, coins):
    assert settled(MANY, sites(n)) == {PAIR: Allotment(coins, CERTAIN)}


@pytest.mark.parametrize("ratio", [2.0, 3.0])
def test_a_replacement_becomes_at_most_a_multiple_of_its_natural_frequency(ratio):
    n_words, n = 10_000_000, 100_000
    natural = n_words * (2 ** -rarity_bits("purchase") + 2 ** -rarity_bits("purchased"))
    some = sites(n // 2) + sites(n // 2, "Bought", "Purchased")
    (found,) = settled(n_words, some, LexiMark(max_frequency_ratio=ratio)).values()
    added = n * found.limit / CERTAIN / 2  # the coin puts it at half of the sites
    assert added == pytest.approx((ratio - 1) * natural)
    assert found.n_coins == pytest.approx(2 * added / 16, abs=1)


def test_pairs_that_put_in_one_word_share_its_frequency():
    n_words = 10_000_000
    both = sites(30_000) + sites(60_000, "get", "purchase", "get.v:get|purchase")
    added = sum(
        n * found.limit / CERTAIN / 2
        for n, found in zip((30_000, 60_000), settled(n_words, both).values(), strict=True)
    )
    assert added == pytest.approx(n_words * 2 ** -rarity_bits("purchase"))


def test_one_coin_of_sites_is_marked_however_rare_the_word():
    assert settled(1_000, sites(16)) == {PAIR: Allotment(1, CERTAIN)}
    assert settled(1_000, sites(64)) == {PAIR: Allotment(1, CERTAIN // 4)}


def test_the_tally_adds_up_over_parts_in_any_order():
    rng = np.random.default_rng(0)
    words = ("purchase", "acquire", "procure")
    parts = [
        (int(rng.integers(10**6)), sites(int(rng.integers(99)), "buy", w, f"buy:{w}"))
        for w in words * 9
    ]
    wanted = settled(sum(n for n, _ in parts), [s for _, some in parts for s in some])
    for _ in range(5):
        rng.shuffle(parts)
        whole = Tally()
        for n_words, some in parts:
            part = Tally()
            part.add(n_words, some, LexiMark())
            whole.merge(part)
        assert allot_coins(whole, LexiMark()) == wanted


def test_draws_that_do_not_grow_are_not_counted():
    tally = Tally()
    tally.add(3, [Site("d", 0, "", ("a", "b"), "sequence:0")], RandomSequence())
    tally.add(3, sites(3), LexiMark(scope="site"))
    tally.add(3, sites(3), LexiMark(rule="published"))
    assert not tally.n_sites


def test_the_rarest_replacement_of_a_pair_limits_its_share():
    words = ("buy", "purchase", "procure")
    n_words, n = 100_000_000, 100_000
    assert rarity_bits("procure") > rarity_bits("purchase") + 3
    (found,) = settled(n_words, [Site("d", 0, "buy", words, PAIR)] * n).values()
    added = n * found.limit / CERTAIN / 3  # the coin puts it at a third of the sites
    assert added == pytest.approx(n_words * 2 ** -rarity_bits("procure"))
