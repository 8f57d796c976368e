import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from pipelines.cluster import executors
from pipelines.cluster.executors import (
    ExecutorChoice,
    check_installed,
    connect_ray,
    make_ray,
    parse_executor,
    read_slurm_settings,
    wait_for_jobs,
)
from watermark.errors import PrerequisiteError, ToolkitError


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("local:8", ExecutorChoice("local", "8")),
        ("slurm:cluster.toml", ExecutorChoice("slurm", "cluster.toml")),
        ("ray:ray://head:10001", ExecutorChoice("ray", "ray://head:10001")),
    ],
)
def test_an_executor_is_named_with_what_it_needs(text, wanted):
    assert parse_executor(text) == wanted


@pytest.mark.parametrize("text", ["local", "local:", "local:0", "local:-1", "local:x", "spark:8"])
def test_what_names_no_executor_is_refused(text):
    with pytest.raises(ValueError, match="local:"):
        parse_executor(text)


def test_what_is_not_installed_is_said_with_the_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "datatrove", None)
    with pytest.raises(PrerequisiteError, match=r"pip install 'leximark\[cluster\]'"):
        check_installed(ExecutorChoice("local", "2"))
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(PrerequisiteError, match=r"pip install 'leximark\[ray\]'"):
        connect_ray("auto")


@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1"])
def test_a_cluster_of_ray_that_does_not_answer_is_one_message(address, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", ModuleType("ray"))
    with pytest.raises(PrerequisiteError, match=f"no cluster answers at '{address}'"):
        connect_ray(address)


def test_slurm_is_refused_where_no_jobs_can_be_submitted(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(PrerequisiteError, match="no program sbatch"):
        check_installed(ExecutorChoice("slurm", "cluster.toml"))


GOOD = 'tasks = 3\ntime = "10:00:00"\npartition = "cpu"\n'


def test_settings_of_slurm_are_those_of_datatrove(tmp_path):
    path = tmp_path / "cluster.toml"
    path.write_text(GOOD + "mem_per_cpu_gb = 4\n")
    assert read_slurm_settings(path)["mem_per_cpu_gb"] == 4
    for content, words in (
        (GOOD + "colour = 1\n", "'colour' is no setting"),
        (GOOD + 'logging_dir = "x"\n', "'logging_dir' is no setting"),
        ('tasks = 3\ntime = "1:00"\n', "has no partition"),
        (GOOD.replace("3", "0"), "tasks must be"),
        ("tasks = ", "wanted a TOML file"),
    ):
        path.write_text(content)
        with pytest.raises(ToolkitError, match=words):
            read_slurm_settings(path)
    with pytest.raises(ToolkitError, match="wanted a TOML file"):
        read_slurm_settings(tmp_path / "missing.toml")


def test_gpus_of_ray_are_counted_and_asked_for(monkeypatch):
    ray: Any = ModuleType("ray")
    ray.init = lambda **_: None
    ray.cluster_resources = lambda: {"CPU": 32.0, "GPU": 4.0}
    monkeypatch.setitem(sys.modules, "ray", ray)
    assert connect_ray("auto") == (32, 4)
    ray.cluster_resources = lambda: {"CPU": 2.0}
    assert connect_ray("auto") == (2, 0)


def test_a_task_of_ray_gets_the_gpus_that_it_asks_for(tmp_path):
    assert make_ray(None, 3, tmp_path, gpus_per_task=1).gpus_per_task == 1
    assert make_ray(None, 3, tmp_path).gpus_per_task == 0


def test_jobs_of_slurm_are_waited_for_through_pauses_of_slurm(monkeypatch):
    replies = iter(
        [
            (0, "7_0 RUNNING\n", ""),
            (1, "", "slurm_load_jobs error: Unable to contact slurm controller"),
            (0, "7_0 RUNNING\n", ""),
            (0, "", ""),
        ]
    )
    asked = []

    def run(words, **_):
        asked.append(words)
        status, out, err = next(replies)
        return SimpleNamespace(returncode=status, stdout=out, stderr=err)

    monkeypatch.setattr("subprocess.run", run)
    monkeypatch.setattr(executors, "SECONDS_BETWEEN_LOOKS", 0)
    wait_for_jobs(SimpleNamespace(job_id="7"))
    assert len(asked) == 4
    assert asked[0][-1] == "7"
    replies = iter([(1, "", "slurm_load_jobs error: Invalid job id specified")])
    wait_for_jobs(SimpleNamespace(job_id="7"))
    wait_for_jobs(SimpleNamespace(job_id=-1))  # nothing was left to do
    assert len(asked) == 5
