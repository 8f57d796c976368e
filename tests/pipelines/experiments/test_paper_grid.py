"""The grids of the paper, with data in local files of the hub's form."""

import json

import pytest

from pipelines.experiments import leximark_finetune, leximark_pretrain
from pipelines.experiments.paper_grid import ARMS
from pipelines.experiments.requirements import missing
from pipelines.experiments.trials import lift
from pipelines.experiments.trials.paper_corpora import BOOKMIA, CORPORA, PILE, load_paper_corpus
from watermark.errors import CorpusError

MODULES = [leximark_finetune, leximark_pretrain]


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("LEXIMARK_DATA", str(tmp_path))
    return tmp_path


def write(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def pile_row(text, subset):
    return {"text": text, "meta": {"pile_set_name": subset}}


def test_bookmia_gives_the_books_that_no_model_read(data):
    rows = [
        {"book_id": 1, "book": "A", "snippet": "old", "label": 1, "snippet_id": 0},
        {"book_id": 2, "book": "B", "snippet": "new", "label": 0, "snippet_id": 0},
        {"book_id": 2, "book": "B", "snippet": "new", "label": 0, "snippet_id": 1},
        {"book_id": 2, "book": "B", "snippet": "newer", "label": 0, "snippet_id": 2},
    ]
    write(data / f"{BOOKMIA}.jsonl", rows)
    assert [d.text for d in load_paper_corpus("BookMIA", 10)] == ["new", "newer"]
    assert [d.id for d in load_paper_corpus("BookMIA", 1)] == ["BookMIA-0"]


@pytest.mark.parametrize("name", [name for name in CORPORA if name != "BookMIA"])
def test_the_pile_is_cut_by_its_parts(data, name):
    rows = [pile_row("one", name), pile_row("other", "Github"), pile_row("two", name)]
    write(data / PILE / "validation.jsonl", rows)  # a folder, as the hub's data set is one
    assert [d.text for d in load_paper_corpus(name, 10)] == ["one", "two"]


def test_a_file_of_another_form_is_named(data):
    write(data / f"{PILE}.jsonl", [{"text": "no meta"}])
    with pytest.raises(CorpusError, match=r"jsonl:1: not a row of monology/pile-uncopyrighted"):
        load_paper_corpus("FreeLaw", 10)
    write(data / f"{PILE}.jsonl", [pile_row("text", "Github")])
    with pytest.raises(CorpusError, match="no document of FreeLaw"):
        load_paper_corpus("FreeLaw", 10)


@pytest.mark.parametrize("module", MODULES)
def test_the_grid_is_that_of_the_paper(module):
    assert set(module.PUBLISHED) == {(c, m) for c in CORPORA for m in module.MODELS}
    assert all(0 < none < marked < 100 for none, marked in module.PUBLISHED.values())
    cells = module.EXPERIMENT.cells(2)
    assert len(cells) == 2 * len(CORPORA) * len(module.MODELS) * len(ARMS)
    assert len({cell.name for cell in cells}) == len(cells)


def test_the_published_lift_is_that_of_the_project_page():
    gains = [marked - none for none, marked in leximark_finetune.PUBLISHED.values()]
    assert (round(min(gains), 1), round(max(gains), 1)) == (3.5, 25.7)
    assert sum(gains) / len(gains) == pytest.approx(10.4, abs=0.05)
    gains = [marked - none for none, marked in leximark_pretrain.PUBLISHED.values()]
    assert (round(min(gains), 1), round(max(gains), 1)) == (2.5, 17.5)
    assert sum(gains) / len(gains) == pytest.approx(8.3, abs=0.05)


def test_what_is_missing_is_named(data):
    lines = "\n".join(missing(leximark_pretrain.EXPERIMENT.needs))
    assert "model EleutherAI/pythia-160m: not in the cache of the hub, and HF_HUB_OFFLINE" in lines
    assert f"data set {BOOKMIA}: no copy in the folder that LEXIMARK_DATA names" in lines
    write(data / f"{BOOKMIA}.jsonl", [{}])
    assert BOOKMIA not in "\n".join(missing(leximark_pretrain.EXPERIMENT.needs))


def test_the_page_puts_our_numbers_beside_the_papers(tmp_path):
    row = {
        "model": leximark_pretrain.M160,
        "corpus": "FreeLaw",
        "seed": 0,
        "measure": "auroc",
        "of": "min_k_plus_plus",
        "n": 10,
        "at": 0,
    }
    rows = [
        {**row, "arm": arm, "value": value} for arm, value in (("none", 0.7), ("LexiMark", 0.75))
    ]
    page = leximark_pretrain.EXPERIMENT.describe(rows, tmp_path)
    assert "| FreeLaw | 67.2 | 70.0 | 79.8 | 75.0 | - |" in page
    assert "| min_k_plus_plus | +0.050 |" in page


def test_each_model_has_a_picture_of_its_own(tmp_path, monkeypatch):
    drawn = []

    def draw(rows, path):
        drawn.append(path.name)
        return True

    monkeypatch.setattr(lift, "plot_power", draw)
    row = {"corpus": "FreeLaw", "seed": 0, "measure": "auroc", "of": "loss", "n": 10, "at": 0}
    rows = [{**row, "arm": "none", "model": model, "value": 0.5} for model in ("one", "two")]
    page = leximark_pretrain.EXPERIMENT.describe(rows, tmp_path)
    assert len(set(drawn)) == 2
    assert all(f"]({name})" in page for name in drawn)
