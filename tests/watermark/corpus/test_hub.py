"""Data sets that `datasets` loads: from the hub, from a folder in its form, in memory."""

import subprocess
import sys

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from watermark.corpus import hub, load_saved, open_corpus
from watermark.errors import CorpusError


@pytest.fixture
def dataset():
    return datasets.Dataset.from_dict({"id": [1, 2, 3], "text": ["a", "b", "c"], "n": [7, 8, 9]})


def shouted(corpus):
    return (d.text.upper() for d in corpus.documents())


def rewritten(corpus, texts, folder):
    corpus.rewrite(folder, texts)
    return load_saved(folder)


def test_a_data_set_in_memory_becomes_another(dataset, tmp_path):
    corpus = open_corpus(dataset, id_column="id")
    found = rewritten(corpus, shouted(corpus), tmp_path / "out")
    assert found.to_dict() == {"id": [1, 2, 3], "text": ["A", "B", "C"], "n": [7, 8, 9]}
    assert found.features == dataset.features
    assert dataset["text"][:] == ["a", "b", "c"]


def test_split_and_licence_go_along(dataset, tmp_path):
    info = datasets.DatasetInfo(license="cc0", citation="me", homepage="here", description="mine")
    named = datasets.Dataset(dataset.data, info=info, split="validation")
    corpus = open_corpus(named)
    found = rewritten(corpus, [d.text for d in corpus.documents()], tmp_path / "out")
    about = found.info
    assert (about.license, about.citation) == ("cc0", "me")
    assert (about.homepage, about.description) == ("here", "mine")
    assert found.split == "validation"


def test_withheld_rows_are_not_in_the_other_data_set(dataset, tmp_path):
    corpus = open_corpus(dataset)
    assert rewritten(corpus, ["a", None, "c"], tmp_path / "out")["id"][:] == [1, 3]


def test_splits_stay_splits(dataset, tmp_path):
    splits = datasets.DatasetDict(train=dataset, test=dataset.select([0]))
    corpus = open_corpus(splits)
    found = rewritten(corpus, shouted(corpus), tmp_path / "out")
    assert {name: split["text"][:] for name, split in found.items()} == {
        "train": ["A", "B", "C"],
        "test": ["A"],
    }
    assert [d.text for d in open_corpus(splits, split="test").documents()] == ["a"]


def test_the_order_and_format_that_the_data_set_has_now_are_heeded(dataset, tmp_path):
    view = dataset.select([2, 0]).with_format("numpy", columns=["n"])
    corpus = open_corpus(view)
    assert [document.text for document in corpus.documents()] == ["c", "a"]
    corpus.rewrite(tmp_path / "out", shouted(corpus))
    found = datasets.load_from_disk(str(tmp_path / "out"), keep_in_memory=True)
    assert found.to_dict() == {"id": [3, 1], "text": ["C", "A"], "n": [9, 7]}


@pytest.mark.parametrize(
    "source", [[{"text": "a"}], datasets.Dataset.from_dict({"text": ["a"]}).to_iterable_dataset()]
)
def test_what_cannot_be_read_twice_is_refused(source):
    with pytest.raises(CorpusError, match=r"wanted a datasets\.Dataset or DatasetDict, got"):
        open_corpus(source)


def test_a_split_that_is_not_there_is_named_with_those_that_are(dataset):
    with pytest.raises(CorpusError, match="wanted split 'dev', but the data set has no splits"):
        open_corpus(dataset, split="dev")
    with pytest.raises(CorpusError, match="wanted split 'dev', but the data set has 'train'"):
        open_corpus(datasets.DatasetDict(train=dataset), split="dev")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "in" / "data").mkdir(parents=True)
    for split, texts in {"train": ["a", "b"], "test": ["c"]}.items():
        path = tmp_path / "in" / "data" / f"{split}-00000-of-00001.parquet"
        pq.write_table(pa.table({"text": texts}), path)
    return tmp_path / "in"


def test_a_folder_in_the_form_of_the_hub_is_read_by_split(folder, tmp_path, capfd):
    datasets.enable_progress_bars()
    corpus = open_corpus(folder, split="train")
    assert capfd.readouterr().err == ""  # no bar, for this is no terminal
    assert not datasets.are_progress_bars_disabled()
    assert corpus.form == "hub"
    assert [document.text for document in corpus.documents()] == ["a", "b"]
    assert corpus.rewrite(tmp_path / "out", shouted(corpus)) == 2
    found = datasets.load_from_disk(str(tmp_path / "out"), keep_in_memory=True)
    assert found["text"][:] == ["A", "B"]
    assert found.split == "train"


def test_a_folder_may_have_a_colon_in_its_name(folder):
    named = folder.rename(folder.parent / "a:b")
    assert [d.text for d in open_corpus(named, split="test").documents()] == ["c"]


def test_without_a_split_it_is_a_folder_of_tables(folder):
    corpus = open_corpus(folder)
    assert corpus.form == "parquet-folder"
    assert [document.text for document in corpus.documents()] == ["c", "a", "b"]


def test_a_split_that_the_folder_lacks_is_named(folder):
    with pytest.raises(CorpusError, match="Unknown split"):
        open_corpus(folder, split="dev")


def test_a_name_on_the_hub_may_have_a_configuration(dataset, monkeypatch):
    asked = []

    def load_dataset(*arguments, split):
        asked.append((*arguments, split))
        return dataset if split else datasets.DatasetDict(train=dataset)

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    assert open_corpus("owner/name").form == "hub"
    assert open_corpus("owner/name:raw-v1", split="train[:2]").source == "owner/name:raw-v1"
    assert asked == [("owner/name", None, None), ("owner/name", "raw-v1", "train[:2]")]


def test_a_name_that_is_not_on_the_hub_is_named(monkeypatch):
    def load_dataset(*_, **__):
        raise datasets.exceptions.DatasetNotFoundError("Dataset 'owner/name' doesn't exist")

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    with pytest.raises(
        CorpusError, match=r"owner/name: wanted a file, .* but Dataset 'owner/name'"
    ):
        open_corpus("owner/name")


@pytest.mark.parametrize("name", ["news.jsonl", "data/news.csv", "./owner/name", "name", "a/b/c"])
def test_a_path_is_never_looked_up_on_the_hub(name, monkeypatch):
    monkeypatch.setattr(hub, "load", lambda *_: pytest.fail("asked the hub"))
    with pytest.raises(CorpusError, match="no such file or folder"):
        open_corpus(name)


def test_other_forms_do_not_import_datasets(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "a"}\n')
    program = (
        "import sys; from watermark.corpus import open_corpus; "
        "list(open_corpus(sys.argv[1]).documents()); sys.exit('datasets' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path / "a.jsonl")])
    assert done.returncode == 0
