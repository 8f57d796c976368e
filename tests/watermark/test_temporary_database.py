import os
from contextlib import closing

from watermark.temporary_database import CACHE_KIB, temporary_database


def test_what_exceeds_the_cache_goes_to_a_nameless_file_that_goes_with_the_database():
    before = len(os.listdir("/dev/fd"))
    with closing(temporary_database()) as database:
        assert database.execute("PRAGMA cache_size").fetchone() == (-CACHE_KIB,)
        database.execute("PRAGMA cache_size = 10")  # pages
        database.execute("CREATE TABLE numbers (n INT)")
        database.execute("BEGIN")
        database.executemany("INSERT INTO numbers VALUES (?)", ((n,) for n in range(20_000)))
        assert len(os.listdir("/dev/fd")) == before + 1
        assert database.execute("SELECT count(*) FROM numbers").fetchone() == (20_000,)
    assert len(os.listdir("/dev/fd")) == before
