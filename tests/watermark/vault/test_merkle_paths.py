import hashlib

import pytest

from pipelines.bundle.check_bundle import rise
from watermark.vault.commitment import merkle_root
from watermark.vault.merkle_paths import merkle_paths


@pytest.mark.parametrize("n", [1, 2, 3, 5, 7, 8, 13])
def test_every_leaf_rises_to_the_root_and_no_other_does(n):
    leaves = [hashlib.sha256(bytes([i])).digest() for i in range(n)]
    root, paths = merkle_root(leaves), merkle_paths(leaves, range(n))
    for i, leaf in enumerate(leaves):
        assert rise(leaf, paths[i]) == root
        assert rise(hashlib.sha256(leaf).digest(), paths[i]) != root


def test_a_leaf_that_does_not_exist_is_an_error():
    with pytest.raises(ValueError, match="below 2"):
        merkle_paths([b"a", b"b"], [2])
