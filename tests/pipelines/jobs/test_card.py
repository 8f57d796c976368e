"""The metadata are what the standards say, and none of them tells that texts are marked."""

import json
import re

import pytest

from pipelines.jobs.card import CRAWLERS, Card, card_command, describe_files
from watermark.errors import CorpusError

CARD = Card(
    "Evening News", "News of one evening.", "CC-BY-NC-4.0", "https://news.example/data",
    "https://news.example/terms", "rights@news.example",
)  # fmt: skip
TELLING = re.compile(
    r"mark(s|ed|ing)?\b|water|lexi|vault|synonym|secret|\bkeys?\b|candidate|hold-?out|audit|ledger"
    r"|commitment|replac|draw",
    re.IGNORECASE,
)


@pytest.fixture(scope="module")
def cards(job, tmp_path_factory):
    pytest.importorskip("mlcroissant")
    out = tmp_path_factory.mktemp("cards") / "card"
    card_command(job.vault.with_name("published"), out, CARD)
    return out


@pytest.mark.parametrize("name", ["README.md", "croissant.json", "robots.txt", "tdmrep.json"])
def test_nothing_tells_that_the_texts_are_marked(cards, job, name):
    text = (cards / name).read_text()
    if name == "croissant.json":  # the terms of the standard are the same in every data set
        text = json.dumps({k: v for k, v in json.loads(text).items() if k != "@context"})
    assert TELLING.findall(text) == []
    assert job.key_file.read_bytes().hex() not in text
    for line in job.corpus.read_text().splitlines()[:40]:
        assert json.loads(line)["text"][:30] not in text


@pytest.mark.filterwarnings("ignore")
def test_croissant_is_read_by_its_library_and_serves_the_texts(cards, job, tmp_path):
    import mlcroissant as mlc

    folder = job.vault.with_name("published")
    (file,) = [each for each in describe_files(folder) if each.columns]
    described = json.loads((cards / "croissant.json").read_text())
    for each in described["distribution"]:
        assert each["contentUrl"] == f"https://news.example/data/{each['@id']}"
        each["contentUrl"] = str(folder / each["@id"])
    local = tmp_path / "croissant.json"
    local.write_text(json.dumps(described))
    data = mlc.Dataset(jsonld=local)
    assert not data.metadata.issues.errors
    row = next(iter(data.records(f"records/{file.path}")))
    first = json.loads((folder / file.path).read_text().splitlines()[0])
    assert row[f"{file.path}/text"].decode() == first["text"]
    assert "2019/790" in described["usageInfo"]


def test_crawlers_are_asked_to_stay_away_in_both_ways(cards):
    import urllib.robotparser

    rules = urllib.robotparser.RobotFileParser()
    rules.parse((cards / "robots.txt").read_text().splitlines())
    for name in CRAWLERS:
        assert not rules.can_fetch(name, "/news/1")
    assert rules.can_fetch("Googlebot", "/news/1")
    (entry,) = json.loads((cards / "tdmrep.json").read_text())
    assert entry == {
        "location": "/*", "tdm-reservation": 1, "tdm-policy": "https://news.example/terms",
    }  # fmt: skip


def test_hostile_names_stay_in_their_place(tmp_path):
    pytest.importorskip("mlcroissant")
    (tmp_path / "a.txt").write_text("x")
    evil = 'x"\n---\nlicense: mit'
    card_command(tmp_path / "a.txt", tmp_path / "card", Card(evil, "d", "l"))
    header = (tmp_path / "card/README.md").read_text().split("\n---\n")[0]
    assert "license: mit" not in header.splitlines()


@pytest.mark.parametrize(
    ("name", "content", "named"),
    [
        ("in.jsonl", b"[1]\n", "cannot be described"),
        ("in.jsonl", b"{", "cannot be described"),
        ("in.parquet", b"no", "cannot be described"),
        ("in.csv", b"\xff\xfe", "cannot be described"),
    ],
)
def test_files_that_are_none_are_one_message(tmp_path, command, name, content, named):
    (tmp_path / name).write_bytes(content)
    given = ("--name", "n", "--license", "l", "--description", "d")
    done = command("leximark", "card", name, *given)
    assert done.status == 2, done.out
    assert named in done.err
    assert not (tmp_path / "card").exists()


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(CorpusError, match="wanted 1 to 1,000 files, found 0"):
        list(describe_files(tmp_path))
