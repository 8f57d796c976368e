"""Saved data sets: what `load_from_disk` sees is the same but for the text."""

import json

import datasets
import pyarrow as pa
import pytest

from watermark.corpus import open_corpus
from watermark.corpus.datasets_folder import write_stream
from watermark.errors import CorpusError


def shouted(corpus):
    return (d.text.upper() for d in corpus.documents())


@pytest.fixture
def dataset():
    features = datasets.Features(
        {
            "text": datasets.Value("string"),
            "label": datasets.ClassLabel(names=["no", "yes"]),
            "spans": [{"start": datasets.Value("int32")}],
        }
    )
    rows = {"text": ["a", "b", "c"], "label": [0, 1, 1], "spans": [[], [{"start": 1}], []]}
    info = datasets.DatasetInfo(description="mine", license="cc0", features=features)
    info.download_checksums = {"/home/me/secret.txt": {"num_bytes": 3}}
    return datasets.Dataset.from_dict(rows, features=features, info=info, split="train")


def test_features_info_and_shards_are_kept(dataset, tmp_path):
    dataset.save_to_disk(str(tmp_path / "in"), num_shards=2)
    corpus = open_corpus(tmp_path / "in")
    corpus.rewrite(tmp_path / "out", shouted(corpus))
    found = datasets.load_from_disk(str(tmp_path / "out"), keep_in_memory=True)
    assert found.features == dataset.features
    assert (found.info.description, found.info.license) == ("mine", "cc0")
    assert found.split == "train"
    assert found.to_dict() == {**dataset.to_dict(), "text": ["A", "B", "C"]}
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == sorted(path.name for path in (tmp_path / "in").iterdir())


def test_what_no_longer_holds_and_paths_of_the_owner_are_not_published(dataset, tmp_path):
    dataset.save_to_disk(str(tmp_path / "in"))
    assert "secret" in (tmp_path / "in" / "dataset_info.json").read_text()
    for source, out in ((tmp_path / "in", "a"), (dataset, "b")):
        corpus = open_corpus(source)
        corpus.rewrite(tmp_path / out, (d.text for d in corpus.documents()))
        info = (tmp_path / out / "dataset_info.json").read_text()
        assert "secret" not in info
        assert not json.loads(info).get("splits")


def test_the_fingerprint_follows_the_rows(dataset, tmp_path):
    dataset.save_to_disk(str(tmp_path / "in"))
    corpus = open_corpus(tmp_path / "in")
    corpus.rewrite(tmp_path / "a", (d.text for d in corpus.documents()))
    corpus.rewrite(tmp_path / "b", shouted(corpus))
    prints = [
        json.loads((tmp_path / name / "state.json").read_text())["_fingerprint"]
        for name in ("in", "a", "b")
    ]
    assert len(set(prints)) == 3


def test_one_split_is_read_and_written_alone(dataset, tmp_path):
    splits = datasets.DatasetDict(train=dataset, test=dataset.select([2]))
    splits.save_to_disk(str(tmp_path / "in"))
    corpus = open_corpus(tmp_path / "in", split="test")
    assert [document.text for document in corpus.documents()] == ["c"]
    corpus.rewrite(tmp_path / "out", shouted(corpus))
    assert datasets.load_from_disk(str(tmp_path / "out"), keep_in_memory=True)["text"][:] == ["C"]


def test_ids_are_unique_over_splits(dataset, tmp_path):
    splits = datasets.DatasetDict(train=dataset, test=dataset.select([2]))
    splits.save_to_disk(str(tmp_path / "in"))
    names = [document.id for document in open_corpus(tmp_path / "in").documents()]
    assert names[2].removesuffix("-0") == names[3].removesuffix("-1")


def test_a_split_that_is_not_there_is_named_with_those_that_are(dataset, tmp_path):
    datasets.DatasetDict(train=dataset, test=dataset).save_to_disk(str(tmp_path / "dict"))
    dataset.save_to_disk(str(tmp_path / "single"))
    with pytest.raises(CorpusError, match="wanted split 'dev', but the data set has 'train', 'tes"):
        open_corpus(tmp_path / "dict", split="dev")
    with pytest.raises(CorpusError, match="but the data set has no splits"):
        open_corpus(tmp_path / "single", split="train")


@pytest.mark.parametrize("cut", [8, 100, 400])
def test_a_shard_that_was_cut_short_is_an_error_and_not_a_shorter_shard(dataset, tmp_path, cut):
    dataset.save_to_disk(str(tmp_path / "in"), num_shards=2)
    (shard,) = (tmp_path / "in").glob("data-00001-*.arrow")
    shard.write_bytes(shard.read_bytes()[:-cut])
    with pytest.raises(CorpusError, match=r"data-00001-of-00002\.arrow: could not be read"):
        list(open_corpus(tmp_path / "in").documents())


def test_a_null_is_named_with_shard_and_row(dataset, tmp_path):
    dataset.map(lambda row: {"text": row["text"] if row["text"] != "b" else None}).save_to_disk(
        str(tmp_path / "in")
    )
    with pytest.raises(CorpusError, match=r"data-00000-of-00001\.arrow:2: column 'text' must hold"):
        list(open_corpus(tmp_path / "in").documents())


def test_more_texts_than_a_dictionary_can_number_are_refused(dataset, tmp_path):
    dataset.save_to_disk(str(tmp_path / "in"))
    (shard,) = (tmp_path / "in").glob("*.arrow")
    small = pa.dictionary(pa.int8(), pa.string())
    batch = pa.record_batch({"text": pa.array(["a", "b"] * 100, small)})
    write_stream(shard, batch.schema, [batch])
    corpus = open_corpus(tmp_path / "in")
    assert corpus.rewrite(tmp_path / "same", ["a"] * 200) == 200
    numbered = (f"{n}" for n in range(200))
    with pytest.raises(CorpusError, match="a dictionary with int8 indices, too few"):
        corpus.rewrite(tmp_path / "out", numbered)


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("state.json", "{", r"state\.json: wanted the JSON file"),
        ("state.json", "[]", r"state\.json: wanted a JSON object, got list"),
        ("state.json", '{"_data_files": [{"filename": "../x"}]}', "lie in another folder"),
        ("state.json", '{"_indices_data_files": [{"filename": "i"}]}', "through an index"),
        ("dataset_dict.json", '{"splits": ["../x"]}', "a split is not a folder"),
        ("dataset_dict.json", '{"splits": ["gone"]}', r"gone/state\.json: wanted the JSON file"),
    ],
)
def test_a_damaged_folder_is_named(dataset, tmp_path, name, content, complaint):
    dataset.save_to_disk(str(tmp_path / "in"))
    (tmp_path / "in" / name).write_text(content)
    with pytest.raises(CorpusError, match=complaint):
        open_corpus(tmp_path / "in")
