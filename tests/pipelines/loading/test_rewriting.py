import json

import pytest

from tests.support.fake_chat import serve_chat
from watermark.document import restore
from watermark.vault.vault import open_vault

OUT = ("--out", "published", "--vault", "vault", "--scheme", "rewriting", "--holdout", "0")
FIRST = "The first paragraph has more than eight words in all."
SECOND = "The second one has 17 words or so, see https://example.org/x for it."


@pytest.fixture
def corpus(tmp_path):
    rows = [{"text": f"{FIRST}\r\n\r\nShort one.\n\n{SECOND}\n"}, {"text": "Title"}]
    path = tmp_path / "in.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_paragraphs_are_rewritten_and_restored(corpus, tmp_path, command):
    with serve_chat(lambda text: text.replace("The", "This")) as address:
        done = command("leximark", "mark", corpus, *OUT, "--set", f"endpoint={address}", "--json")
    assert done.status == 0, done.err
    plan = json.loads(done.out)
    assert plan["scheme"]["endpoint"] == address
    assert plan["made_with"]["rewritten by"] == "tiny"
    (row, marked), _ = open_vault(tmp_path / "vault").marked()
    assert [m.original for m in marked.marks] == [FIRST, SECOND]
    assert [m.candidates[1] for m in marked.marks] == [
        FIRST.replace("The", "This"),
        SECOND.replace("The", "This"),
    ]
    assert restore(marked).text == row.original


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace("17", "seventeen"),
        lambda text: text.replace("https://example.org/x", "the page"),
        lambda text: text,
        lambda text: text * 2,
        lambda text: text[:20],
        lambda text: text.replace(" has", "\n\nhas"),
    ],
)
def test_a_rewriting_that_lost_something_is_not_taken(corpus, tmp_path, command, spoil):
    with serve_chat(lambda t: spoil(t) if "17" in t else t.replace("The", "This")) as address:
        done = command("leximark", "mark", corpus, *OUT, "--set", f"endpoint={address}")
    assert done.status == 0, done.err
    (_, marked), _ = open_vault(tmp_path / "vault").marked()
    assert [m.original for m in marked.marks] == [FIRST]


def test_failures_are_reported_and_stop_marking_beyond_the_limit(corpus, tmp_path, command):
    def answer(text):
        if "17" in text:
            raise ValueError("too hard")
        return text.replace("The", "This")

    with serve_chat(answer) as address:
        done = command("leximark", "mark", corpus, *OUT, "--set", f"endpoint={address}")
        assert done.status == 2
        assert "no answer to 1 texts" in done.err
        assert not (tmp_path / "vault").exists()
        options = ("--set", f"endpoint={address}", "--set", "max_failures=1")
        done = command("leximark", "mark", corpus, *OUT, *options)
    assert done.status == 0, done.err
    assert "too hard" in done.err
    (_, marked), _ = open_vault(tmp_path / "vault").marked()
    assert [m.original for m in marked.marks] == [FIRST]


def test_an_empty_answer_is_a_failure(corpus, tmp_path, command):
    with serve_chat(lambda text: "" if "17" in text else text.upper()) as address:
        done = command("leximark", "mark", corpus, *OUT, "--set", f"endpoint={address}")
    assert (done.status, "no answer to 1 texts" in done.err) == (2, True)
    assert "the answer is empty" in done.err


@pytest.mark.parametrize("endpoint", ["", "openai+http://127.0.0.1:9/v1#m", "gpt-4o"])
def test_an_address_that_is_no_chat_model_is_refused(corpus, command, endpoint):
    done = command("leximark", "mark", corpus, *OUT, "--set", f"endpoint={endpoint}")
    assert done.status == 2
    assert "chat model" in done.err
