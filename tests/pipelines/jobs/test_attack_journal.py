from itertools import islice

import pytest

from pipelines.jobs.attack_journal import attack_with_journal
from watermark.document import Document
from watermark.errors import ToolkitError

DOCUMENTS = [Document(f"d{i}", f"text {i}") for i in range(6)]


def run(path, documents, asked, stop_after=99, settings=None, n_retryable=lambda: 0):
    """Attack until so many documents came out; return the texts."""

    def attack(pending):
        for document in pending:
            asked.append(document.id)
            number = int(document.id[1:])
            yield None if number == 2 else Document(document.id, document.text.upper())

    found = []
    stream = attack_with_journal(path, settings or {"seed": 0}, documents, attack, n_retryable)
    for after in stream:
        found.append(after.text if after else None)
        if len(found) == stop_after:
            stream.close()
            break
    return found


WANTED = ["TEXT 0", "TEXT 1", None, "TEXT 3", "TEXT 4", "TEXT 5"]


def test_finished_documents_are_not_attacked_again(tmp_path):
    path = tmp_path / "sub" / "journal"
    asked: list[str] = []
    assert run(path, DOCUMENTS, asked, stop_after=4) == WANTED[:4]
    assert run(path, DOCUMENTS, asked) == WANTED
    assert asked == ["d0", "d1", "d2", "d3", "d4", "d5"]
    assert run(path, DOCUMENTS, asked) == WANTED
    assert len(asked) == 6


def test_a_journal_of_other_settings_is_refused_and_stays(tmp_path):
    path = tmp_path / "journal"
    run(path, DOCUMENTS, [], stop_after=4)
    before = path.read_bytes()
    with pytest.raises(ToolkitError, match="an interrupted run with other settings left this"):
        run(path, DOCUMENTS, [], settings={"seed": 1})
    assert path.read_bytes() == before


def test_what_was_attacked_beside_a_failure_is_attacked_again_and_nothing_else(tmp_path):
    path, n_failed = tmp_path / "journal", 0
    asked: list[str] = []

    def attack(pending):
        nonlocal n_failed
        while block := list(islice(pending, 2)):
            asked.extend(document.id for document in block)
            n_failed += len(asked) == 4  # in the first run, of d2 and d3
            yield from (Document(each.id, each.text.upper()) for each in block)

    for _ in range(3):
        found = attack_with_journal(path, {}, DOCUMENTS, attack, lambda: n_failed)
        assert [after.text for after in found if after] == [f"TEXT {i}" for i in range(6)]
    assert asked == ["d0", "d1", "d2", "d3", "d4", "d5", "d2", "d3"]


def test_two_runs_do_not_write_one_journal(tmp_path):
    path = tmp_path / "journal"
    first = attack_with_journal(path, {}, DOCUMENTS, iter)
    next(first)
    with pytest.raises(ToolkitError, match="another `leximark attack` writes this journal"):
        next(attack_with_journal(path, {}, DOCUMENTS, iter))
    assert len(list(first)) == 5


def test_an_empty_journal_is_removed(tmp_path):
    def fail(pending):
        yield next(document for document in pending if document.id == "none")

    with pytest.raises(RuntimeError, match="StopIteration"):
        next(attack_with_journal(tmp_path / "journal", {}, DOCUMENTS, fail))
    assert list(tmp_path.iterdir()) == []


def test_a_changed_document_alone_is_attacked_again(tmp_path):
    path = tmp_path / "journal"
    asked: list[str] = []
    run(path, DOCUMENTS, asked)
    changed = [*DOCUMENTS[:3], Document("d3", "new"), *DOCUMENTS[4:]]
    assert run(path, changed, asked) == [*WANTED[:3], "NEW", *WANTED[4:]]
    assert asked[6:] == ["d3"]


def test_a_line_that_was_cut_off_is_written_again(tmp_path):
    path = tmp_path / "journal"
    run(path, DOCUMENTS, [])
    whole = path.read_bytes()
    for cut in (1, 30, 70, len(whole) - 3):
        path.write_bytes(whole[:-cut])
        assert run(path, DOCUMENTS, []) == WANTED
        assert path.read_bytes() == whole
    for broken in (whole.replace(b"TEXT 1", b"TEXT\n 1"), whole.replace(b'["d1"', b"5\n")):
        path.write_bytes(broken)
        assert run(path, DOCUMENTS, []) == WANTED


def test_text_that_is_no_valid_unicode_passes(tmp_path):
    path, documents = tmp_path / "journal", [Document("d0", "a\ud800b")]
    assert run(path, documents, []) == run(path, documents, []) == ["A\ud800B"]
