import json

import pytest

from membership.traces.store import TraceStore
from membership.traces.trace import Query, Slot
from pipelines.cluster.reading_step import ABOUT, BLOCKS, Read, read_blocks, write_blocks
from pipelines.loading.models import ModelOptions, load_model
from tests.support.tiny import save_tiny_model
from watermark.errors import ModelError

TEXTS = [Query(f"The harbour of town {n} lies open.") for n in range(7)]
ODD = [
    Query("a\r\n\u2028b \ud83d \U0001f600"),
    Query("A big dog.", (Slot(2, "big", ("big", "large")), Slot(6, "dog", ("dog", "hound")))),
]


def test_blocks_are_read_as_they_were_written(tmp_path):
    blocks = [ODD, [], TEXTS]
    write_blocks(tmp_path / BLOCKS, blocks)
    assert list(read_blocks(tmp_path / BLOCKS)) == blocks


@pytest.fixture
def step(tmp_path):
    save_tiny_model(tmp_path / "model", "llama")
    write_blocks(tmp_path / BLOCKS, [[text] for text in TEXTS])
    options = ModelOptions(dtype="float32", cache=tmp_path / "cache")
    return Read(tmp_path, str(tmp_path / "model"), options, "")


def test_each_block_is_read_by_one_task_and_the_first_says_what_the_model_is(step, tmp_path):
    model = load_model(step.source, step.options)
    step.do(1, 3)
    assert not (tmp_path / ABOUT).exists()
    assert list(TraceStore(tmp_path / "cache", model).find(TEXTS)) == [1, 4]
    step.do(0, 3)
    assert list(TraceStore(tmp_path / "cache", model).find(TEXTS)) == [0, 1, 3, 4, 6]
    said = json.loads((tmp_path / ABOUT).read_text())
    assert (said["fingerprint"], said["settings"]) == (model.fingerprint, model.settings)
    assert set(said["abilities"]) == model.abilities


def test_a_machine_that_runs_the_model_otherwise_is_refused_before_it_reads(step, tmp_path):
    step.settings = "bfloat16 on cuda"
    with pytest.raises(ModelError, match=r"float32 on cpu.*'bfloat16 on cuda' elsewhere"):
        step.do(1, 3)
    assert not list((tmp_path / "cache").glob("*/*.parquet"))
