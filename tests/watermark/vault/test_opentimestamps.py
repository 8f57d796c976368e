"""The real program `ots`, with a calendar and a Bitcoin node of the tests."""

import shutil
import time
from datetime import UTC, datetime

import pytest

from tests.support.calendar_server import Calendar, serve_calendar, serve_node
from watermark.errors import PrerequisiteError, VaultError
from watermark.vault.opentimestamps import check_proof, complete_proof, confirm, make_proof

COMMITMENT = b"leximark-commitment-1 sha256-merkle 00\n"
MINED = datetime(2026, 1, 5, 23, 50, tzinfo=UTC)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A home without a Bitcoin node, whatever this machine runs."""
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def calendar():
    return Calendar()


@pytest.fixture
def complete(calendar):
    """A proof that leads to a block."""
    with serve_calendar(calendar) as url:
        pending = make_proof(COMMITMENT, [url], 60)
        calendar.height = 850_000
        return complete_proof(pending, [url], 60)[0]


def test_a_new_proof_is_pending_and_stays_so_until_a_block_holds_it(calendar):
    with serve_calendar(calendar) as url:
        proof = make_proof(COMMITMENT, [url], 60)
        stamp = check_proof("it", proof, COMMITMENT)
        assert stamp.problem == "it is pending (no Bitcoin block holds it yet)"
        assert stamp.time is None
        same, why = complete_proof(proof, [url], 60)
        assert same == proof
        assert "Pending confirmation in Bitcoin blockchain" in why
        # A calendar that nobody named and that ots does not know is not asked.
        assert "not in whitelist" in complete_proof(proof, [], 60)[1]
        calendar.height = 850_000
        completed, why = complete_proof(proof, [url], 60)
    assert why == ""
    assert completed != proof


def test_without_a_node_a_proof_is_pending_and_names_the_block_to_look_up(complete, calendar):
    said = check_proof("it", complete, COMMITMENT).problem
    assert said.startswith(
        f"it is pending (Bitcoin block 850000 must have the Merkle root "
        f"{calendar.merkle_root[::-1].hex()}; no Bitcoin node here"
    )
    assert "/" not in said  # no path of this machine


def test_a_block_of_the_node_fixes_the_commitment_with_the_error_of_its_clock(
    complete, calendar, home
):
    with serve_node(calendar, MINED, home):
        stamp = confirm("it", complete, COMMITMENT)
    # `ots` says the day of the block, 2026-01-05; it ends at 24:00, and its clock may be 2 h wrong.
    assert stamp.words == (
        "fixed before 2026-01-06 02:00:00 UTC (OpenTimestamps, Bitcoin block 850000)"
    )


def test_another_block_of_the_node_refuses_the_proof(complete, calendar, home):
    calendar.merkle_root = bytes(32)
    with serve_node(calendar, MINED, home), pytest.raises(VaultError, match="it has another"):
        confirm("it", complete, COMMITMENT)


def test_a_node_that_does_not_know_the_block_decides_nothing(complete, calendar, home):
    with serve_node(calendar, MINED, home, highest=849_999):
        said = check_proof("it", complete, COMMITMENT).problem
    assert said.startswith("it is pending (")
    assert "849999 is highest known block" in said


@pytest.mark.parametrize(
    "spoil", [lambda p: p[:-3], lambda p: p[:66], lambda p: b"", lambda p: p[1:]]
)
def test_an_invalid_proof_does_not_count(complete, spoil):
    said = check_proof("it", spoil(complete), COMMITMENT).problem
    assert "not an OpenTimestamps proof" in said or "leads to no Bitcoin block" in said


def test_a_proof_of_another_commitment_does_not_count(complete, calendar, home):
    with serve_node(calendar, MINED, home):
        stamp = check_proof("it", complete, b"another")
    assert stamp.problem == "it is not an OpenTimestamps proof of this commitment"


def test_no_change_of_a_byte_moves_the_time_of_a_proof(complete, calendar, home):
    """What is left of the pending part may be changed; the way to the block may not."""
    calendars = range(complete.index(b"\x83\xdf"), complete.index(b"\xf0\x08calendar"))
    with serve_node(calendar, MINED, home):
        for place in range(0, len(complete), 11):
            spoiled = bytearray(complete)
            spoiled[place] ^= 1
            counts = not check_proof("it", bytes(spoiled), COMMITMENT).problem
            assert not counts or place in calendars, place


def test_calendars_that_are_down_are_one_message():
    with pytest.raises(VaultError, match="need at least 1 attestation but received 0"):
        make_proof(COMMITMENT, ["http://127.0.0.1:9/"], 1)


def test_a_calendar_that_does_not_answer_is_cut_off(calendar):
    with serve_calendar(calendar) as url:
        proof = make_proof(COMMITMENT, [url], 60)
        calendar.pause = 30
        began = time.monotonic()
        with pytest.raises(PrerequisiteError, match="`ots` had not ended after 1 s"):
            complete_proof(proof, [url], 1)
    assert time.monotonic() - began < 25


def test_without_the_program_a_proof_is_pending_and_says_what_to_install(complete, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda *a, **k: None)
    assert "pip install opentimestamps-client" in check_proof("it", complete, COMMITMENT).problem
    with pytest.raises(PrerequisiteError, match="needs its program `ots`"):
        make_proof(COMMITMENT, [], 1)
