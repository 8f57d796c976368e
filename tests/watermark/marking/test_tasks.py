import csv
import json
import shutil

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.marked_news import assert_same_tree
from watermark import atomic
from watermark.corpus import open_corpus
from watermark.document import Site
from watermark.errors import CorpusError, VaultError
from watermark.marking import codebook, site_index, tasks
from watermark.marking.mark import Intent, mark_corpus, mark_with
from watermark.marking.tasks import Work, assemble, mark_parts, settle, survey
from watermark.schemes.leximark import LexiMark

SCHEME = LexiMark(max_frequency_ratio=1e9, sites_per_coin=4)
TEXTS = ["buy " * (1 + i % 3) + f"large {i % 30}" for i in range(47)]


def find(batch):
    for document in batch:
        n = document.text.count("buy")
        yield [
            *(Site(document.id, 4 * i, "buy", ("buy", "purchase"), "buy") for i in range(n)),
            Site(document.id, 4 * n, "large", ("large", "big"), "large"),
        ]


def write_jsonl(folder):
    folder.mkdir()
    for number, rows in enumerate(np.array_split(np.array(TEXTS), 5)):
        lines = [json.dumps({"text": text, "n": number}) for text in rows]
        (folder / f"{number}.jsonl").write_text("\n".join(lines) + "\n")


def write_one(folder):
    folder.mkdir()
    (folder / "one.jsonl").write_text("".join(json.dumps({"text": t}) + "\n" for t in TEXTS))


def write_csv(folder):
    folder.mkdir()
    for name in ("a.csv.gz", "b.csv"):
        path = folder / name.removesuffix(".gz")
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([["text"], *([text] for text in TEXTS[:9])])


def write_parquet(folder):
    (folder / "sub").mkdir(parents=True)
    pq.write_table(pa.table({"text": TEXTS[:20]}), folder / "sub/x.parquet")
    pq.write_table(pa.table({"text": TEXTS[20:]}), folder / "y.parquet", row_group_size=7)


def write_texts(folder):
    (folder / "sub").mkdir(parents=True)
    for number, text in enumerate(TEXTS):
        (folder / ("sub" if number % 2 else "") / f"{number}.txt").write_text(text)
    (folder / "LICENSE").write_text("free")


def write_saved(folder):
    parts = {"train": TEXTS[:30], "test": TEXTS[30:]}
    saved = datasets.DatasetDict(
        {name: datasets.Dataset.from_dict({"text": some}) for name, some in parts.items()}
    )
    saved.save_to_disk(str(folder))


FORMS = {
    "jsonl": write_jsonl,
    "one": write_one,
    "csv": write_csv,
    "parquet": write_parquet,
    "texts": write_texts,
    "saved": write_saved,
}


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    monkeypatch.setattr(site_index, "BATCH_DOCUMENTS", 4)


@pytest.fixture(params=FORMS)
def corpus(request, tmp_path):
    FORMS[request.param](tmp_path / "corpus")
    return open_corpus(tmp_path / "corpus")


def mark_in_tasks(corpus, folder, key_file, step, n_tasks=1, find_sites=find):
    """Mark a corpus; `step` is given the tasks of each step, in order, to be run."""

    def make(folder, key):
        work = Work(corpus, folder, Intent(SCHEME), {"leximark": "test"}, key_file)
        step([lambda r=rank: survey(work, find_sites, r, n_tasks) for rank in range(n_tasks)])
        step([lambda: settle(work)])
        step([lambda r=rank: mark_parts(work, r, n_tasks) for rank in range(n_tasks)])
        step([lambda: assemble(work)])

    return mark_with(
        make, corpus, folder / "published", folder / "vault", Intent(SCHEME),
        made_with={"leximark": "test"}, key_file=key_file,
    )  # fmt: skip


def mark_whole(corpus, folder, key_file):
    return mark_corpus(
        corpus, folder / "published", folder / "vault", Intent(SCHEME), find,
        made_with={"leximark": "test"}, key_file=key_file,
    )  # fmt: skip


def in_order(some):
    for task in some:
        task()


@pytest.mark.parametrize("n_tasks", [1, 2, 8])
def test_tasks_in_any_order_and_twice_give_the_bytes_of_one_run(
    corpus, tmp_path, key_file, n_tasks
):
    rng = np.random.default_rng(n_tasks)
    mark_whole(corpus, tmp_path / "one", key_file)

    def shuffled(some):
        for index in rng.permutation(len(some) * 2):
            some[index // 2]()

    mark_in_tasks(corpus, tmp_path / "two", key_file, shuffled, n_tasks)
    assert_same_tree(tmp_path / "one", tmp_path / "two")


def test_tasks_that_are_cut_again_and_again_give_the_same_bytes(tmp_path, key_file, monkeypatch):
    """Twelve runs are cut, each at another flush to the disk or another search for sites."""
    write_jsonl(tmp_path / "corpus")
    corpus = open_corpus(tmp_path / "corpus")
    mark_whole(corpus, tmp_path / "one", key_file)
    rng, left = np.random.default_rng(0), [0]

    class Cut(BaseException):
        pass

    def or_cut(function):
        def may_die(*args):
            left[0] -= 1
            if left[0] == 0:
                raise Cut
            return function(*args)

        return may_die

    monkeypatch.setattr(atomic, "_sync", or_cut(atomic._sync))
    monkeypatch.setattr(tasks, "draw_marks", or_cut(codebook.draw_marks))
    monkeypatch.setattr(shutil, "move", or_cut(shutil.move))
    n_cut = 0
    while not (tmp_path / "two/vault").exists():
        left[0] = int(rng.integers(1, 25)) if n_cut < 12 else -1
        try:
            mark_in_tasks(corpus, tmp_path / "two", key_file, in_order, 3, or_cut(find))
        except Cut:
            n_cut += 1
    assert n_cut == 12
    assert_same_tree(tmp_path / "one", tmp_path / "two")


def test_work_left_by_tasks_is_finished_by_one_process_and_leaves_nothing(tmp_path, key_file):
    write_jsonl(tmp_path / "corpus")
    corpus = open_corpus(tmp_path / "corpus")
    mark_whole(corpus, tmp_path / "one", key_file)

    def until_the_parts(some):
        in_order(some)
        if (tmp_path / "two/vault.partial/parts").exists():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        mark_in_tasks(corpus, tmp_path / "two", key_file, until_the_parts, 2)
    mark_whole(corpus, tmp_path / "two", key_file)
    assert_same_tree(tmp_path / "one", tmp_path / "two")


def test_a_step_that_is_not_complete_is_said(tmp_path, key_file):
    write_jsonl(tmp_path / "corpus")
    corpus = open_corpus(tmp_path / "corpus")
    with pytest.raises(VaultError, match="batches are missing"):
        mark_in_tasks(corpus, tmp_path, key_file, lambda some: some[0](), 2)


def test_a_corpus_that_changed_between_steps_is_refused(tmp_path, key_file):
    write_jsonl(tmp_path / "corpus")
    corpus, path = open_corpus(tmp_path / "corpus"), tmp_path / "corpus/3.jsonl"
    text = path.read_text()
    for number, changed in enumerate((text.replace("large", "small"), text[: text.rindex("{")])):
        steps = iter(range(4))

        def change(some, changed=changed, steps=steps):
            if next(steps) == 2:  # surveyed and settled
                path.write_text(changed)
            in_order(some)

        with pytest.raises(CorpusError, match=["changed while", "lost documents"][number]):
            mark_in_tasks(corpus, tmp_path / "w", key_file, change)
        path.write_text(text)
    mark_in_tasks(corpus, tmp_path / "w", key_file, in_order)


def test_a_corpus_with_nothing_to_mark_is_refused(tmp_path, key_file):
    write_one(tmp_path / "corpus")
    with pytest.raises(CorpusError, match="47 documents read, but none"):
        mark_in_tasks(
            open_corpus(tmp_path / "corpus"), tmp_path / "w", key_file, in_order, 1,
            lambda batch: [[] for _ in batch],
        )  # fmt: skip
