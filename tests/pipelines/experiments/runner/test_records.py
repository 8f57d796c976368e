import pytest

from pipelines.experiments.runner.records import Cell, Measure, read_table, run_cells

CELLS = [Cell("toy", {"arm": arm, "seed": seed}) for seed in (0, 1) for arm in ("none", "a/b c")]


def measures(cell, folder):
    yield Measure("auroc", 0.5 + cell.settings["seed"] / 10, "loss", 20)
    yield Measure("pvalue", 0.25, "redraw", 7)


def test_the_table_has_one_row_a_measure_and_one_column_a_setting(tmp_path):
    rows = read_table(run_cells(CELLS, tmp_path, measures, print))
    assert len(rows) == 8
    first = {k: v for k, v in rows[2].items() if k != "commit"}
    assert first == {
        "experiment": "toy", "arm": "a/b c", "seed": 0,
        "measure": "auroc", "of": "loss", "value": 0.5, "n": 20, "at": 0,
    }  # fmt: skip


def test_a_cell_with_a_record_is_not_run_again(tmp_path):
    run_cells(CELLS[:2], tmp_path, measures, print)
    asked = []

    def run(cell, folder):
        asked.append(cell)
        yield from measures(cell, folder)

    run_cells(CELLS, tmp_path, run, print)
    assert asked == CELLS[2:]


def test_a_run_that_was_cut_ends_with_the_same_table(tmp_path):
    whole = run_cells(CELLS, tmp_path / "whole", measures, print)

    def cut(cell, folder):
        yield Measure("auroc", 0.9, "loss", 20)
        if cell == CELLS[2]:
            raise KeyboardInterrupt
        yield from measures(cell, folder)

    with pytest.raises(KeyboardInterrupt):
        run_cells(CELLS[2:], tmp_path / "cut", cut, print)
    assert not list((tmp_path / "cut" / "cells").iterdir())
    resumed = run_cells(CELLS, tmp_path / "cut", measures, print)
    assert resumed.read_bytes() == whole.read_bytes()


def test_cells_that_differ_in_a_setting_only_have_records_of_their_own():
    other = Cell("toy", {"arm": "none", "seed": "0"})
    assert other.name != CELLS[0].name
    assert "/" not in CELLS[1].name


def test_the_table_keeps_what_earlier_runs_in_the_folder_measured(tmp_path):
    whole = read_table(run_cells(CELLS, tmp_path, measures, print))
    again = read_table(run_cells(CELLS[1:2], tmp_path, measures, print))
    assert again[:2] == whole[2:4]
    assert sorted(map(str, again)) == sorted(map(str, whole))
