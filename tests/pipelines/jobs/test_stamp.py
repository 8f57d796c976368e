import json
import shutil
import time
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from tests.support.calendar_server import Calendar, serve_calendar, serve_node
from tests.support.time_stamp_authority import found_authority, serve
from watermark.vault.stamps import check_stamp, read_roots, read_stamps, stamp_request


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return found_authority(tmp_path_factory.mktemp("tsa") / "authority")


@pytest.fixture
def vault(job, tmp_path):
    shutil.copytree(job.vault, tmp_path / "vault")
    return tmp_path / "vault"


def test_a_stamp_is_stored_checked_and_compared_with_the_model(
    job, vault, authority, command, tmp_path
):
    with serve(authority.stamp) as url:
        trust = ("--tsa-root", authority.root)
        done = command("leximark", "stamp", vault, "--tsa", url, "--tsa", url, *trust)
    assert done.status == 0, done.err
    today = datetime.now(UTC).date()
    assert f"stamps/001.tsr: fixed before {today}" in done.out
    assert "stamps/002.tsr: fixed before" in done.out
    assert "CN=Clock House" in done.out

    audit = ("verify", "--corpus", vault, "--key-file", job.key_file, "--model", job.other)
    later = today + timedelta(days=30)
    done = command(*audit, *trust, "--model-date", later, "--out", "a")
    assert done.status == 0, done.err
    assert done.out.startswith(f"Fixed before {today}")
    assert "Not fixed beforehand" not in done.out
    assert (tmp_path / "a/report.md").read_text().startswith("> **Fixed before")
    # The same stamps beside an older model, and for an auditor who does not know the authority.
    done = command(*audit, *trust, "--model-date", "2020-01-01", "--out", "b")
    assert done.out.startswith("Not fixed beforehand: fixed before")
    done = command(*audit, "--model-date", later, "--out", "c")
    assert done.out.startswith("Not fixed beforehand: no valid time stamp")
    assert "its authority is not one of the public ones" in done.out


def fail(command, vault, url, *more):
    done = command("leximark", "stamp", vault, "--tsa", url, *more)
    assert done.status == 2, done.out
    assert len(done.err.strip().splitlines()) == 1
    assert not (vault / "stamps").exists()
    return done.err


def test_an_authority_that_is_down_is_one_message(vault, command):
    said = fail(command, vault, "http://127.0.0.1:9/")
    assert "no stamp" in said
    assert "nothing was changed. Check the connection, or name another authority (--tsa)" in said


def test_an_authority_that_drips_is_cut_off(vault, authority, command):
    began = time.monotonic()
    with serve(authority.stamp, drip=0.2) as url:
        assert "not complete after 1 s" in fail(command, vault, url, "--timeout", "1")
    assert time.monotonic() - began < 20


def test_an_authority_that_does_not_answer_is_cut_off(vault, command):
    def wait(request):
        time.sleep(3)
        return b""

    with serve(wait) as url:
        assert "no stamp" in fail(command, vault, url, "--timeout", "0.5")


def test_an_answer_to_another_request_is_not_stored(vault, authority, command):
    commitment = (vault / "commitment.txt").read_bytes()
    replayed = authority.stamp(stamp_request(commitment)[0])
    with serve(lambda request: replayed) as url:
        said = fail(command, vault, url, "--tsa-root", authority.root)
    assert "the nonce of another request" in said


def test_a_stamp_of_another_vault_does_not_count(vault, authority, command):
    other = authority.stamp(stamp_request(b"another commitment")[0])
    with serve(lambda request: other) as url:
        said = fail(command, vault, url, "--tsa-root", authority.root)
    assert "a stamp of another commitment" in said
    (vault / "stamps").mkdir()
    (vault / "stamps/001.tsr").write_bytes(other)
    (stamp,) = read_stamps(vault, [authority.root])
    assert stamp.problem == "it is a stamp of another commitment"


def test_an_expired_certificate_does_not_count(vault, command, tmp_path):
    expired = found_authority(tmp_path / "expired", valid=timedelta(days=-1))
    with serve(expired.stamp) as url:
        said = fail(command, vault, url, "--tsa-root", expired.root)
    assert "certificate had expired" in said


def test_a_stamp_goes_on_counting_when_its_certificate_has_expired(vault, tmp_path):
    """A case comes to court years after its stamp: the certificate must have been valid then."""
    authority = found_authority(tmp_path / "short", valid=timedelta(seconds=3))
    commitment = (vault / "commitment.txt").read_bytes()
    answer = authority.stamp(stamp_request(commitment)[0])
    time.sleep(4)
    stamp = check_stamp("it", answer, commitment, read_roots([authority.root]))
    assert stamp.problem == ""
    late = authority.stamp(stamp_request(commitment)[0])
    assert (
        "had expired" in check_stamp("it", late, commitment, read_roots([authority.root])).problem
    )


def test_an_authority_that_the_owner_founded_does_not_count(vault, authority, tmp_path):
    own = found_authority(tmp_path / "own", name="DigiCert Timestamp")
    answer = own.stamp(stamp_request((vault / "commitment.txt").read_bytes())[0])
    (vault / "stamps").mkdir()
    (vault / "stamps/001.tsr").write_bytes(answer)
    (stamp,) = read_stamps(vault, [authority.root])
    assert "not one of the public ones" in stamp.problem
    (stamp,) = read_stamps(vault, [own.root])
    assert stamp.problem == ""


@pytest.mark.parametrize("answer", [b"", b"\x30\x03\x02\x01\x02", b"<html>", b"\xff" * 300_000])
def test_an_answer_that_is_no_stamp_is_one_message(vault, command, answer):
    with serve(lambda request: answer) as url:
        assert "stamp" in fail(command, vault, url)


def test_no_byte_of_a_stamp_can_be_changed(authority):
    """What is not signed is compared: the answer must be the bytes that its content makes."""
    commitment = b"a commitment"
    answer = authority.stamp(stamp_request(commitment)[0])
    roots = read_roots([authority.root])
    good = check_stamp("it", answer, commitment, roots)
    assert good.problem == ""
    rng = np.random.default_rng(0)
    counted = []
    for _ in range(300):
        spoiled = bytearray(answer)
        spoiled[rng.integers(len(answer))] ^= 1 << rng.integers(8)
        stamp = check_stamp("it", bytes(spoiled), commitment, roots)
        if not stamp.problem:
            counted.append(stamp.time)
    # Bits of the embedded certificates that are not used may change; the time never does.
    assert set(counted) <= {good.time}
    assert len(counted) < 30


def test_one_failure_among_several_authorities_is_said_and_loses_nothing(vault, authority, command):
    trust = ("--tsa-root", authority.root)
    with serve(authority.stamp) as url:
        done = command(
            "leximark", "stamp", vault, "--tsa", "http://127.0.0.1:9/", "--tsa", url, *trust
        )
    assert done.status == 0, done.err
    assert "http://127.0.0.1:9/: no stamp: " in done.out
    assert len(list((vault / "stamps").iterdir())) == 1


def test_a_proof_is_pending_until_a_block_of_bitcoin_holds_it(
    job, vault, command, tmp_path, monkeypatch
):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    calendar, mined = Calendar(), datetime(2026, 1, 5, 12, tzinfo=UTC)
    audit = ("verify", "--corpus", vault, "--key-file", job.key_file, "--model", job.other)
    with serve_calendar(calendar) as url:
        again = ("leximark", "stamp", vault, "--ots", "--calendar", url)
        done = command(*again)
        assert done.status == 0, done.err
        assert done.out == (
            "stamps/001.ots does not count: it is pending (no Bitcoin block holds it yet)\n"
        )
        done = command(*again)  # too early: nothing is lost, and the calendar's words are shown
        assert done.status == 0, done.err
        assert "stamps/001.ots: not complete: Calendar http" in done.out
        done = command(*audit, "--model-date", "2026-03-01", "--out", "a")
        assert done.out.startswith("Not fixed beforehand: no valid time stamp")
        assert "Time stamp stamps/001.ots does not count: it is pending" in done.out
        calendar.height = 850_000
        done = command(*again)
    assert "stamps/002.ots does not count: it is pending (Bitcoin block 850000 must" in done.out
    assert [path.name for path in (vault / "stamps").iterdir()] == ["002.ots"]
    log = (vault / "custody.jsonl").read_text().splitlines()
    events = [json.loads(line)["event"] for line in log]
    assert events[-3:] == ["stamped", "audit", "stamped"]  # others may have audited this vault
    with serve_node(calendar, mined, tmp_path / "home"):
        done = command(*audit, "--model-date", "2026-03-01", "--out", "b")
        assert done.out.startswith(
            "Fixed before 2026-01-06 02:00:00 UTC (OpenTimestamps, Bitcoin block 850000); "
        )
        done = command(*audit, "--model-date", "2026-01-06", "--out", "c")
        assert done.out.startswith("Not fixed beforehand: fixed before 2026-01-06")
        assert command(*again).status == 0  # complete already: nobody is asked
    assert [path.name for path in (vault / "stamps").iterdir()] == ["002.ots"]


def test_calendars_that_are_down_are_one_message(vault, command):
    done = command("leximark", "stamp", vault, "--ots", "--calendar", "http://127.0.0.1:9/")
    assert done.status == 2, done.out
    assert "OpenTimestamps: no proof: Failed to create timestamp: need at least 1" in done.err
    assert len(done.err.strip().splitlines()) == 1
    assert not (vault / "stamps").exists()


def test_a_calendar_without_opentimestamps_is_one_message(vault, command):
    done = command("leximark", "stamp", vault, "--calendar", "http://127.0.0.1:9/")
    assert done.status == 2
    assert "add --ots" in done.err
