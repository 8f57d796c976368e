import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from tests.support.marked_news import assert_same_tree, run
from watermark.corpus import open_corpus
from watermark.errors import VaultError
from watermark.keys import Key, write_key
from watermark.marking.mark import Intent, mark_corpus
from watermark.schemes.leximark import LexiMark
from watermark.schemes.leximark_sites import find_sites
from watermark.vault.vault import open_vault


def test_an_unfinished_run_with_other_settings_is_not_gone_on_with(
    corpus, tmp_path, resources, key_file
):
    def dies(batch):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        mark_corpus(
            open_corpus(corpus, id_column="id"),
            tmp_path / "published",
            tmp_path / "vault",
            Intent(LexiMark()),
            dies,
            made_with={"leximark": "test"},
            key_file=key_file,
        )
    with pytest.raises(VaultError, match="unfinished run with other settings"):
        run(corpus, tmp_path, resources, key_file, Intent(LexiMark(words_per_sentence=3)))
    run(corpus, tmp_path, resources, key_file)


SCRIPT = """
import sys
from pathlib import Path
from pipelines.loading.candidate_sources import load_lexical_resources
from watermark.corpus import open_corpus
from watermark.marking.mark import Intent, mark_corpus
from watermark.schemes.leximark import LexiMark
from watermark.schemes.leximark_sites import find_sites
import watermark.marking.site_index
watermark.marking.site_index.BATCH_DOCUMENTS = 4
corpus, folder = Path(sys.argv[1]), Path(sys.argv[2])
scheme = LexiMark(sources=("wordnet",))
analyst = load_lexical_resources(scheme)
print("ready", flush=True)
mark_corpus(open_corpus(corpus, id_column="id"), folder / "published", folder / "vault",
            Intent(scheme), lambda batch: find_sites(analyst, batch, scheme),
            made_with={}, key_file=corpus.with_name("owner.key"))
"""


@pytest.mark.slow
def test_marking_that_was_killed_ten_times_ends_as_if_it_had_not(corpus, tmp_path, key_file):
    def start(name):
        return subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", SCRIPT, str(corpus), str(tmp_path / name)],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.getcwd()},
        )

    with start("whole") as process:
        process.stdout.read(5)
        began = time.monotonic()
        assert process.wait() == 0
        seconds = time.monotonic() - began
    rng = np.random.default_rng(0)
    for _ in range(10):
        with start("cut") as process:
            process.stdout.read(5)
            time.sleep(rng.uniform(0, 0.3 * seconds))
            process.send_signal(signal.SIGKILL)
        if (tmp_path / "cut/vault").exists():
            break
    if not (tmp_path / "cut/vault").exists():
        with start("cut") as process:
            assert process.wait() == 0
    assert_same_tree(tmp_path / "whole", tmp_path / "cut")


@pytest.mark.parametrize("stage", range(6))
def test_marking_that_was_cut_at_any_step_ends_as_if_it_had_not(
    corpus, tmp_path, resources, key_file, stage, monkeypatch
):
    run(corpus, tmp_path / "whole", resources, key_file)
    cut_at(stage, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        run(corpus, tmp_path / "cut", resources, key_file)
    monkeypatch.undo()
    assert not (tmp_path / "cut/vault").exists()
    run(corpus, tmp_path / "cut", resources, key_file)
    assert_same_tree(tmp_path / "whole", tmp_path / "cut")


def cut_at(stage, monkeypatch):
    """Make the given step of marking die before or after it did its work."""
    import shutil
    from pathlib import Path

    from watermark.marking import mark as marking
    from watermark.marking import workspace
    from watermark.vault import writer

    def before(*args, **kwargs):
        raise KeyboardInterrupt

    def after(function):
        def dies(*args, **kwargs):
            function(*args, **kwargs)
            raise KeyboardInterrupt

        return dies

    places = [
        (marking, "build_codebook", before),
        (writer, "commitment_line", before),
        (writer, "file_sha256", before),
        (marking, "move_into_place", before),
        (shutil, "copytree", after(shutil.copytree)),
        (Path, "rename", before),
    ]
    owner, name, replacement = places[stage]
    if owner is Path:  # the last step: published texts are in place, the vault is not
        monkeypatch.setattr(workspace, "_finish", before)
    else:
        monkeypatch.setattr(owner, name, replacement)


def test_a_finished_run_of_another_job_is_not_published(
    corpus, tmp_path, resources, key_file, monkeypatch
):
    """Cut when only the names were missing: what is asked for next may be something else."""
    cut_at(3, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        run(corpus, tmp_path, resources, key_file)
    monkeypatch.undo()
    other = tmp_path / "other.jsonl"
    other.write_text(corpus.read_text().replace("harbour", "river"), encoding="utf-8")
    write_key(tmp_path / "second.key", Key(bytes(32)))
    for wrong in (
        (corpus, tmp_path, resources, key_file, Intent(LexiMark(), alpha=0.05)),
        (corpus, tmp_path, resources, tmp_path / "second.key"),
        (corpus, tmp_path, resources, None),
        (other, tmp_path, resources, key_file),
    ):
        with pytest.raises(VaultError, match="another key or another corpus"):
            run(*wrong)
        assert not (tmp_path / "published").exists()
    run(corpus, tmp_path, resources, key_file)
    assert open_vault(tmp_path / "vault", key_file).plan.alpha == 0.001


def test_a_key_file_that_is_none_leaves_nothing_behind(corpus, tmp_path, resources):
    with pytest.raises(VaultError, match=r"missing\.key"):
        run(corpus, tmp_path, resources, tmp_path / "missing.key")
    run(corpus, tmp_path, resources, None)


def test_two_runs_on_one_vault_do_not_meet(corpus, tmp_path, resources, key_file):
    refused = []

    def find(batch):
        with pytest.raises(VaultError, match="another run is using") as caught:
            run(corpus, tmp_path, resources, key_file)
        refused.append(caught)
        return find_sites(resources, batch, LexiMark())

    mark_corpus(
        open_corpus(corpus, id_column="id"),
        tmp_path / "published",
        tmp_path / "vault",
        Intent(LexiMark()),
        find,
        made_with={"leximark": "test"},
        key_file=key_file,
    )
    assert refused
    open_vault(tmp_path / "vault", key_file)


def test_a_file_in_the_way_is_named_before_anything_is_read(corpus, tmp_path, resources):
    def find(batch):
        raise AssertionError

    with pytest.raises(VaultError, match=r"cannot be made, news\.jsonl is a file"):
        mark_corpus(
            open_corpus(corpus),
            corpus / "out",
            tmp_path / "vault",
            Intent(LexiMark()),
            find,
            made_with={},
        )
    assert not (tmp_path / "vault.partial").exists()
