import hashlib

import numpy as np
import pytest
from scipy.stats import binomtest, chisquare

from watermark.draws import CERTAIN, PASSAGE_CHARACTERS, Allotment, coin_name, split_coin

PAIR = "buy.v:buy|purchase"


def sha(text):
    return hashlib.sha256(text.encode()).hexdigest()


def test_a_coin_is_the_documented_hash():
    digest = hashlib.sha256(f"leximark/coin\0{PAIR}\0{sha('a text')}\0{2}".encode()).digest()
    coin = int(digest[8:16].hex(), 16) % 7
    assert coin_name(PAIR, Allotment(7), sha("a text"), 45_000) == f"{PAIR}#{coin}/7"
    share = int(digest[:8].hex(), 16)
    assert coin_name(PAIR, Allotment(7, share), sha("a text"), 45_000) is None
    assert coin_name(PAIR, Allotment(7, share + 1), sha("a text"), 45_000)


def test_within_a_passage_a_pair_has_one_coin():
    names = {
        coin_name(PAIR, Allotment(1000, CERTAIN // 2), sha("b"), start)
        for start in range(0, PASSAGE_CHARACTERS, 997)
    }
    assert len(names) == 1


def test_coins_and_share_spread_evenly_over_texts_and_passages():
    pair = Allotment(5, CERTAIN // 4)
    found = [
        coin_name(PAIR, pair, sha(str(i // 10)), PASSAGE_CHARACTERS * (i % 10))
        for i in range(8_000)
    ]
    kept = [name for name in found if name is not None]
    assert binomtest(len(kept), 8_000, 0.25).pvalue > 0.001
    counts = np.unique(kept, return_counts=True)[1]
    assert len(counts) == 5
    assert chisquare(counts).pvalue > 0.001


@pytest.mark.parametrize("pair", [PAIR, "c#.n:c#|c#3/4", "1/a.n:a|b", "line\nend.n:x|y"])
def test_the_name_of_a_coin_says_its_pair(pair):
    name = coin_name(pair, Allotment(12), sha("c"), 0)
    assert name is not None
    assert split_coin(name) == (pair, 12)


@pytest.mark.parametrize("name", [PAIR, "published", f"{PAIR}#1/0", f"{PAIR}#1/", "#1/2", ""])
def test_other_names_are_not_those_of_coins(name):
    assert split_coin(name) is None
