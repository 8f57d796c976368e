import numpy as np

from pipelines.experiments.hubble_ladder import CONDITIONS, GROUPS, _groups, _order, cells, describe

COPIES, OTHERS = ["c"] * 30, [f"o{i}" for i in range(50)]


def test_every_member_is_in_one_group_of_its_size():
    members = np.arange(sum(GROUPS.values())) * 2
    groups = _groups(members, seed=1)
    assert {copies: len(some) for copies, some in groups.items()} == GROUPS
    assert sorted(np.concatenate(list(groups.values()))) == list(members)
    assert any((_groups(members, seed=2)[n] != groups[n]).any() for n in GROUPS)


def test_copies_come_where_they_should():
    early, late = _order(COPIES, OTHERS, "early", 0), _order(COPIES, OTHERS, "late", 0)
    assert early[:30] == COPIES
    assert late[-30:] == COPIES
    mixed = _order(COPIES, OTHERS, "mixed", 0)
    assert sorted(mixed) == sorted(early) == sorted(late) == sorted([*COPIES, *OTHERS])
    assert mixed[:30] != COPIES
    assert _order(COPIES, OTHERS, "mixed", 0) == mixed != _order(COPIES, OTHERS, "mixed", 1)


def test_the_page_has_a_table_for_each_condition(tmp_path):
    rows = [
        {**cell.settings, "measure": measure, "of": of, "value": value, "n": 9, "at": at}
        for cell in cells(2)
        for at in GROUPS
        for measure, of, value in (
            ("auroc", "loss", 0.5 + at / 1000),
            ("pvalue", "redraw", 1e-5),
            ("effect", "redraw", 0.25),
            ("zscore", "redraw", 4.0),
        )
    ]
    page = describe(rows, tmp_path)
    assert page.count("## ") == len(CONDITIONS) + 1
    assert "| re-draw test, effect, early - late | +0.00 ± 0.00 |" in page
    assert "| AUROC, loss | 0.50 ± 0.00 | 0.50 ± 0.00 | 0.52 ± 0.00 |" in page
    assert "| p < .001 | 2 of 2 | 2 of 2 |" in page
