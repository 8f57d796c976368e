import json
import shutil
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pytest
import torch

from pipelines import cli
from pipelines.jobs.mark import make_intent, mark_command
from pipelines.loading import candidate_sources as sources
from pipelines.loading.embedded_text import paragraphs
from pipelines.training.training import Shape, TrainingSettings, new_model, new_tokenizer, train
from tests.support.build_once import build_once
from tests.support.fake_chat import serve_chat
from watermark import assets
from watermark.corpus import open_corpus
from watermark.keys import Key, write_key
from watermark.scheme import Scheme
from watermark.schemes.composed import Composed
from watermark.schemes.leximark import LexiMark
from watermark.schemes.look_alikes import LookAlikes
from watermark.schemes.planted import Traps, Trigger
from watermark.schemes.random_sequence import RandomSequence
from watermark.schemes.rewriting import Rewriting
from watermark.substitution.candidates import CandidateSettings


@pytest.fixture(scope="session", autouse=True)
def _no_optional_models():
    """Use no public reference and quality fast: what tests do must not depend on the machine."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(assets, "PUBLIC_LANGUAGE_MODELS", ())
        patched.setattr(sources, "installed_quality", lambda: "fast")
        yield


MANY_SITES = ("--source", "wordnet", "-k", "5", "--min-fit", "0.4")
"""Options of `leximark mark` that give short texts enough sites; `DENSE` has the same."""
DENSE = LexiMark(words_per_sentence=5, sources=("wordnet",), fit=CandidateSettings(min_fit=0.4))
"""More sites than by default, so that little text holds clear evidence."""


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
    folder = build_once(tmp_path_factory, "job", _mark_and_train)
    vault = tmp_path_factory.mktemp("job") / "vault"  # audits add to its log: one for each worker
    shutil.copytree(folder / "ours/vault", vault)
    shutil.copytree(folder / "ours/published", vault.with_name("published"))
    return Job(
        folder / "topics.jsonl",
        vault,
        folder / "ours/key",
        folder / "ours/model",
        folder / "other/model",
    )


def _mark_and_train(folder):
    torch.set_num_threads(1)  # a tiny model is done before a second thread has woken up
    corpus = folder / "topics.jsonl"
    texts = list(islice(paragraphs(), 160))
    rows = [json.dumps({"id": f"t{i}", "text": text}) + "\n" for i, text in enumerate(texts)]
    corpus.write_text("".join(rows), encoding="utf-8")
    tokenizer = new_tokenizer(texts, 1024)
    settings = TrainingSettings(learning_rate=3e-3, epochs=8, batch_size=8, precision="float32")
    for name, secret in (("ours", bytes(range(32))), ("other", bytes(range(32, 64)))):
        here = folder / name
        here.mkdir()
        write_key(here / "key", Key(secret))
        mark_command(
            corpus,
            here / "published",
            here / "vault",
            make_intent(DENSE),
            id_column="id",
            key_file=here / "key",
        )
        published = [d.text for d in open_corpus(here / "published" / corpus.name).documents()]
        shape = Shape(layers=2, width=64, heads=4, context=256)
        train(new_model(tokenizer, shape, 0), tokenizer, published, here / "model", settings)


SCHEMES: dict[str, tuple[Scheme, int]] = {
    "sequence": (RandomSequence(length=40), 20),
    "sequences": (RandomSequence(scope="document", length=20), 20),
    "letters": (LookAlikes(), 16),
    "words": (LookAlikes(scope="word"), 30),
    "traps": (Traps(n_words=8), 16),
    "fuzzy": (Traps(n_words=8, n_fuzzy=2, rarity_bits=13.0), 16),
    "trigger": (Trigger(share=1.0), 16),
    "ablation": (
        LexiMark(
            words_per_sentence=5,
            sources=("wordnet",),
            select="random",
            percentage=0.3,
            share=0.9,
            scope="site",
            fit=CandidateSettings(min_fit=0.2),
        ),
        50,
    ),
    "composed": (Composed(LookAlikes(scope="word"), RandomSequence("document", 12)), 10),
}
"""Schemes, each with so many documents of its own: one training serves them all."""


@dataclass(frozen=True)
class SchemesJob:
    """Documents marked by each scheme, and a tiny model that was trained on all of them."""

    vaults: dict[str, Path]
    keys: dict[str, Path]
    trained: Path


@pytest.fixture(scope="session")
def chat_server():
    """Yield the address of a chat model that puts the first word of a text last."""
    with serve_chat(lambda text: " ".join([*text.split()[1:], text.split()[0]])) as address:
        yield address


@pytest.fixture(scope="session")
def schemes_job(tmp_path_factory, chat_server):
    folder = tmp_path_factory.mktemp("schemes")
    texts = [" ".join(text.split()[:25]) for text in paragraphs()]
    source = iter(dict.fromkeys(texts))
    published = []
    schemes = {**SCHEMES, "rewriting": (Rewriting(endpoint=chat_server), 16)}
    for number, (name, (scheme, n)) in enumerate(schemes.items()):
        here = folder / name
        here.mkdir()
        rows = [{"id": f"{name}{i}", "text": text} for i, text in enumerate(islice(source, n))]
        (here / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        write_key(here / "key", Key(bytes(range(number, 32 + number))))
        mark_command(
            here / "in.jsonl",
            here / "published",
            here / "vault",
            make_intent(scheme, alpha=0.01),
            id_column="id",
            key_file=here / "key",
        )
        corpus = open_corpus(here / "published/in.jsonl")
        published += [document.text for document in corpus.documents()]
    settings = TrainingSettings(learning_rate=3e-3, epochs=12, batch_size=8, precision="float32")
    tokenizer = new_tokenizer(texts, 1024)
    model = new_model(tokenizer, Shape(layers=2, width=64, heads=4, context=256), 0)
    train(model, tokenizer, published, folder / "model", settings)
    return SchemesJob(
        {name: folder / name / "vault" for name in schemes},
        {name: folder / name / "key" for name in schemes},
        folder / "model",
    )


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    status: int
    out: str
    err: str


@pytest.fixture
def command(tmp_path, monkeypatch, capsys, resources):
    """Run a console script in this process and in `tmp_path`.

    The resources of quality `fast` are used even where the models of `best` are installed: what
    the tests do must not depend on the machine.
    """
    monkeypatch.chdir(tmp_path)
    real = sources.load_lexical_resources

    def load(scheme, *option):
        usual = scheme.sources == ("wordnet",) and scheme.fit.language == "en"
        return resources if usual else real(scheme, *option)

    monkeypatch.setattr(sources, "load_lexical_resources", load)
    entries = {"leximark": cli.main, "verify": cli.verify_main}

    def run(program, *arguments):
        monkeypatch.setattr("sys.argv", [program, *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            entries[program]()
        said = capsys.readouterr()
        return Done(int(caught.value.code or 0), said.out, said.err)

    return run
