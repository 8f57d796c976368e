import json
import shutil
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pytest
import torch

from pipelines.instalments.append import append_command
from pipelines.instalments.editions import edition_command, mark_editions_command
from pipelines.jobs.mark import make_intent
from pipelines.loading.embedded_text import paragraphs
from pipelines.training.training import Shape, TrainingSettings, new_model, new_tokenizer, train
from tests.support.build_once import build_once
from watermark.corpus import open_corpus
from watermark.keys import KEY_BYTES, Key
from watermark.marking import workspace
from watermark.schemes.look_alikes import LookAlikes

INTENT = make_intent(LookAlikes(scope="word"), holdout_share=0.1)
LICENSEES = ("Acme News", "Bravo Media", "Charlie")


@dataclass(frozen=True)
class Stream:
    """A vault with editions and two instalments, and a tiny model.

    The model was trained on the edition of Bravo Media and on the second instalment.
    """

    vault: Path
    model: Path
    corpora: Path
    """A folder with first.jsonl, one.jsonl, two.jsonl and three.jsonl, which is not marked yet."""


@pytest.fixture
def stream(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        # A key that is drawn anew fits an instalment by chance once in some hundred runs.
        patch.setattr(workspace, "new_key", lambda: Key(bytes(range(KEY_BYTES))))
        folder = build_once(tmp_path_factory, "stream", _make)
    vault = tmp_path_factory.mktemp("stream") / "vault"
    shutil.copytree(folder / "vault", vault)
    return Stream(vault, folder / "model", folder)


def _make(folder):
    torch.set_num_threads(1)
    texts = list(islice(paragraphs(), 120))
    for number, name in enumerate(("first", "one", "two", "three")):
        some = texts[30 * number : 30 * (number + 1)]
        rows = [json.dumps({"id": f"t{i}", "text": text}) + "\n" for i, text in enumerate(some)]
        (folder / f"{name}.jsonl").write_text("".join(rows))
    (folder / "licensees.csv").write_text("licensee,mail\n" + ",x\n".join(LICENSEES) + ",x\n")
    vault = folder / "vault"
    mark_editions_command(
        folder / "first.jsonl", folder / "first", vault, INTENT, folder / "licensees.csv",
        id_column="id",
    )  # fmt: skip
    for name in ("one", "two"):
        append_command(
            folder / f"{name}.jsonl", folder / name, vault, INTENT, name=name, id_column="id"
        )
    edition_command(vault, "Bravo Media", folder / "bravo")
    learned = [
        document.text
        for path in (folder / "bravo/documents.jsonl", folder / "two/two.jsonl")
        for document in open_corpus(path, id_column="id").documents()
    ]
    tokenizer = new_tokenizer(learned, 1024)
    settings = TrainingSettings(learning_rate=3e-3, epochs=8, batch_size=8, precision="float32")
    shape = Shape(layers=2, width=64, heads=4, context=256)
    train(new_model(tokenizer, shape, 0), tokenizer, learned, folder / "model", settings)
