"""Hostile input made by chance: nothing but our own errors, within time and memory.

LEXIMARK_FUZZ sets how many inputs of each kind are made (default 2,000).
"""

import json
import os
import resource
import struct
import sys
import time
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from membership.models.gguf_header import check_gguf_header
from membership.models.model_limits import check_adapter, check_config, read_header
from membership.models.server.completions import find_model
from membership.models.server.prompt_logprobs import read_reply
from membership.models.tokenizer_limits import check_tokenizer
from watermark.errors import ToolkitError
from watermark.limits import REPLY
from watermark.safe_json import BoundsError, parse_json
from watermark.vault.plan import PLAN, read_plan
from watermark.vault.tables import LEDGER_SCHEMA, read_rows

pytestmark = pytest.mark.slow

N = int(os.environ.get("LEXIMARK_FUZZ", "2000"))
SECONDS = 2.0
GIB = 1 << 20  # of kilobytes, in which the system counts
SPENT: list[float] = []
"""Seconds of each input."""

HARSH = settings(
    max_examples=N,
    deadline=SECONDS * 1000,
    database=None,
    suppress_health_check=list(HealthCheck),
)
NUMBERS = st.one_of(
    st.integers(),
    st.sampled_from([0, -1, 2**31, 2**63, 2**70, 10**7, 10**400, 1e308, 1e-320]),
    st.floats(),
)
WORDS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["(a+)+$", "\ud800", "a" * 5000, ".*.*.*.*", "__proto__", "", "NaN", "\0"]),
)
LEAVES = st.one_of(st.none(), st.booleans(), NUMBERS, WORDS)


def tree(*keys):
    """Objects with the given keys, or any, down to a few levels."""
    names = st.one_of(st.sampled_from(keys), st.text(max_size=5))
    return st.recursive(
        LEAVES,
        lambda inner: st.one_of(
            st.lists(inner, max_size=4), st.dictionaries(names, inner, max_size=5)
        ),
        max_leaves=12,
    )


def written(value):
    """Return JSON, with numbers as Python spells those that JSON has not."""
    return json.dumps(value).encode()


def is_handled(function, *arguments):
    """Call a function that may raise our own errors and no others; tell whether it ends in time."""
    began = time.perf_counter()
    with suppress(ToolkitError, BoundsError):
        function(*arguments)
    SPENT.append(time.perf_counter() - began)
    return SPENT[-1] < SECONDS


@pytest.fixture(autouse=True, scope="module")
def within_a_gibibyte_and_its_time():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.monotonic()
    yield
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    said = f"{len(SPENT):,} inputs, the longest {max(SPENT):.3f} s, at most {most} MB in all"
    sys.stdout.write(f"\n{said}\n")  # shown with `-s`
    assert used < GIB
    assert time.monotonic() - began < 8 * N * SECONDS


@HARSH
@given(st.one_of(st.binary(max_size=300), tree("a", "b").map(written)))
def test_json(content):
    assert is_handled(parse_json, content, REPLY)


CONFIG = tree("num_hidden_layers", "n_layer", "vocab_size", "text_config", "auto_map", "n_experts")


@HARSH
@given(st.dictionaries(st.sampled_from(["num_hidden_layers", "text_config", "x"]), CONFIG))
def test_configurations(tmp_path_factory, config):
    assert is_handled(check_config, config, tmp_path_factory.getbasetemp())


@HARSH
@given(
    st.dictionaries(
        st.sampled_from(["normalizer", "pre_tokenizer", "decoder", "post_processor"]),
        tree("type", "normalizers", "pattern", "Regex", "String", "content", "prepend", "single",
             "special_tokens", "ids", "processors", "pretokenizers"),
    )
)  # fmt: skip
def test_tokenizers(tmp_path_factory, content):
    file = tmp_path_factory.getbasetemp() / "tokenizer.json"
    file.write_bytes(written(content))
    assert is_handled(check_tokenizer, file)


@HARSH
@given(
    st.dictionaries(
        st.sampled_from(["r", "target_modules", "rank_pattern", "alpha_pattern", "modules_to_save",
                         "layer_replication", "layers_pattern", "exclude_modules"]),
        tree("q_proj", "(a+)+", "a"),
    )
)  # fmt: skip
def test_adapters(tmp_path_factory, config):
    file = tmp_path_factory.getbasetemp() / "adapter.safetensors"
    entry = {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}
    file.write_bytes(weights({"a": entry}))
    assert is_handled(check_adapter, config, file, 1000)


def weights(header, size=16):
    head = written(header)
    return struct.pack("<Q", len(head)) + head + b"\0" * size


@HARSH
@given(
    st.one_of(
        st.binary(max_size=100),
        st.dictionaries(
            st.text(max_size=3),
            st.fixed_dictionaries({"dtype": LEAVES, "shape": tree("x"), "data_offsets": tree("x")})
            | tree("shape", "data_offsets"),
        ).map(weights),
    )
)
def test_headers_of_weights(tmp_path_factory, content):
    file = tmp_path_factory.getbasetemp() / "weights.safetensors"
    file.write_bytes(content)
    assert is_handled(read_header, file)


LENGTHS = st.one_of(st.integers(0, 9), st.sampled_from([2**31, 2**40, 2**63, 2**64 - 1]))
PIECES = st.one_of(
    LENGTHS.map(lambda n: struct.pack("<Q", n)),
    st.integers(0, 14).map(lambda n: struct.pack("<I", n)),
    st.binary(max_size=12),
    st.binary(max_size=9).map(lambda text: struct.pack("<Q", len(text)) + text),
)
GGUF = st.builds(
    lambda tensors, entries, pieces: (
        b"GGUF" + struct.pack("<IQQ", 3, tensors, entries) + b"".join(pieces)
    ),
    LENGTHS,
    LENGTHS,
    st.lists(PIECES, max_size=20),
)


@HARSH
@given(st.one_of(st.binary(max_size=100), GGUF))
def test_gguf_headers(tmp_path_factory, content):
    file = tmp_path_factory.getbasetemp() / "fuzzed.gguf"
    file.write_bytes(content)
    assert is_handled(check_gguf_header, file)


GOOD = {
    "scheme": {"name": "leximark"}, "test": "redraw", "detector": "loss",
    "detector_with_reference": "loss", "alpha": 0.001, "references": [], "holdout_share": 0.1,
    "corpus": {"n_documents": 1, "n_sites": 1, "n_changed": 1, "n_held_out": 0},
    "key_commitment": "0" * 64, "made_with": {}, "schema": 1,
    "files": {"ledger.parquet": "0" * 64, "documents.parquet": "0" * 64},
}  # fmt: skip


@HARSH
@given(st.dictionaries(st.sampled_from(sorted(GOOD)), tree("name", "rule", "n_sites"), min_size=1))
def test_plans(tmp_path_factory, changes):
    folder = tmp_path_factory.getbasetemp()
    (folder / PLAN).write_bytes(written(GOOD | changes))
    assert is_handled(read_plan, folder)


def table_of_bytes():
    import pyarrow as pa
    import pyarrow.parquet as pq

    row = {"document_id": "d", "start": 0, "original": "a", "chosen": "b", "draw": "a"}
    out = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist([row | {"candidates": ["a", "b"]}], LEDGER_SCHEMA), out)
    return out.getvalue().to_pybytes()


TABLE = table_of_bytes()


@HARSH
@given(st.lists(st.tuples(st.integers(0, len(TABLE) - 1), st.integers(0, 255)), max_size=8))
def test_ledgers(tmp_path_factory, changes):
    content = bytearray(TABLE)
    for place, byte in changes:
        content[place] = byte
    file = tmp_path_factory.getbasetemp() / "ledger.parquet"
    file.write_bytes(content)
    assert is_handled(lambda: list(read_rows(file, LEDGER_SCHEMA)))


REPLIES = tree(
    "choices", "logprobs", "tokens", "token_logprobs", "top_logprobs", "text", "usage",
    "prompt_logprobs", "logprob", "rank", "decoded_token", "prompt_token_ids", "prompt_tokens", "5",
)  # fmt: skip


@HARSH
@given(
    st.sampled_from(["prompt_logprobs", "echo"]),
    st.one_of(
        REPLIES,
        REPLIES.map(lambda reply: [reply]),
        st.dictionaries(st.sampled_from(["prompt_logprobs", "logprobs", "text"]), REPLIES).map(
            lambda choice: [choice]
        ),
    ),
    REPLIES,
)
def test_replies(form, choices, usage):
    assert is_handled(read_reply, form, {"choices": choices, "usage": usage}, "a b c")


class Listing:
    """A server that lists models and does nothing else."""

    address = "http://h"

    def __init__(self, reply):
        self.reply = reply

    def get(self, path):
        return self.reply


@HARSH
@given(
    st.dictionaries(
        st.just("data"),
        st.lists(st.dictionaries(st.sampled_from(["id", "max_model_len"]), LEAVES), max_size=3),
    )
)
def test_lists_of_models(reply):
    assert is_handled(find_model, Listing(reply), "")
