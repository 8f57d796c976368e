from datetime import UTC, date, datetime

from watermark.vault.beforehand import Beforehand, Stamp

STAMP = Stamp("stamps/001.tsr", datetime(2026, 1, 5, 12, tzinfo=UTC), "CN=Clock House")


def first(beforehand):
    return next(beforehand.lines())


def test_without_a_stamp_nothing_is_fixed_whatever_the_dates():
    for known in (Beforehand(), Beforehand((), date(2030, 1, 1), date(2030, 1, 1))):
        assert not known.is_shown
        assert first(known).startswith("Not fixed beforehand: no valid time stamp")
        assert "can be made up afterwards" in first(known)


def test_a_stamp_older_than_the_model_is_said_with_date_and_authority():
    known = Beforehand((STAMP,), date(2026, 1, 6))
    assert known.is_shown
    assert first(known) == (
        "Fixed before 2026-01-05 12:00:00 UTC (CN=Clock House); the model is of 2026-01-06"
    )
    assert known.as_dict()["warnings"] == []


def test_a_stamp_of_the_same_day_or_later_fixes_nothing():
    for day in (date(2026, 1, 5), date(2025, 12, 31)):
        known = Beforehand((STAMP,), day)
        assert not known.is_shown
        assert f"but the model is of {day}" in first(known)


def test_dates_of_files_are_a_hint_and_never_proof():
    known = Beforehand((STAMP,), None, date(2026, 6, 1))
    assert not known.is_shown
    assert "its files are dated 2026-06-01, which is a hint only" in first(known)
    assert first(known).startswith("Not fixed beforehand")


def test_a_stamp_that_does_not_count_is_said_and_not_counted():
    bad = Stamp("stamps/002.tsr", datetime(2020, 1, 1, tzinfo=UTC), "CN=X", "it is malformed")
    known = Beforehand((bad, STAMP), date(2026, 1, 2))
    assert not known.is_shown
    assert "Time stamp stamps/002.tsr does not count: it is malformed" in list(known.lines())


def test_a_review_is_said_even_where_a_stamp_is_older_than_the_model():
    known = Beforehand((STAMP,), date(2026, 2, 1), None, 3)
    assert known.is_shown
    assert "Reviewed after marking (3 sites rejected)" in list(known.lines())[1]
    assert known.as_dict()["warnings"]


def test_of_several_stamps_the_earliest_counts():
    later = Stamp("stamps/002.tsr", datetime(2026, 3, 1, tzinfo=UTC), "CN=Clock House")
    for stamps in ((STAMP, later), (later, STAMP)):
        known = Beforehand(stamps, date(2026, 2, 1))
        assert known.earliest == STAMP
        assert known.is_shown
