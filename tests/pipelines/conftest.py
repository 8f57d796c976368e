import json
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pytest
import torch

from pipelines import cli, marking, sources
from pipelines.demo import paragraphs
from pipelines.marking import make_intent, mark_command
from pipelines.training import Shape, TrainingSettings, new_model, new_tokenizer, train
from watermark.corpus import open_corpus
from watermark.keys import Key, write_key
from watermark.schemes.leximark import LexiMark


@dataclass(frozen=True)
class Job:
    """A corpus marked with our key, and two tiny models."""

    corpus: Path
    vault: Path
    key_file: Path
    trained: Path
    other: Path
    """Trained on the same texts, marked with another key."""


@pytest.fixture(scope="session")
def job(tmp_path_factory):
    torch.set_num_threads(1)  # a tiny model is done before a second thread has woken up
    folder = tmp_path_factory.mktemp("job")
    corpus = folder / "topics.jsonl"
    texts = list(islice(paragraphs(), 160))
    rows = [json.dumps({"id": f"t{i}", "text": text}) + "\n" for i, text in enumerate(texts)]
    corpus.write_text("".join(rows), encoding="utf-8")
    tokenizer = new_tokenizer(texts, 1024)
    settings = TrainingSettings(learning_rate=3e-3, epochs=8, batch_size=8, bfloat16=False)
    for name, secret in (("ours", bytes(range(32))), ("other", bytes(range(32, 64)))):
        here = folder / name
        here.mkdir()
        write_key(here / "key", Key(secret))
        mark_command(
            corpus,
            here / "published",
            here / "vault",
            make_intent(LexiMark()),
            id_column="id",
            key_file=here / "key",
        )
        published = [d.text for d in open_corpus(here / "published" / corpus.name).documents()]
        shape = Shape(layers=2, width=64, heads=4, context=256)
        train(new_model(tokenizer, shape, 0), tokenizer, published, here / "model", settings)
    return Job(
        corpus,
        folder / "ours/vault",
        folder / "ours/key",
        folder / "ours/model",
        folder / "other/model",
    )


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    status: int
    out: str
    err: str


@pytest.fixture
def command(tmp_path, monkeypatch, capsys, analyst):
    """Run a console script in this process and in `tmp_path`, with the analyst loaded once."""
    monkeypatch.chdir(tmp_path)
    for module in (marking, sources):
        monkeypatch.setattr(module, "load_analyst", lambda scheme=None: analyst)
    entries = {"leximark": cli.main, "verify": cli.verify_main}

    def run(program, *arguments):
        monkeypatch.setattr("sys.argv", [program, *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            entries[program]()
        said = capsys.readouterr()
        return Done(int(caught.value.code or 0), said.out, said.err)

    return run
