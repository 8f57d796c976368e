import json

import pytest

TEXT = "The committee purchased a large building near the old harbour."


@pytest.fixture
def places(tmp_path):
    """Write places of TEXT to a file."""

    def write(*words):
        rows = []
        for word in words:
            start = TEXT.index(word)
            rows.append({"text": TEXT, "start": start, "end": start + len(word)})
        (tmp_path / "places.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        return "places.jsonl"

    return write


def answers(done):
    assert done.status == 0, done.err
    return [json.loads(line) for line in done.out.splitlines()]


def test_candidates_come_best_first_and_every_other_word_with_its_reason(places, command):
    (found,) = answers(command("leximark", "candidates", places("building"), "--quality", "fast"))
    assert found["word"] == "building"
    assert found["reason"] == ""
    assert "edifice" in [c["word"] for c in found["candidates"]]
    scores = [c["score"] for c in found["candidates"]]
    assert scores == sorted(scores, reverse=True)
    assert min(scores) > 0
    assert all(c["reason"] for c in found["rejected"])


def test_a_word_that_must_stay_says_why(places, command):
    found = answers(command("leximark", "candidates", places("The", "old", "committee purch")))
    assert [f["candidates"] for f in found] == [[], found[1]["candidates"], []]
    assert found[0]["reason"] == "not a noun, verb, adjective or adverb"
    assert found[2]["reason"] == "'committee purch' is not one word of the text"


def test_a_higher_threshold_leaves_fewer(places, command):
    file = places("building", "large", "purchased")
    n = [
        sum(
            len(f["candidates"])
            for f in answers(
                command("leximark", "candidates", file, "--quality", "fast", "--min-fit", least)
            )
        )
        for least in ("0", "0.3", "0.95")
    ]
    assert n[0] > n[1] > n[2] == 0


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "wanted"),
        ('{"text": ' + "[" * 70 + "]" * 70 + "}", "wanted"),
        ('{"text": "a", "start": 0}', "wanted"),
        ('{"text": "a", "start": "0", "end": 1}', "whole numbers"),
        ('{"text": "a", "start": 0, "end": 2}', "no span"),
        ('{"text": "a", "start": 1, "end": 1}', "no span"),
    ],
)
def test_a_bad_line_is_named(tmp_path, command, line, said):
    (tmp_path / "bad.jsonl").write_text(f'{{"text": "A dog.", "start": 2, "end": 5}}\n{line}\n')
    done = command("leximark", "candidates", "bad.jsonl")
    assert done.status == 2
    assert "bad.jsonl:2" in done.err
    assert said in done.err


def test_a_missing_file_and_an_unknown_source_are_errors(places, command):
    assert command("leximark", "candidates", "missing.jsonl").status == 2
    done = command("leximark", "candidates", places("large"), "--min-fit", "1")
    assert done.status == 2
    assert "min_fit" in done.err
