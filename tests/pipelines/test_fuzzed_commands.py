"""Whole commands on files that were changed by chance: success, or exit status 2 and one message.

LEXIMARK_FUZZ_COMMANDS sets how many inputs of each kind are made (default 100), and
LEXIMARK_FUZZ_SEED which ones.
"""

import copy
import json
import os
import shutil
import time
import zipfile
from contextlib import suppress

import numpy as np
import pytest

from pipelines.bundle.check_bundle import pack, sha256
from pipelines.jobs.evidence import Evidence
from pipelines.jobs.verify import verify_command
from pipelines.loading.models import ModelOptions
from tests.support.forged_vault import forge
from tests.support.tiny import TEXTS, save_tiny_model

pytestmark = pytest.mark.slow

N = int(os.environ.get("LEXIMARK_FUZZ_COMMANDS", "100"))
SEED = int(os.environ.get("LEXIMARK_FUZZ_SEED", "0"))
SECONDS = 20.0

HOSTILE: list[object] = [
    None, True, 0, -1, 1, 2, 0.5, 2**31, 2**63, 2**70, 10**400, 1e308, float("nan"), float("inf"),
    "", "a", "\ud800", "a" * 5000, "(a+)+$", ".*.*.*.*", "../../etc/passwd", "/dev/zero", "\0",
    [], [[]], {}, {"a": {}}, ["a"] * 1000, [None], [1, "a"],
]  # fmt: skip


@pytest.fixture
def survives(command):
    """Return a function that runs a command, which must not fail in another way than ours."""

    def run(seed, *arguments):
        began = time.monotonic()
        said = command(*arguments)
        assert said.status in (0, 2), (seed, said)
        assert "Traceback" not in said.err, seed
        assert time.monotonic() - began < SECONDS, seed
        if said.status == 2:
            assert said.out == "", (seed, said)
            assert said.err.count("leximark: ") == 1, (seed, said)
        return said.status

    return run


def spoil(value, rng):
    """Return a JSON value with a hostile one at a random place, or without what was there."""
    value = copy.deepcopy(value)
    at = value
    while True:
        keys = list(at) if isinstance(at, dict) else list(range(len(at)))
        if not keys:
            return value
        key = keys[rng.integers(len(keys))]
        if isinstance(at[key], dict | list) and at[key] and rng.random() < 0.7:
            at = at[key]
        elif isinstance(at, dict) and rng.random() < 0.15:
            del at[key]
            return value
        else:
            at[key] = HOSTILE[int(rng.integers(len(HOSTILE)))]
            return value


def flip(content, rng, first=0):
    """Return bytes of which a few differ, are missing or are doubled."""
    content = bytearray(content)
    for _ in range(rng.integers(1, 6)):
        place = int(rng.integers(min(first, len(content) - 1), len(content)))
        match rng.integers(3):
            case 0:
                content[place] = rng.integers(256)
            case 1:
                del content[place : place + int(rng.integers(1, 40))]
            case _:
                content[place:place] = content[place : place + int(rng.integers(1, 40))]
    return bytes(content) or b"\0"


def changed(content, name, rng):
    """Return the content of a file, changed within its format or without regard to it."""
    if name.endswith("json") and rng.random() < 0.8:
        return json.dumps(spoil(json.loads(content), rng)).encode()
    return flip(content[:4096], rng) + content[4096:]


def test_scores_of_spoiled_models(survives, tmp_path):
    good = save_tiny_model(tmp_path / "good", "llama")
    names = sorted(path.name for path in good.iterdir())
    (tmp_path / "texts.jsonl").write_text(json.dumps({"text": TEXTS[0][:200]}) + "\n")
    statuses = []
    for number in range(N):
        rng = np.random.default_rng([SEED, number])
        shutil.copytree(good, tmp_path / "model")
        name = names[rng.integers(len(names))]
        file = tmp_path / "model" / name
        file.write_bytes(changed(file.read_bytes(), name, rng))
        statuses.append(
            survives(
                (number, name), "leximark", "score", "texts.jsonl", "--model", "model",
                "--detectors", "loss", "--dtype", "float32", "--no-cache", "--out", "s.jsonl",
            )
        )  # fmt: skip
        shutil.rmtree(tmp_path / "model")
        for path in tmp_path.glob("s.jsonl*"):
            path.unlink()
    assert statuses.count(2) > N / 4


def test_audits_with_spoiled_vaults(survives, job, tmp_path):
    """No model is there: what is not refused for the vault is refused for the model."""
    names = sorted(path.name for path in job.vault.iterdir())
    for number in range(N):
        rng = np.random.default_rng([SEED, number])
        shutil.copytree(job.vault, tmp_path / "vault")
        if rng.random() < 0.5:  # every hash right again
            with suppress(ValueError, OverflowError):

                def edit(fields, rng=rng):
                    new = spoil(fields, rng)
                    fields.clear()
                    fields.update(new)

                forge(tmp_path / "vault", plan=edit, key_file=job.key_file)
        else:
            file = tmp_path / "vault" / names[rng.integers(len(names))]
            file.write_bytes(changed(file.read_bytes(), file.name, rng))
        asked = ("verify", "--corpus", "vault", "--model", "nowhere", "--key-file", job.key_file)
        assert survives(number, *asked) == 2
        shutil.rmtree(tmp_path / "vault")


def test_spoiled_bundles(survives, job, tmp_path):
    shutil.copytree(job.vault, tmp_path / "vault")
    verify_command(
        tmp_path / "vault", str(job.trained), (), tmp_path / "report",
        ModelOptions(dtype="float32"), key_file=job.key_file, n_resamples=999,
        evidence=Evidence(bundle=tmp_path / "case.zip"),
    )  # fmt: skip
    content = (tmp_path / "case.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "case.zip") as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    assert survives("good", "leximark", "check", "case.zip") == 0
    refused = 0
    for number in range(N):
        rng = np.random.default_rng([SEED, number])
        if rng.random() < 0.7:
            new = dict(files)
            name = sorted(new)[rng.integers(len(new))]
            new[name] = changed(new[name], name, rng)
            if "manifest.json" in new and name != "manifest.json":
                listed = json.loads(new["manifest.json"])
                for part in listed.values():
                    if isinstance(part, dict) and name in part:
                        part[name] = sha256(new[name])
                new["manifest.json"] = json.dumps(listed).encode()
            (tmp_path / "bad.zip").write_bytes(pack(new))
        else:
            (tmp_path / "bad.zip").write_bytes(flip(content, rng))
        refused += survives(number, "leximark", "check", "bad.zip") == 2
    assert refused > N / 2
