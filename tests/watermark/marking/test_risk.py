from watermark.document import Document, Site
from watermark.marking.risk import CONTEXT, PLACES, RiskOrder, sentence_around


def site(text, original, candidate, fit=None, document="d", start=None):
    fits = () if fit is None else (1.0, fit)
    start = text.index(original) if start is None else start
    return Site(document, start, original, (original, candidate), "draw", fits)


def order_of(*sites, text="one large dog", accepted=frozenset()):
    order = RiskOrder(accepted)
    for one in sites:
        order.add(Document(one.document_id, text), [one])
    return order.groups()


def test_the_least_acceptable_pair_comes_first_and_has_the_fit_of_its_worst_site():
    text = "a large house and tall trees and big dogs"
    groups = order_of(
        site(text, "large", "ample", 0.9),
        site(text, "tall", "lofty", 0.7),
        site(text, "large", "ample", 0.2, "e"),
        site(text, "big", "vast"),
        text=text,
    )
    assert [group.pair for group in groups] == [
        ("ample", "large"),
        ("lofty", "tall"),
        ("big", "vast"),
    ]
    assert [group.fit for group in groups] == [0.2, 0.7, None]
    assert (groups[0].n_sites, groups[0].documents) == (2, 2)
    assert [place.fit for place in groups[0].places] == [0.2, 0.9]


def test_forms_and_directions_of_a_pair_are_one_group():
    text = "hackers met a hacker and golfers"
    groups = order_of(
        site(text, "hackers", "golfers", 0.5),
        site(text, "golfers", "hackers", 0.6),
        site(text, "a hacker", "a golfer", 0.7),
        text=text,
    )
    assert [(group.pair, group.n_sites) for group in groups] == [(("golfer", "hacker"), 3)]


def test_accepted_pairs_come_last():
    text = "large tall"
    sites = site(text, "large", "ample", 0.1), site(text, "tall", "lofty", 0.9)
    groups = order_of(*sites, text=text, accepted={("ample", "large")})
    assert [group.accepted for group in groups] == [False, True]


def test_every_pair_of_a_site_with_several_candidates_is_a_group():
    one = Site("d", 4, "large", ("large", "ample", "bulky"), "draw", (1.0, 0.4, 0.3))
    groups = order_of(one)
    assert [(group.pair, group.fit) for group in groups] == [
        (("bulky", "large"), 0.3),
        (("ample", "large"), 0.4),
    ]


def test_spellings_of_one_word_are_a_pair_of_spellings_and_insertions_are_none():
    text = "she travelled home"
    groups = order_of(
        site(text, "travelled", "traveled", 0.5), Site("d", 0, "", ("x", "y"), "draw"), text=text
    )
    assert [group.pair for group in groups] == [("traveled", "travelled")]


def test_only_the_least_acceptable_sites_of_a_pair_are_kept():
    sites = [site("one large dog", "large", "ample", i / 100, f"d{i}") for i in range(50, 0, -1)]
    (group,) = order_of(*sites)
    assert (group.n_sites, len(group.places)) == (50, PLACES)
    assert [place.fit for place in group.places] == [i / 100 for i in range(1, PLACES + 1)]


def test_of_equal_sites_the_first_are_kept():
    sites = [site("one large dog", "large", "ample", 0.5, f"d{i}") for i in range(50)]
    (group,) = order_of(*sites)
    assert [place.site.document_id for place in group.places] == [f"d{i}" for i in range(PLACES)]


def test_the_sentence_around_a_site_is_shown():
    text = 'First one. "Second!" Third has a large dog in it. Fourth.\nFifth'
    start = text.index("large")
    assert sentence_around(text, start, start + 5) == ("Third has a ", " dog in it.")
    long = "x" * 1000 + "large" + "y" * 1000
    before, after = sentence_around(long, 1000, 1005)
    assert (len(before), len(after)) == (CONTEXT, CONTEXT)
