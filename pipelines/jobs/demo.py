"""The whole promise on text that every Python carries: mark, train, audit.

Two tiny models are trained on the spot. The first sees the texts that were marked with our key,
the second the same texts marked with another key: it knows the subject, the style and the scheme,
everything but our coins.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from pipelines.jobs.mark import make_intent, mark_command
from pipelines.jobs.verify import verify_command
from pipelines.loading.embedded_text import paragraphs
from pipelines.loading.models import ModelOptions
from pipelines.reporting.report import Report
from pipelines.training.training import Shape, TrainingSettings, new_model, new_tokenizer, train
from watermark.corpus import open_corpus
from watermark.keys import Key, write_key
from watermark.schemes.leximark import LexiMark

SHAPE = Shape(layers=4, width=128, heads=4, context=512)
TRAINING = TrainingSettings(learning_rate=1e-3, epochs=4, batch_size=8, precision="float32")
VOCABULARY = 4096
KEYS = {"ours": Key(bytes(range(32))), "theirs": Key(bytes(range(32, 64)))}
"""Fixed, so that the demo gives the same numbers each time; a real key is drawn by `mark`."""


@dataclass(frozen=True)
class Demo:
    """Both audits, with our vault."""

    trained: Report
    """Audit of the model trained on the texts marked with our key."""
    other: Report
    """Audit of the model trained on the texts marked with another key."""


def run_demo(folder: Path) -> Demo:
    """Run the demo in a folder that is not there yet."""
    folder.mkdir(parents=True)
    source = folder / "topics.jsonl"
    with source.open("w", encoding="utf-8") as file:
        for number, text in enumerate(paragraphs()):
            file.write(json.dumps({"id": f"topic-{number}", "text": text}) + "\n")
    intent = make_intent(LexiMark(), public_references=())
    tokenizer = new_tokenizer(paragraphs(), VOCABULARY)
    reports: dict[str, Report] = {}
    for name, key in KEYS.items():
        here = folder / name
        here.mkdir()
        write_key(here / "key", key)
        mark_command(
            source,
            here / "published",
            here / "vault",
            intent,
            id_column="id",
            key_file=here / "key",
        )
        texts = [d.text for d in open_corpus(here / "published" / source.name).documents()]
        train(new_model(tokenizer, SHAPE, seed=0), tokenizer, texts, here / "model", TRAINING)
        reports[name] = verify_command(
            folder / "ours" / "vault",
            str(here / "model"),
            (),
            here / "report",
            ModelOptions(dtype="float32"),
            key_file=folder / "ours" / "key",
        )
    return Demo(reports["ours"], reports["theirs"])
