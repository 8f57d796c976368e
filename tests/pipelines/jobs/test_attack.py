import json

import pytest
from datasets import Dataset

from pipelines import api
from pipelines.jobs.attack import _content, attack_command
from tests.support.fake_chat import serve_chat
from watermark.corpus import open_corpus


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "news.jsonl"
    rows = [{"id": f"n{i}", "text": f"They did not go {i}.  Fine.", "year": i} for i in range(5)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def rows(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_chain_of_attacks_rewrites_the_texts_and_leaves_the_rest(command, corpus):
    before = corpus.read_bytes()
    done = command(
        "leximark", "attack", corpus, "--attack", "rules", "--then", "whitespace",
        "--set", "rules.share=1", "--out", "out", "--json",
    )  # fmt: skip
    assert (done.status, done.err) == (0, "")
    assert json.loads(done.out) == {
        "out": "out", "n_documents": 5, "n_changed": 5, "n_dropped": 0, "n_failed": 0,
        "n_untouched": 0,
    }  # fmt: skip
    after = rows(corpus.parent / "out/news.jsonl")
    assert after[0] == {"id": "n0", "text": "Fine. They didn't go 0.", "year": 0}
    assert corpus.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--attack", "burn"], "--attack burn: choose one of random_synonyms,"),
        (["--attack", "rules", "--set", "force=1"], "--set force: no attack of this run has"),
        (["--attack", "rules", "--set", "share=much"], "--set share=much: wanted a number"),
        (["--attack", "rules", "--set", "share=2"], "share must lie in [0, 1], got 2.0"),
        (["--attack", "rules", "--set", "share"], "--set share: wanted NAME=VALUE"),
        (["--attack", "rules", "--share", "-1"], "--share must lie in [0, 1], got -1.0"),
        (["--attack", "rules", "--untouched", "2"], "--untouched must lie in [0, 1], got 2.0"),
        (["--attack", "truncation", "--set", "words=1.5"], "wanted a whole number"),
        (["--attack", "quality_filter", "--set", "rule=x"], "rule must be one of gopher"),
        (["--attack", "quality_filter"], "dropped all 5 documents"),
        (["--attack", "chat"], "chat needs either endpoint, the address of a server"),
        (["--attack", "chat", "--set", "model=none/such"], "none/such"),
        (
            ["--attack", "chat", "--set", "endpoint=http://h:1/v1#m"],
            "--set endpoint: http://h:1/v1#m: not an address of a model; wanted for example "
            "chat+http://host:8000/v1#model",
        ),
        (
            ["--attack", "adaptive", "--set", "source=roget"],
            "--set source=roget: there is no source 'roget'; there are listed, wordnet",
        ),
        (
            ["--attack", "chat", "--set", "model=m", "--set", "max_failures=1"],
            "max_failures limits",
        ),
        (["--attack", "rules", "--out", "."], "exists already"),
        (["--attack", "language_filter", "--set", "language=elvish"], "must be an ISO 639 code"),
        (["--attack", "perplexity_filter", "--set", "model=none/such"], "none/such"),
        (["--attack", "collusion", "--set", "editions=gone.jsonl"], "gone.jsonl: no such file"),
    ],
)
def test_what_the_user_can_fix_is_one_message_and_nothing_is_left(
    command, corpus, tmp_path, arguments, said
):
    done = command("leximark", "attack", corpus, "--out", "out", *arguments)
    assert done.status == 2
    assert said in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["news.jsonl"]


def test_an_existing_folder_is_not_overwritten(command, corpus, tmp_path):
    (tmp_path / "out").mkdir()
    done = command("leximark", "attack", corpus, "--attack", "whitespace", "--out", "out")
    assert (done.status, list((tmp_path / "out").iterdir())) == (2, [])


def test_a_folder_of_texts_comes_out_as_one(command, tmp_path):
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts/a.txt").write_text("a  b")
    (tmp_path / "texts/b.txt").write_text("c d")
    done = command("leximark", "attack", "texts", "--attack", "whitespace", "--out", "out")
    assert done.out.startswith("2 documents read, 1 changed, 0 dropped.")
    assert (tmp_path / "out/a.txt").read_text() == "a b"


def test_a_server_that_fails_leaves_its_documents_as_they_were(command, corpus, tmp_path):
    def answer(text):
        if "go 3" in text:
            raise ValueError("overloaded")
        return "New text."

    with serve_chat(answer) as address:
        done = command(
            "leximark", "attack", corpus, "--attack", "chat", "--set", f"endpoint={address}",
            "--out", "out",
        )  # fmt: skip
        strict = command(
            "leximark", "attack", corpus, "--attack", "chat", "--set", f"endpoint={address}",
            "--set", "max_failures=0", "--out", "strict",
        )  # fmt: skip
    assert done.out.startswith(
        "5 documents read, 4 changed, 0 dropped.\nRequests without a usable answer: 1;"
    )
    assert (strict.status, "max_failures allows 0" in strict.err) == (2, True)
    assert not (tmp_path / "strict").exists()
    assert "a paragraph stays as it is" in done.err
    texts = [row["text"] for row in rows(tmp_path / "out/news.jsonl")]
    assert texts == ["New text."] * 3 + ["They did not go 3.  Fine.", "New text."]


def test_a_server_that_answers_nothing_is_an_error(command, corpus, tmp_path):
    def fail(text):
        raise ValueError("overloaded")

    with serve_chat(fail) as address:
        done = command(
            "leximark", "attack", corpus, "--attack", "chat", "--set", f"endpoint={address}",
            "--out", "out",
        )  # fmt: skip
    assert (done.status, "no usable answer to any of 5 requests" in done.err) == (2, True)
    assert [path.name for path in tmp_path.iterdir()] == ["news.jsonl"]


def test_some_documents_are_kept_beside_the_attacked_texts(command, tmp_path):
    texts = [{"id": str(i), "text": f"One  {i}."} for i in range(200)]
    (tmp_path / "n.jsonl").write_text("".join(json.dumps(row) + "\n" for row in texts))
    done = command(
        "leximark", "attack", "n.jsonl", "--id-column", "id", "--attack", "whitespace", "--out",
        "out", "--untouched", ".5",
    )  # fmt: skip
    kept = rows(tmp_path / "out-untouched/n.jsonl")
    assert f"Untouched texts: out-untouched ({len(kept)})" in done.out
    assert {path.name for path in tmp_path.iterdir()} == {"n.jsonl", "out", "out-untouched"}
    assert abs(len(kept) - 100) < 4 * 50**0.5
    assert all(row in texts for row in kept)
    assert all("  " not in row["text"] for row in rows(tmp_path / "out/n.jsonl"))
    again = command(
        "leximark", "attack", "n.jsonl", "--attack", "whitespace", "--out", "other", "--untouched",
        "1",
    )  # fmt: skip
    assert (again.status, len(rows(tmp_path / "other-untouched/n.jsonl"))) == (0, 200)


@pytest.fixture
def many(tmp_path):
    texts = [{"id": str(i), "text": f"They did not go {i}."} for i in range(200)]
    (tmp_path / "n.jsonl").write_text("".join(json.dumps(row) + "\n" for row in texts))
    return texts


def edit_by_chat(command, address):
    return command(
        "leximark", "attack", "n.jsonl", "--id-column", "id", "--attack", "chat", "--out", "out",
        "--set", f"endpoint={address}", "--set", "prompt=edit",
    )  # fmt: skip


def test_a_server_that_goes_down_stops_the_run_and_the_next_one_continues(command, many, tmp_path):
    asked: list[str] = []

    def answer(text):
        asked.append(text)
        if 64 < len(asked) <= 128:
            raise ValueError("down")
        return text.upper()

    with serve_chat(answer) as address:
        stopped = edit_by_chat(command, address)
        done = edit_by_chat(command, address)
    assert (stopped.status, "no answer to any of 64 texts" in stopped.err) == (2, True)
    assert done.out.startswith("200 documents read, 200 changed")
    assert len(asked) == 128 + 200 - 64


def test_after_a_single_failure_all_other_blocks_are_kept(command, many, tmp_path):
    asked: list[str] = []

    def answer(text):
        asked.append(text)
        if ("go 7." in text and len(asked) < 100) or 128 < len(asked) <= 192:
            raise ValueError("down")
        return text.upper()

    with serve_chat(answer) as address:
        assert edit_by_chat(command, address).status == 2  # the third block fails as a whole
        asked_first = len(asked)
        done = edit_by_chat(command, address)
    assert done.out.startswith("200 documents read, 200 changed")
    again = asked[asked_first:]
    assert len(again) == 200 - 64  # all but the second block, in which nothing failed
    assert not any(text.endswith(f" {i}.") for i in range(64, 128) for text in again)


def test_empty_answers_are_failures(command, many, corpus, tmp_path):
    with serve_chat(lambda text: None if "go 3" in text else "New text.") as address:
        few = command(
            "leximark", "attack", corpus, "--attack", "chat", "--out", "few", "--set",
            f"endpoint={address}",
        )  # fmt: skip
    with serve_chat(lambda text: " ") as address:
        silent = command(
            "leximark", "attack", "n.jsonl", "--attack", "chat", "--out", "out", "--set",
            f"endpoint={address}",
        )  # fmt: skip
    assert "4 changed, 0 dropped.\nRequests without a usable answer: 1;" in few.out
    assert "the answer is empty (finish_reason 'length')" in few.err
    assert (silent.status, "no answer to any of 64 texts" in silent.err) == (2, True)


def test_an_address_without_a_model_stands_for_the_model_that_answers(command, many, tmp_path):
    def attack(name, healthy):
        asked: list[str] = []

        def answer(text):
            asked.append(text)
            if len(asked) > 64 and not healthy:
                raise ValueError("down")
            return text.upper()

        with serve_chat(answer, name=name) as address:
            return command(
                "leximark", "attack", "n.jsonl", "--attack", "chat", "--out", "out", "--set",
                f"endpoint={address.partition('#')[0]}", "--set", "prompt=edit",
            )  # fmt: skip

    assert attack("one", healthy=False).status == 2
    other = attack("two", healthy=True)
    assert (other.status, "with other settings left this journal" in other.err) == (2, True)
    assert attack("one", healthy=True).out.startswith("200 documents read, 200 changed")


def test_a_corpus_with_an_id_twice_leaves_nothing_behind(command, tmp_path):
    texts = [{"id": str(i % 6), "text": f"One  {i}."} for i in range(7)]
    (tmp_path / "n.jsonl").write_text("".join(json.dumps(row) + "\n" for row in texts))
    arguments = ["leximark", "attack", "n.jsonl", "--attack", "whitespace", "--out", "out"]
    refused = command(*arguments, "--id-column", "id")
    assert (refused.status, "id '0' comes twice" in refused.err) == (2, True)
    assert [path.name for path in tmp_path.iterdir()] == ["n.jsonl"]
    assert command(*arguments).status == 0


def test_a_file_that_changed_is_another_setting(many, tmp_path):
    edition = tmp_path / "edition.jsonl"
    edition.write_text((tmp_path / "n.jsonl").read_text().replace("go", "walk"))
    settings = {"editions": str(edition)}
    before = _content(settings)
    assert before == _content(settings)
    edition.write_text((tmp_path / "n.jsonl").read_text().replace("go", "run"))
    assert _content(settings) != before
    assert _content({"chat.max_failures": "1"}) == _content({})
    moved = [_content({"endpoint": f"chat+http://{host}/v1#m"}) for host in ("a", "b")]
    assert moved[0] == moved[1] != _content({"endpoint": "chat+http://a/v1#other"})


def test_an_interrupted_attack_goes_on_where_it_stopped(command, many, tmp_path):
    texts = many
    asked: list[str] = []

    def answer(text):
        asked.append(text)
        if len(asked) > 150 and not healthy:
            raise ValueError("overloaded")
        return text.upper()

    def attack(address, max_failures, prompt="edit"):
        return command(
            "leximark", "attack", "n.jsonl", "--id-column", "id", "--attack", "chat", "--out",
            "out", "--set", f"endpoint={address}", "--set", f"max_failures={max_failures}", "--set",
            f"prompt={prompt}", "--untouched", "1",
        )  # fmt: skip

    healthy = False
    with serve_chat(answer) as address:
        assert attack(address, 0).status == 2
        assert {path.name for path in tmp_path.iterdir()} == {"n.jsonl", ".out.journal"}
        healthy, first = True, len(asked)
        other = attack(address, 0, "rephrase")
        assert (other.status, "with other settings left this journal" in other.err) == (2, True)
        done = attack(address, 3)
    assert done.out.startswith("200 documents read, 200 changed")
    assert len(asked) - first == 200 - 128  # two blocks of 64 documents were finished
    after = rows(tmp_path / "out/n.jsonl")
    assert [row["text"] for row in after] == [row["text"].upper() for row in texts]
    assert {path.name for path in tmp_path.iterdir()} == {"n.jsonl", "out", "out-untouched"}


def test_python_attacks_a_data_set_in_memory(corpus, tmp_path):
    news = Dataset.from_list(rows(corpus))
    after = api.attack(news, tmp_path / "cut", ["truncation"], {"words": "2"})
    assert after["text"][:2] == ["They did", "They did"]
    assert after["year"][:2] == [0, 1]


def test_editions_and_other_texts_are_read_from_files(command, corpus, tmp_path):
    done = command(
        "leximark", "attack", corpus, "--id-column", "id", "--attack", "deduplication", "--out",
        "out", "--set", "method=exact", "--set", f"others={corpus}",
    )  # fmt: skip
    assert (done.status, "dropped all 5" in done.err) == (2, True)
    edition = tmp_path / "edition.jsonl"
    edition.write_text(corpus.read_text().replace("Fine", "Good"))
    done = command(
        "leximark", "attack", corpus, "--id-column", "id", "--attack", "collusion", "--out", "out",
        "--set", f"editions={edition},{edition}",
    )  # fmt: skip
    assert done.out.startswith("5 documents read, 5 changed")
    without = command(
        "leximark", "attack", corpus, "--attack", "collusion", "--out", "other", "--set",
        f"editions={edition}",
    )  # fmt: skip
    assert (without.status, "name their column by --id-column" in without.err) == (2, True)
    assert not (tmp_path / "other").exists()
    texts = [document.text for document in open_corpus(tmp_path / "out/news.jsonl").documents()]
    assert all(text.endswith("Good.") for text in texts)


def test_the_seed_decides_which_documents_are_also_written_as_they_came(many, tmp_path):
    kept: list[set[str]] = []
    for seed in (1, 1, 2):
        out = tmp_path / f"out{len(kept)}"
        attack_command(
            tmp_path / "n.jsonl", out, ["whitespace"], {}, id_column="id", seed=seed, untouched=0.5
        )
        kept.append({row["id"] for row in rows(tmp_path / f"{out.name}-untouched/n.jsonl")})
    assert kept[0] == kept[1] != kept[2]
