"""GGUF files in llama.cpp, which has to be compiled: `make slow` installs it."""

from dataclasses import replace
from itertools import islice

import gguf
import numpy as np
import pytest
from scipy.stats import spearmanr

from membership.models.local import llama_cpp as ours
from membership.models.local.gguf import load_gguf
from membership.models.local.inference_settings import InferenceSettings
from membership.models.local.llama_cpp import load_llama_cpp
from membership.traces.trace import Query, Slot
from pipelines.experiments.trials.gguf_writer import write_gguf
from pipelines.loading.embedded_text import paragraphs
from pipelines.loading.models import ModelOptions, load_model
from tests.support.tiny_gguf import save_tiny_gguf
from watermark.assets import find_model
from watermark.errors import AssetError, ModelError

RUN = InferenceSettings(device="cpu")
IN_FLOAT32 = InferenceSettings(dtype="float32", device="cpu")
LONG = "the thin path to the north, caf\u00e9 <|endoftext|> and the \U0001f937 three others " * 4
QUERIES = [
    Query(LONG, (Slot(4, "thin", ("thin", "wide", "long")), Slot(9, "path", ("path", "pool")))),
    Query("x"),
    Query(""),
    Query("the north"),
    Query(f"the end\n{'-' * 64}\nthe start"),
]
EXACT = ("token_ids", "spans", "unscored_start")
FLOATS = ("logprob", "mean", "std", "top1")

in_llama_cpp = pytest.mark.slow


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("gguf") / "tiny.F32.gguf"
    return save_tiny_gguf(path, gguf.GGMLQuantizationType.F32)


def assert_same(ours, theirs, atol):
    assert list(ours) == list(theirs)
    for number, trace in ours.items():
        other = theirs[number]
        for column in (*EXACT, *FLOATS):
            a, b = getattr(trace, column), getattr(other, column)
            allowed = atol if column in FLOATS else 0
            np.testing.assert_allclose(a, b, rtol=0, atol=allowed, err_msg=f"{number} {column}")
        assert np.abs(trace.rank - other.rank).max(initial=0) <= 2  # near ties change places
        for one, two in zip(trace.candidate_logprobs, other.candidate_logprobs, strict=True):
            assert one.reason == two.reason == ""
            np.testing.assert_allclose(one.logprob, two.logprob, atol=atol)


@in_llama_cpp
@pytest.mark.parametrize("start_token", ["auto", "none"])
def test_the_numbers_are_those_of_transformers(file, start_token):
    here = load_llama_cpp(file, replace(RUN, start_token=start_token))
    there = load_gguf(file, replace(IN_FLOAT32, start_token=start_token))
    assert here.tokenizer.start == there.tokenizer.start
    assert here.fingerprint == there.fingerprint
    assert_same(dict(here.trace(QUERIES)), dict(sorted(there.trace(QUERIES))), atol=1e-3)


@in_llama_cpp
def test_chunks_of_any_size_give_the_same(file, monkeypatch):
    whole = dict(load_llama_cpp(file, RUN).trace(QUERIES))
    monkeypatch.setattr(ours, "_CHUNK", 5)
    assert_same(dict(load_llama_cpp(file, RUN).trace(QUERIES)), whole, atol=1e-4)


@in_llama_cpp
def test_known_queries_are_left_out(file):
    assert [index for index, _ in load_llama_cpp(file, RUN).trace(QUERIES, {0, 2})] == [1, 3, 4]


@in_llama_cpp
def test_a_prefix_before_the_file_chooses_llama_cpp(file, tmp_path):
    model = load_model(f"llama.cpp+{file}", ModelOptions(cache=tmp_path / "cache"))
    assert "run by llama.cpp of llama-cpp-python" in model.settings
    expanded = load_model(str(file), ModelOptions(cache=tmp_path / "cache"))
    assert expanded.settings != model.settings
    ((_, trace),) = model.trace([Query("the north")])
    ((_, again),) = load_model(f"llama.cpp+{file}", ModelOptions(cache=tmp_path / "cache")).trace(
        [Query("the north")]
    )
    np.testing.assert_array_equal(trace.logprob, again.logprob)


@in_llama_cpp
def test_a_broken_file_is_one_message(tmp_path):
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF and then nothing")
    with pytest.raises(ModelError, match=r"broken\.gguf: cannot be loaded by llama\.cpp"):
        load_llama_cpp(broken, RUN)


@in_llama_cpp
@pytest.mark.parametrize(
    ("run", "words"),
    [
        (replace(RUN, max_length=65), "at least 3 and at most 64 tokens"),
        (replace(RUN, start_token="<s>"), "the tokenizer has no '<s>'"),
    ],
)
def test_settings_that_are_none_are_refused(file, run, words):
    with pytest.raises(ModelError, match=words):
        load_llama_cpp(file, run)


def test_a_path_that_is_no_file_is_named(tmp_path):
    with pytest.raises(ModelError, match="there is no file"):
        load_model(f"llama.cpp+{tmp_path / 'none.gguf'}", ModelOptions())


def test_without_llama_cpp_the_message_says_what_to_install(file, monkeypatch, tmp_path):
    monkeypatch.setattr(ours, "find_spec", lambda name: None)
    for cache in (None, tmp_path):
        with pytest.raises(ModelError, match=r"install leximark\[llama-cpp\]"):
            load_model(f"llama.cpp+{file}", ModelOptions(cache=cache))


@in_llama_cpp
def test_a_real_model_in_eight_bits_says_what_its_expanded_file_says(tmp_path):
    try:
        folder = find_model("smollm2-135m")
    except AssetError as error:
        pytest.skip(str(error))
    write_gguf(folder, tmp_path / "smollm2.Q8_0.gguf")
    texts = [text for text in islice(paragraphs(), 24) if len(text) < 900]
    queries = [
        Query(text, (Slot(text.index(" the "), " the", (" the", " a", " their")),))
        for text in texts
        if " the " in text
    ]
    here, there = (
        [trace for _, trace in sorted(model.trace(queries), key=lambda found: found[0])]
        for model in (
            load_llama_cpp(tmp_path / "smollm2.Q8_0.gguf", RUN),
            load_gguf(tmp_path / "smollm2.Q8_0.gguf", IN_FLOAT32),
        )
    )
    for one, other in zip(here, there, strict=True):
        np.testing.assert_array_equal(one.token_ids, other.token_ids)
        np.testing.assert_array_equal(one.spans, other.spans)
    loss = np.array([[float(t.logprob.mean()) for t in traces] for traces in (here, there)])
    assert spearmanr(*loss).statistic > 0.99
    assert np.abs(loss[0] - loss[1]).max() < 0.05
    read = np.array(
        [np.concatenate([t.candidate_logprobs[0].logprob for t in s]) for s in (here, there)]
    )
    assert np.corrcoef(read)[0, 1] > 0.99
