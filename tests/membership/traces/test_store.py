import shutil

import numpy as np
import pytest

from membership.models.local.huggingface import load_huggingface
from membership.models.local.inference_settings import InferenceSettings
from membership.traces.cached_model import CachedModel, open_cached, with_cache
from membership.traces.store import NOTES, TASKS, clear, contents
from membership.traces.suspect_protocol import Sampling
from membership.traces.trace import Query, Slot
from tests.support.tiny import TEXTS, save_tiny_model
from watermark.errors import ModelError, PrerequisiteError, ToolkitError

TEXT = "It is not the case that the statement with a class is a try."
QUERIES = [
    Query(TEXT, (Slot(0, "It", ("It", "This")), Slot(14, "case", ("case", "string", "strings")))),
    Query("for x in y: the “naïve” 🤷 way"),
    Query(""),
    Query("a lone surrogate \ud800 here"),
    Query(TEXTS[1]),
]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = save_tiny_model(tmp_path_factory.mktemp("model") / "tiny")
    return load_huggingface(folder, InferenceSettings(dtype="float32", batch_tokens=64))


class Counting:
    """Counts what a model is asked to read."""

    def __init__(self, model):
        self.model, self.read = model, []
        self.name, self.fingerprint = model.name, model.fingerprint
        self.settings, self.abilities = model.settings, model.abilities

    def trace(self, queries, known=()):
        for index, trace in self.model.trace(queries, known):
            self.read.append(index)
            yield index, trace


def assert_same(one, other):
    for name in ("token_ids", "spans", "logprob", "mean", "std", "top1", "rank"):
        a, b = getattr(one, name), getattr(other, name)
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)
    assert one.unscored_start == other.unscored_start
    assert [r.reason for r in one.candidate_logprobs] == [
        r.reason for r in other.candidate_logprobs
    ]
    for mine, theirs in zip(one.candidate_logprobs, other.candidate_logprobs, strict=True):
        np.testing.assert_array_equal(mine.logprob, theirs.logprob)


def test_what_comes_from_the_disk_is_what_was_made_to_the_bit(model, tmp_path):
    fresh = dict(with_cache(model, tmp_path).trace(QUERIES))
    again = dict(with_cache(model, tmp_path).trace(QUERIES))
    bare = dict(model.trace(QUERIES))
    for index in range(len(QUERIES)):
        assert_same(fresh[index], bare[index])
        assert_same(again[index], bare[index])


def test_a_second_time_the_model_reads_nothing(model, tmp_path):
    list(with_cache(model, tmp_path).trace(QUERIES))
    counting = Counting(model)
    assert len(dict(with_cache(counting, tmp_path).trace(QUERIES))) == len(QUERIES)
    assert not counting.read


def test_a_text_without_places_is_known_from_one_with_them_and_not_the_other_way(model, tmp_path):
    list(with_cache(model, tmp_path).trace(QUERIES[:1]))
    counting = Counting(model)
    cached = with_cache(counting, tmp_path)
    list(cached.trace([Query(TEXT)]))
    assert not counting.read
    list(cached.trace([Query(TEXT, QUERIES[0].slots[:1])]))
    assert counting.read


def test_what_was_read_before_a_cut_is_kept_and_the_rest_is_the_same_to_the_bit(model, tmp_path):
    whole = dict(model.trace(QUERIES))
    reading = with_cache(model, tmp_path).trace(QUERIES)
    first = dict([next(reading), next(reading)])
    del reading  # it is closed by that, and writes down what it has
    counting = Counting(model)
    rest = dict(with_cache(counting, tmp_path).trace(QUERIES))
    assert sorted(counting.read) == sorted(set(range(len(QUERIES))) - set(first))
    for index, trace in rest.items():
        assert_same(trace, whole[index])


def test_another_model_or_another_way_to_run_it_shares_nothing(model, tmp_path):
    list(with_cache(model, tmp_path).trace(QUERIES))
    for change in ({"fingerprint": "other"}, {"settings": "bfloat16"}):
        counting = Counting(model)
        vars(counting).update(change)
        list(with_cache(counting, tmp_path).trace(QUERIES))
        assert len(counting.read) == len(QUERIES)
    assert len(contents(tmp_path)) == 3


def test_a_model_whose_texts_are_all_known_is_not_opened(model, tmp_path):
    opened = []

    def open_model():
        opened.append(1)
        return model

    def run(fingerprint=model.fingerprint):
        cached = open_cached(
            tmp_path, name="m", fingerprint=fingerprint, request="here", open_model=open_model
        )
        return cached.settings, dict(cached.trace(QUERIES))

    first = run()
    assert len(opened) == 1
    second = run()
    assert len(opened) == 1
    assert first[0] == second[0] == model.settings
    with pytest.raises(ModelError, match="was changed while it was read"):
        run("hash of other files")


def test_a_model_that_changes_behind_its_note_is_refused(model, tmp_path):
    cached = CachedModel(
        tmp_path,
        name="m",
        fingerprint=model.fingerprint,
        settings="as it was",
        abilities=model.abilities,
        open_model=lambda: model,
    )
    with pytest.raises(ModelError, match="was changed while it was read"):
        list(cached.trace(QUERIES))


def test_a_damaged_file_is_named_and_never_read(model, tmp_path):
    list(with_cache(model, tmp_path).trace(QUERIES))
    (file,) = tmp_path.glob("*/*.parquet")
    whole = file.read_bytes()
    good, refused = dict(with_cache(model, tmp_path).trace(QUERIES)), 0
    slots = range(0, len(whole), len(whole) // 97)
    for place in slots:
        content = bytearray(whole)
        content[place] ^= 0xFF
        file.write_bytes(content)
        try:
            read = dict(with_cache(model, tmp_path).trace(QUERIES))
        except ToolkitError as error:
            assert "the cache is damaged" in str(error)  # noqa: PT017 - or the same numbers
            refused += 1
        else:  # a byte that no number depends on
            for index, trace in read.items():
                np.testing.assert_array_equal(trace.logprob, good[index].logprob)
                np.testing.assert_array_equal(trace.token_ids, good[index].token_ids)
        for more in set(tmp_path.glob("*/*.parquet")) - {file}:
            more.unlink()
    assert refused > 0.8 * len(slots)


def test_the_folder_is_its_owners_alone_and_holds_no_text(model, tmp_path):
    list(with_cache(model, tmp_path).trace(QUERIES))
    (folder,) = tmp_path.iterdir()
    assert folder.stat().st_mode & 0o077 == 0
    assert all(TEXT.encode() not in file.read_bytes() for file in folder.iterdir())


@pytest.mark.parametrize("note", ["{", "[]", '{"name": "a"}', " " * 2**20 + "{}", "[" * 70])
def test_a_damaged_note_is_named(model, tmp_path, note):
    list(with_cache(model, tmp_path).trace(QUERIES))
    (about,) = tmp_path.glob("*/about.json")
    about.write_text(note)
    with pytest.raises(ToolkitError, match=r"about.json: the cache is damaged"):
        contents(tmp_path)
    assert clear(tmp_path) == 1


def test_clearing_removes_what_was_cached_and_nothing_else(model, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/file").write_text("x")
    list(with_cache(model, tmp_path).trace(QUERIES))
    (tmp_path / TASKS / "1f").mkdir(parents=True)  # left by a task that failed
    (found,) = contents(tmp_path)
    assert (found.name, found.n_texts) == (model.name, len(QUERIES))
    assert clear(tmp_path) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    assert contents(tmp_path) == []
    shutil.rmtree(tmp_path / "mine")


def test_a_model_that_does_not_write_says_so(model, tmp_path):
    with pytest.raises(PrerequisiteError, match="is not asked to write"):
        with_cache(model, tmp_path).write(["a"], Sampling(), max_tokens=1)


def test_a_slot_at_another_place_of_the_text_is_read_by_the_model(model, tmp_path):
    text = "a class in a class"
    first, second = (Query(text, (Slot(at, "class", ("class", "try")),)) for at in (2, 13))
    list(with_cache(model, tmp_path).trace([first]))
    counting = Counting(model)
    ((_, found),) = with_cache(counting, tmp_path).trace([second])
    assert counting.read == [0]
    assert_same(found, dict(model.trace([second]))[0])


def test_a_model_that_is_run_with_other_options_is_opened_again(model, tmp_path):
    opened = []

    def open_with(request):
        def open_model():
            opened.append(request)
            return model

        open_cached(
            tmp_path,
            name="m",
            fingerprint=model.fingerprint,
            request=request,
            open_model=open_model,
        )

    for request in ("float32", "bfloat16", "float32"):
        open_with(request)
    assert opened == ["float32", "bfloat16"]
    assert len(list(tmp_path.glob(NOTES))) == 2
