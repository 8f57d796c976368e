import hashlib

import pytest

from watermark.vault.commitment import document_leaf, merkle_root


def h(data):
    return hashlib.sha256(data).digest()


def test_the_root_of_three_leaves_by_hand():
    a, b, c = (h(b"\0" + leaf) for leaf in (b"a", b"b", b"c"))
    assert merkle_root([b"a", b"b", b"c"]) == h(b"\1" + h(b"\1" + a + b) + c)


def test_the_root_of_one_leaf_is_its_hash():
    assert merkle_root([b"a"]) == h(b"\0a")


@pytest.mark.parametrize("n", range(1, 20))
def test_every_leaf_and_its_place_matter(n):
    leaves = [bytes([i]) for i in range(n)]
    roots = {merkle_root(leaves)}
    for i in range(n):
        roots.add(merkle_root([*leaves[:i], b"x", *leaves[i + 1 :]]))
    roots.add(merkle_root([*leaves, b"y"]))
    assert len(roots) == n + 2


def test_an_empty_tree_is_refused():
    with pytest.raises(ValueError, match="needs a leaf"):
        merkle_root([])


def test_a_leaf_depends_on_its_salt():
    assert document_leaf("d", "00", b"1") != document_leaf("d", "00", b"2")


def test_a_leaf_depends_on_the_id_of_its_document():
    assert document_leaf("d", "00", b"1") != document_leaf("e", "00", b"1")
