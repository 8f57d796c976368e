import hashlib
import hmac
import stat
import tracemalloc

import numpy as np
import pytest
from scipy.stats import chisquare

from watermark import keys
from watermark.errors import ToolkitError, VaultError
from watermark.keys import Key, limit_of_share, new_key, read_key, write_key
from watermark.temporary_database import temporary_database


def test_a_draw_is_the_documented_hmac(key):
    digest = hmac.new(bytes(range(32)), b"leximark/draw\0buy.v:buy|purchase", hashlib.sha256)
    assert key.draw("buy.v:buy|purchase", 2) == int(digest.hexdigest(), 16) % 2


def test_draws_are_uniform_over_names(key):
    counts = np.bincount([key.draw(f"word {i}", 3) for i in range(6000)], minlength=3)
    assert chisquare(counts).pvalue > 0.001


def test_draws_of_one_name_are_uniform_over_keys():
    counts = np.bincount([new_key().draw("buy", 2) for _ in range(4000)], minlength=2)
    assert chisquare(counts).pvalue > 1e-6


def test_purposes_do_not_share_digests(key):
    assert key.digest("draw", "a") != key.digest("salt", "a")


def test_the_secret_is_in_no_repr(key):
    assert repr(key) == "Key()"


def test_a_written_key_is_read_back_and_only_its_owner_may_read_it(tmp_path):
    path, key = tmp_path / "key", new_key()
    write_key(path, key)
    assert read_key(path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_existing_key_is_never_replaced(tmp_path, key):
    path = tmp_path / "key"
    write_key(path, key)
    with pytest.raises(FileExistsError):
        write_key(path, new_key())
    assert read_key(path) == key


def test_a_file_of_another_size_is_not_a_key(tmp_path):
    path = tmp_path / "key"
    path.write_bytes(b"short")
    with pytest.raises(VaultError, match="wanted 32 raw bytes, found 5"):
        read_key(path)


def test_a_missing_key_file_is_named(tmp_path):
    with pytest.raises(VaultError, match="nowhere: the key cannot be read"):
        read_key(tmp_path / "nowhere")


def test_the_commitment_binds_to_the_key(key):
    assert key.commitment() == Key(bytes(range(32))).commitment()
    assert key.commitment() != new_key().commitment()
    assert bytes(range(32)).hex() not in key.commitment()


def test_a_derived_key_is_the_documented_hmac(key):
    message = b"leximark/sub-key\0edition\0acme"
    wanted = hmac.new(bytes(range(32)), message, hashlib.sha256).digest()
    assert key.derive("edition", "acme") == Key(wanted)


def test_derived_keys_of_other_kinds_labels_and_owners_are_others(key):
    made = {
        owner.derive(kind, label).secret
        for owner in (key, new_key())
        for kind in ("edition", "instalment")
        for label in ("acme", "acme2")
    }
    assert len(made | {key.secret}) == 9


def test_draws_of_derived_keys_are_uniform_and_agree_with_the_owner_by_chance_alone():
    owners = [new_key() for _ in range(4000)]
    own = [key.draw("buy", 2) for key in owners]
    theirs = [key.derive("edition", "acme").draw("buy", 2) for key in owners]
    table = np.histogram2d(own, theirs, bins=2)[0]
    assert chisquare(table.ravel()).pvalue > 1e-6


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 1])
def test_the_share_lies_below_the_limit_and_repetitions_count_once(share):
    drawn = [0, 2**64 - 1, *np.random.default_rng(0).integers(0, 2**64, 98, np.uint64).tolist()]
    limit = limit_of_share((each for each in drawn * 2 + drawn[:20]), share)
    assert sum(each < limit for each in drawn) == round(100 * share)


def test_a_limit_of_few_fractions():
    assert limit_of_share([], 0.5) == 2**64
    assert limit_of_share([7], 0.1) == 7  # none of one
    assert limit_of_share([7, 2**63 - 1, 2**63], 0.67) == 2**63  # two of three


def test_memory_of_the_limit_does_not_grow_with_the_number_of_fractions():
    rng = np.random.default_rng(0)
    tracemalloc.start()
    try:
        limit_of_share((int(rng.integers(0, 2**64, dtype=np.uint64)) for _ in range(30_000)), 0.1)
        assert tracemalloc.get_traced_memory()[1] < 30_000  # bytes: less than one for each
    finally:
        tracemalloc.stop()


def test_a_full_temporary_folder_is_named(monkeypatch):
    def small():
        database = temporary_database()
        database.execute("PRAGMA max_page_count = 3")
        return database

    monkeypatch.setattr(keys, "temporary_database", small)
    with pytest.raises(ToolkitError, match=r"hold-out do not fit into the temporary folder .*full"):
        limit_of_share(range(10_000), 0.1)


def test_the_number_below_the_limit_is_rounded_to_the_nearest():
    assert limit_of_share([7, 8, 9], 0.5) == 9  # two of three: 1.5 is rounded to the even number
    assert limit_of_share([7, 8, 9], 0.6) == 9  # 1.8
