import hashlib

import pytest
from scipy.stats import binomtest

from watermark.document import Document, Site
from watermark.scheme import check_share, sites_of_share, takes_part


def test_a_public_hash_decides_who_takes_part():
    digest = hashlib.sha256(b"leximark/share\0a").hexdigest()
    share = int(digest[:16], 16) / 2**64  # of "a": it takes part in all larger shares
    assert not takes_part("a", share - 1e-9)
    assert takes_part("a", share + 1e-9)


def test_about_the_share_takes_part_and_a_larger_share_keeps_them():
    names = [f"d{i}" for i in range(2_000)]
    third = {name for name in names if takes_part(name, 0.3)}
    assert binomtest(len(third), 2_000, 0.3).pvalue > 0.001
    assert third < {name for name in names if takes_part(name, 0.5)}
    assert all(takes_part(name, 1.0) for name in names)


def test_those_left_out_have_no_sites_and_are_not_looked_at():
    documents = [Document(f"d{i}", f"text {i}") for i in range(20)]
    seen = []

    def find(some):
        for document in some:
            seen.append(document.id)
            yield [Site(document.id, 0, "text", ("text", "prose"), document.id)]

    found = list(sites_of_share(documents, 0.5, find))
    inside = [document.id for document in documents if takes_part(document.text, 0.5)]
    assert seen == inside
    assert 0 < len(inside) < 20
    for document, sites in zip(documents, found, strict=True):
        assert [site.document_id for site in sites] == [document.id] * (document.id in inside)


@pytest.mark.parametrize("share", [0.0, -0.1, 1.1, float("nan")])
def test_an_invalid_share_is_refused(share):
    with pytest.raises(ValueError, match="share must lie in"):
        check_share(share)
