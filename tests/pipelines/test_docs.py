"""What the README and the docs say is run, or looked up in the code."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.main import get_command

from pipelines import cli

ROOT = Path(cli.__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCS = "\n".join(
    p.read_text(encoding="utf-8") for p in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
)


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_readme_does_what_it_says(job, tmp_path, command):
    (tmp_path / "news.jsonl").symlink_to(job.corpus)
    (tmp_path / "their-model").symlink_to(job.trained)
    (tmp_path / "their-base").symlink_to(job.other)
    (commands,) = blocks("sh")
    for line in commands.strip().splitlines():
        program, *arguments = shlex.split(line)
        done = command(program, *arguments)
        assert done.status == 0, f"{line}\n{done.err}"
        last = done.out
    # The model was trained with another key than the fresh one of this vault.
    assert last.startswith("Not fixed beforehand")
    assert "\nVerdict: no evidence" in last
    assert (tmp_path / "report/report.md").exists()
    (example,) = blocks("python")
    alone = subprocess.run(  # in a process of its own, as a notebook is
        [sys.executable, "-W", "ignore", "-c", example],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "HF_HOME": str(tmp_path / "hf")},
        capture_output=True,
        text=True,
    )
    assert alone.returncode == 0, alone.stderr
    assert re.fullmatch(r"no evidence [01]\.\d+", alone.stdout.strip())


def test_the_targets_of_the_readme_are_in_the_makefile():
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    named = re.findall(r"^make (\w+)", README, re.MULTILINE)
    assert {"demo", "test"} <= set(named)
    assert set(named) <= set(targets)


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_is_in_the_readme_and_every_option_has_a_help_text(name):
    program = typer.Typer()
    program.command(name)(cli.COMMANDS[name])
    command = get_command(program)
    assert command.help, f"{name} has no help"
    assert re.search(rf"\b{name}\b", README), f"{name} is not in the README"
    for parameter in command.params:
        if "--help" not in parameter.opts and "completion" not in parameter.name:
            assert getattr(parameter, "help", None), f"{name} {parameter.opts} has no help"


def test_every_path_in_the_docs_exists():
    for path in re.findall(
        r"`((?:watermark|membership|pipelines|docs|tests|reports)/[\w/.]*)`", DOCS
    ):
        assert (ROOT / path).exists(), path
    for path in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / path).exists(), path


def test_every_option_in_the_docs_is_an_option():
    known = {"--help", "--version"}
    for name, function in cli.COMMANDS.items():
        program = typer.Typer()
        program.command(name)(function)
        known |= {
            option for p in get_command(program).params for option in (*p.opts, *p.secondary_opts)
        }
    for option in set(re.findall(r"`(?:leximark \w+ |verify )?(--[a-z][a-z-]+)", DOCS)):
        assert option in known, option
