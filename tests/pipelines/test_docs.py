"""What the README and the docs say is run, or looked up in the code."""

import json
import os
import re
import shlex
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest
import typer
from typer.main import get_command

from pipelines import cli
from pipelines.loading.embedded_text import paragraphs
from pipelines.training.training import Shape, new_model, new_tokenizer
from tests.support.time_stamp_authority import found_authority, serve

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
    # The model was trained with another key than the fresh one of this vault. Whether its few sites
    # would show a strong effect depends on the key.
    assert last.startswith("Not fixed beforehand")
    assert re.search(r"\nVerdict: (no evidence|cannot tell)", last)
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
    assert re.fullmatch(r"(no evidence|cannot tell) [01]\.\d+", alone.stdout.strip())


def test_the_chain_is_the_one_of_the_docs(tmp_path, command):
    """Every command of docs/chain.md, from `mark` to `check`, with a real stamping authority."""
    page = (ROOT / "docs/chain.md").read_text(encoding="utf-8")
    texts = list(islice(paragraphs(), 160))
    rows = [json.dumps({"id": f"t{i}", "text": text}) + "\n" for i, text in enumerate(texts)]
    (tmp_path / "news.jsonl").write_text("".join(rows))
    tokenizer = new_tokenizer(texts, 1024)
    new_model(tokenizer, Shape(2, 64, 4, 256), 0).save_pretrained(tmp_path / "base")
    tokenizer.save_pretrained(tmp_path / "base")
    authority = found_authority(tmp_path / "authority")
    said: dict[str, list[str]] = {}
    with serve(authority.stamp) as url:
        for line in "".join(re.findall(r"```sh\n(.*?)```", page, re.DOTALL)).splitlines():
            program, *arguments = shlex.split(line.replace("http://127.0.0.1:3180/", url))
            if program == "verify":
                arguments = ["verify", *arguments]
            done = command("leximark", *arguments)
            assert done.status == 0, f"{line}\n{done.err}"
            said.setdefault(arguments[0], []).append(done.out)
    for out in [*said["judge"], *said["verify"]]:
        assert out.startswith("Fixed before")
    for out in (said["judge"][0], said["verify"][0]):
        assert "\nVerdict: trained on it\n" in out
    assert "not credible" not in said["judge"][1]  # words say less: evidence depends on the key
    assert "2 other audits were made with this vault before" in said["verify"][0]
    assert "alpha: 0.001 planned, 8.33333e-05 used" in said["verify"][0]
    assert "'trained on it' follows from p, level 8.33333e-05 and plan" in said["check"][0]
    assert "with a signature that holds" in said["check"][0]
    log = (tmp_path / "vault/custody.jsonl").read_text().splitlines()
    events = [json.loads(line)["event"] for line in log]
    assert events == ["made", "stamped", "challenge", "audit", "challenge", "audit", "audit"]


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
