"""The one-file checker, run by itself, says of 50 bundles what `leximark check` says of them."""

import subprocess
import sys

import numpy as np
import pytest

from pipelines.bundle import check_bundle
from pipelines.bundle.check_bundle import unpack
from pipelines.bundle.write_bundle import Disclosure
from pipelines.jobs.check import BundleError, check_command
from pipelines.jobs.evidence import Evidence
from pipelines.jobs.verify import verify_command
from pipelines.loading.models import ModelOptions
from tests.pipelines.bundle.test_bundle import TAMPERING, remade

N_HONEST = 10


def bundles(job, folder):
    """Yield ten audits of different settings, and forty forgeries of them."""
    rng, honest = np.random.default_rng(0), []
    for i in range(N_HONEST):
        path = folder / f"{i}.zip"
        verify_command(
            job.vault, str((job.trained, job.other)[i % 2]), (), folder / f"r{i}",
            ModelOptions(dtype="float32", cache=folder / "cache"), key_file=job.key_file,
            alpha=(0.001, 0.01, 0.05)[i % 3], seed=i, n_resamples=int(rng.integers(999, 9_999)),
            evidence=Evidence(
                bundle=path, disclosure=Disclosure(key=i % 3 != 1, n_texts=int(rng.integers(4)))
            ),
        )  # fmt: skip
        honest.append(path)
        yield path
    made = 0
    for kind, (tamper, _) in TAMPERING.items():
        files = unpack(honest[int(rng.integers(N_HONEST))])
        try:
            tamper(files)
        except (AssertionError, KeyError, IndexError, StopIteration):
            continue  # it edits what this bundle does not have
        made += 1
        yield remade(files, folder / f"{kind.replace(' ', '-')}.zip")
        if made == 50 - N_HONEST:
            return


def whole_program(path):
    """Return what `leximark check` says of a bundle that it takes, and of one that it refuses."""
    try:
        return check_command(path), ""
    except BundleError as error:
        return [], str(error)


@pytest.mark.slow
def test_both_checkers_agree_on_fifty_bundles(job, tmp_path):
    said = {"held": 0, "refused": 0}
    for path in bundles(job, tmp_path):
        done = subprocess.run(
            [sys.executable, check_bundle.__file__, str(path)], capture_output=True, text=True
        )
        lines, refused = whole_program(path)
        assert done.returncode == (2 if refused else 0), path.name
        if refused:
            assert refused.removeprefix(f"{path}: ") == done.stderr.strip()
        else:
            assert lines[: len(done.stdout.splitlines())] == done.stdout.splitlines()
        said["refused" if refused else "held"] += 1
    sys.stdout.write(f"\n{said}\n")
    assert sum(said.values()) == 50
    assert said["held"] >= N_HONEST
