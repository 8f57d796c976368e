import json

import pytest

from watermark.document import text_sha256
from watermark.errors import VaultError
from watermark.vault.plan import PLAN, Plan, file_sha256, read_plan

ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
"""SHA-256 of "abc", the test vector of FIPS 180-2."""


@pytest.fixture
def plan():
    return Plan(
        scheme={"name": "leximark", "rule": "keyed"},
        test="redraw",
        detector="loss",
        detector_with_reference="loss_minus_reference",
        alpha=0.001,
        references=("org/base", "other"),
        holdout_share=0.1,
        corpus={"n_documents": 3, "n_sites": 2, "n_changed": 1, "n_held_out": 0},
        key_commitment="ab" * 32,
        files={"ledger.parquet": ABC, "documents.parquet": ABC},
    )


def test_a_plan_is_read_as_it_was_written(plan, tmp_path):
    (tmp_path / PLAN).write_text(plan.to_json(), encoding="utf-8")
    assert read_plan(tmp_path) == plan


def test_the_same_plan_is_the_same_bytes_with_its_names_sorted(plan):
    written = json.loads(plan.to_json())
    assert plan.to_json() == json.dumps(written, indent=2, sort_keys=True) + "\n"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"schema": 99}, "format 99, this program reads"),
        ({"surplus": 1}, "altered or not a plan"),
        ({"references": 3}, "altered or not a plan"),
    ],
)
def test_another_plan_is_refused(plan, tmp_path, change, said):
    (tmp_path / PLAN).write_text(json.dumps(json.loads(plan.to_json()) | change))
    with pytest.raises(VaultError, match=said):
        read_plan(tmp_path)


def test_a_folder_without_a_plan_is_no_vault(tmp_path):
    with pytest.raises(VaultError, match=r"it has no plan\.json; name the folder"):
        read_plan(tmp_path)


def test_hashes_are_sha256(tmp_path):
    (tmp_path / "file").write_bytes(b"abc")
    assert text_sha256("abc") == file_sha256(tmp_path / "file") == ABC
    with pytest.raises(VaultError, match="nothing: cannot be read"):
        file_sha256(tmp_path / "nothing")
