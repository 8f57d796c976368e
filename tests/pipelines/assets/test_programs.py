import os
import sys

import pytest

from pipelines.assets.programs import run
from watermark.errors import AssetError


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def complaint_of(stderr: str, tmp_path) -> str:
    with pytest.raises(AssetError) as caught:
        run(python(f"import sys; sys.exit({stderr!r})"), cwd=tmp_path)
    return str(caught.value)


def test_what_a_program_prints_is_returned(tmp_path):
    assert run(python("import os; print(os.getcwd())"), cwd=tmp_path) == f"{tmp_path}\n"


@pytest.fixture
def typed_ahead():
    """What stands in our own standard input is not for the programs that we run."""
    ours, (read, write) = os.dup(0), os.pipe()
    os.write(write, b"yes\n")
    os.close(write)
    os.dup2(read, 0)
    yield
    os.dup2(ours, 0)
    os.close(ours)
    os.close(read)


@pytest.mark.usefixtures("typed_ahead")
def test_a_program_gets_no_input(tmp_path):
    assert run(python("import sys; print(repr(sys.stdin.read()))"), cwd=tmp_path) == "''\n"


def test_a_missing_program_is_named(tmp_path):
    with pytest.raises(AssetError, match="no-such-program is not installed"):
        run(["no-such-program"], cwd=tmp_path)


def test_the_last_line_is_the_complaint(tmp_path):
    stderr = "Traceback (most recent call last):\n  ...\nOSError: no network\n\n"
    assert complaint_of(stderr, tmp_path) == "OSError: no network"


def test_a_marked_line_is_preferred_to_what_follows_it(tmp_path):
    assert complaint_of("ERROR: no match\n[notice] upgrade", tmp_path) == "ERROR: no match"
    assert complaint_of("W: no key\nE: no package\nW: bye", tmp_path) == "E: no package"


def test_a_mark_without_a_message_announces_a_traceback(tmp_path):
    assert complaint_of("ERROR: Exception:\nTraceback\nOSError: x", tmp_path) == "OSError: x"


def test_of_a_wrong_hash_both_hashes_are_told(tmp_path):
    stderr = "ERROR: MISMATCH\n    a==1:\n        Expected sha256 12\n             Got        34\n"
    assert complaint_of(stderr, tmp_path) == "Expected sha256 12, Got 34"


def test_a_silent_failure_is_told_by_its_status(tmp_path):
    with pytest.raises(AssetError, match="ended with 3"):
        run(python("raise SystemExit(3)"), cwd=tmp_path)
