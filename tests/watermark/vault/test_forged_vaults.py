"""Vaults that were made by hand, with every hash made anew: each is refused as a whole."""

import json
import os
import time
from typing import Any

import pyarrow as pa
import pytest

from pipelines.loading.schemes import default_schemes
from tests.support.forged_vault import forge
from watermark.document import Mark, Site, text_sha256
from watermark.errors import VaultError
from watermark.keys import is_readable_by_others, read_key
from watermark.schemes.composed import Composed
from watermark.schemes.leximark import LexiMark
from watermark.schemes.look_alikes import LookAlikes
from watermark.schemes.planted import Traps, Trigger
from watermark.schemes.random_sequence import RandomSequence
from watermark.schemes.rewriting import Rewriting
from watermark.vault.check_draws import DrawNames, Draws
from watermark.vault.plan import COMMITMENT, KEY, LEDGER, PLAN, SCOPES
from watermark.vault.vault import open_vault


def test_forging_nothing_gives_a_vault(vault):
    forge(vault, plan=lambda fields: None, ledger=lambda table: table.to_pylist())
    assert open_vault(vault)


DEEP: list[Any] = []
for _ in range(900):
    DEEP = [DEEP]


COMPOSED = {"name": "composed", "first": {"name": "leximark"}, "second": {"name": "trigger"}}
COUNTED = {"n_documents": 20, "n_sites": 36, "n_changed": 18, "n_held_out": 2}


def test_the_names_of_schemes_in_plans_are_those_of_the_schemes():
    assert set(SCOPES) == {*default_schemes(), Composed.name}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("test", "unknown"), ("test", ["redraw"]), ("test", None),
        ("alpha", float("nan")), ("alpha", 0), ("alpha", 1), ("alpha", "0.1"), ("alpha", True),
        ("alpha", float("inf")), ("alpha", -1.0), ("alpha", 0.5), ("alpha", 0.999), ("alpha", -0.0),
        ("holdout_share", 0.9), ("holdout_share", float("nan")), ("holdout_share", -0.1),
        ("detector", ""), ("detector", None), ("detector", 3), ("detector_with_reference", {}),
        ("detector", "x" * 2000),
        ("references", "abc"), ("references", [1]), ("references", None),
        ("references", ["a"] * 101), ("public_references", ["a"] * 101),
        ("scheme", []), ("scheme", {}), ("scheme", {"name": 1}),
        ("scheme", {"name": "x", "rule": "no"}),
        ("scheme", {"name": "leximark", "fit": {}}), ("scheme", {"name": "leximark", "first": 1}),
        ("scheme", {"name": "Leximark"}), ("scheme", {"name": ["leximark"]}),
        ("scheme", {"name": "leximark", "scope": "sentence"}),
        ("scheme", {"name": "leximark", "scope": []}),
        ("scheme", {"name": "leximark", "rule": None}),
        ("scheme", {"name": "leximark", "fit": {"language": "xx"}}),
        ("scheme", {"name": "leximark", "fit": {"language": "../../etc"}}),
        ("scheme", {"name": "look_alikes", "rule": "published"}),
        ("scheme", {"name": "composed"}),
        ("scheme", {"name": "leximark", "first": {"name": "leximark"}}),
        ("scheme", {"name": "composed", "first": {"name": "leximark"}, "second": {"name": "x"}}),
        ("scheme", COMPOSED | {"first": {"name": "leximark", "rule": "published"}}),
        ("scheme", COMPOSED | {"rule": "published"}), ("scheme", COMPOSED | {"second": COMPOSED}),
        ("corpus", COUNTED | {"review": {}}), ("corpus", COUNTED | {"review": [1]}),
        ("corpus", COUNTED | {"review": {"n_rejected": "x"}}),
        ("corpus", COUNTED | {"review": {"n_rejected": -1}}),
        ("corpus", {}), ("corpus", None), ("made_with", []), ("made_with", {"a": 1}),
        ("files", {}),
        ("files", {"../../etc/passwd": "0" * 64}), ("files", {"/dev/zero": "0" * 64}),
        ("key_commitment", "0"), ("key_commitment", None), ("schema", 3), ("schema", True),
        ("schema", [1]),
        ("extra", 1), ("made_with", DEEP), ("made_with", {"a": "\ud800"}),
        ("made_with", {"a": 2**70}),
    ],
    ids=lambda value: str(value)[:30],
)  # fmt: skip
def test_a_plan_with_a_field_that_no_plan_has_is_refused(vault, field, value):
    fields = json.loads((vault / PLAN).read_text())
    fields[field] = value
    (vault / PLAN).write_text(json.dumps(fields))
    with pytest.raises(VaultError, match=PLAN) as caught:
        open_vault(vault)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("content", ["[" * 10**6, '{"a":' * 10**6, "1" * 10**6, '{"schema": 1}'])
def test_a_plan_beyond_the_parser_is_refused(vault, content):
    (vault / PLAN).write_text(content)
    with pytest.raises(VaultError, match=PLAN):
        open_vault(vault)


def test_a_sparse_plan_is_refused_in_no_time(vault):
    os.truncate(vault / PLAN, 1 << 40)
    began = time.monotonic()
    with pytest.raises(VaultError, match="bytes"):
        open_vault(vault)
    assert time.monotonic() - began < 1


def edit_row(number, **cells):
    def edit(table):
        rows = table.to_pylist()
        rows[number] |= {k: v(rows[number][k]) if callable(v) else v for k, v in cells.items()}
        return rows

    return edit


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (edit_row(0, candidates=[]), "is not among the candidates"),
        (edit_row(0, candidates=None), "empty cell"),
        (edit_row(0, candidates=["buy", None]), "empty cell"),
        (edit_row(0, draw=None), "empty cell"),
        (edit_row(0, start=None), "empty cell"),
        (edit_row(0, start=-1), LEDGER),
        (edit_row(0, start=2**62), LEDGER),
        (edit_row(0, document_id="unknown"), LEDGER),
        (edit_row(0, original="other"), LEDGER),
        (edit_row(1, candidates=["large", "sizeable", "big"]), "2 and 3|3 and 2"),
        (lambda table: table.drop_columns(["draw"]), "columns"),
        (lambda table: table.append_column("more", pa.array([1] * len(table))), "columns"),
        (lambda table: table.rename_columns([*table.column_names[:-1], "other"]), "columns"),
        (lambda table: table.set_column(1, "start", pa.array([0.0] * len(table))), "columns"),
        (lambda table: table.to_pylist()[::-1], LEDGER),
        (lambda table: table.to_pylist()[:0], LEDGER),
        (lambda table: table.to_pylist() * 2, LEDGER),
    ],
    ids=range(17),
)
def test_a_ledger_made_by_hand_is_refused(vault, edit, words):
    forge(vault, ledger=edit)
    with pytest.raises(VaultError, match=words):
        open_vault(vault)


@pytest.mark.parametrize(
    "draw",
    [
        lambda name: name.replace("#0/1", "#0/2") if "buy" in name else name,
        lambda name: name.replace("#0/1", "#1/2"),
        lambda name: name.replace("#0/1", ""),
        lambda name: name + "7",
    ],
    ids=range(4),
)
def test_names_of_draws_that_the_texts_do_not_give_are_refused(vault, draw):
    """With a coin for each name that pleases, marks could be made to fit a model afterwards."""
    key = read_key(vault / KEY)

    def rename(table):
        rows = table.to_pylist()
        for row in rows:
            other = draw(row["draw"])
            if key.draw(other, 2) == key.draw(row["draw"], 2):  # so that the choice stands
                row["draw"] = other
        return rows

    forge(vault, ledger=rename)
    with pytest.raises(VaultError, match="is not the draw of the site at"):
        open_vault(vault)


SHA, OTHER = text_sha256("buy a"), text_sha256("buy b")


@pytest.mark.parametrize(
    ("scheme", "right", "wrong"),
    [
        (LexiMark(scope="site"), f"{SHA}:4", f"{SHA}:0"),
        (LexiMark(scope="site"), f"{SHA}:4", f"{OTHER}:4"),
        (LexiMark(scope="document"), SHA, OTHER),
        (LexiMark(), f"variant/email@{SHA}:a|b", f"variant/email@{OTHER}:a|b"),
        (LexiMark(), f"variant/email@{SHA}:a|b", "variant/email@:a|b"),
        (LexiMark(scope="document"), SHA, "d"),
        (RandomSequence(scope="document"), f"{SHA}:sequence:0", f"{OTHER}:sequence:0"),
        (Composed(LexiMark(scope="site"), RandomSequence()), f"1/{SHA}:4", f"1/{OTHER}:4"),
        (Composed(LexiMark(), RandomSequence()), "2/sequence:0", "1/sequence:0"),
        (Composed(LexiMark(), RandomSequence()), "1/a.n:a|b#0/1", "1/a.n:a|b#1/1"),
        (RandomSequence(), "sequence:0", "sequence:1"),
        (RandomSequence(), "sequence:0", "a name that was tried until it fitted"),
        (RandomSequence(scope="document"), f"{SHA}:sequence:0", "sequence:0"),
        (Traps(), "trap:0", "trap:1"),
        (Traps(), "trap:0", f"{SHA}:1:trap:0"),
        (Traps(n_fuzzy=2), f"{SHA}:0:trap:0", f"{OTHER}:0:trap:0"),
        (Traps(scope="document"), f"{SHA}:trap:0", "trap:0"),
        (Trigger(), "trigger:0", "trigger:2"),
        (LookAlikes(), "look-alike:a", "look-alike:b"),
        (Rewriting(), f"{SHA}:4", f"{SHA}:5"),
    ],
)
def test_the_names_of_every_scope_follow_from_the_text(tmp_path, scheme, right, wrong):
    names = DrawNames(tmp_path / LEDGER, scheme.describe())
    names.check("buy a", [Site("d", 4, "a", ("a", "b"), right)])
    with pytest.raises(VaultError, match="is not the draw of the site at 4 of 'd'"):
        names.check("buy a", [Site("d", 4, "a", ("a", "b"), wrong)])


@pytest.mark.parametrize(
    "edit",
    [
        edit_row(0, status="published?"),
        edit_row(0, status=None),
        edit_row(0, original=None),
        edit_row(0, id="other"),
        edit_row(0, published_sha256="0"),
        lambda table: table.to_pylist()[:-1],
        lambda table: [*table.to_pylist(), table.to_pylist()[0]],
        lambda table: table.drop_columns(["status"]),
        lambda table: [
            row | {"status": "published" if row["status"] == "held out" else "held out"}
            for row in table.to_pylist()
        ],
    ],
    ids=range(9),
)
def test_documents_made_by_hand_are_refused(vault, edit):
    forge(vault, documents=edit)
    with pytest.raises(VaultError):
        open_vault(vault)


def test_a_hold_out_that_the_key_did_not_choose_is_refused(vault):
    def swap(table):
        rows = table.to_pylist()
        inside = next(row for row in rows if row["status"] == "published")
        outside = next(row for row in rows if row["status"] == "held out")
        inside["status"], outside["status"] = outside["status"], inside["status"]
        return rows

    forge(vault, documents=swap)
    with pytest.raises(VaultError, match="not those that the key chooses"):
        open_vault(vault)


@pytest.mark.parametrize("name", ["n_documents", "n_sites", "n_changed", "n_held_out"])
def test_counts_that_are_not_those_of_the_tables_are_refused(vault, name):
    def change(fields):
        fields["corpus"][name] += 1

    forge(vault, plan=change)
    with pytest.raises(VaultError, match=f"says {name}"):
        open_vault(vault)


def test_a_share_that_is_not_that_of_the_hold_out_is_refused(vault):
    forge(vault, plan=lambda fields: fields.update(holdout_share=0.2))
    with pytest.raises(VaultError, match="not those that the key chooses"):
        open_vault(vault)


def test_choices_that_the_key_did_not_make_are_refused_and_drawn_ones_are_not_published(vault):
    forge(vault, plan=lambda fields: fields["scheme"].update(rule="published"))
    assert open_vault(vault)  # 21 draws may agree by chance
    key = read_key(vault / KEY)
    keyed, published = (Draws(vault / LEDGER, key, rule) for rule in ("keyed", "published"))
    for number in range(50):
        chosen = ("a", "b")[key.draw(str(number), 2)]
        for draws in (keyed, published):
            draws.add(Mark("d", 0, "a", chosen, ("a", "b"), str(number)))
    keyed.check_rule()
    with pytest.raises(VaultError, match="rule published"):
        published.check_rule()
    for draws in (keyed, published):
        draws.add(Mark("d", 0, "a", "d", ("a", "b"), "1"))
    published.add(Mark("d", 0, "a", "a", ("a",), "1"))  # its marks have no draws
    published.check_rule()
    with pytest.raises(VaultError, match="do not belong together"):
        keyed.check_rule()


def test_a_key_that_others_can_read_is_known(vault):
    (vault / KEY).chmod(0o600)
    assert not is_readable_by_others(vault / KEY)
    (vault / KEY).chmod(0o644)
    assert is_readable_by_others(vault / KEY)


def test_a_key_and_a_commitment_without_an_end_are_refused(vault):
    for name in (COMMITMENT, KEY):
        os.truncate(vault / name, 1 << 40)
        with pytest.raises(VaultError, match=name):
            open_vault(vault)
