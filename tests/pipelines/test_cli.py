"""The programs run in a process of their own where imports, status and streams matter."""

import errno
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import pytest
import typer

from pipelines import cli

ROOT = Path(cli.__file__).parents[1]
HEAVY = ("torch", "transformers", "spacy", "numpy", "pyarrow", "nltk", "datasets", "rich")

PROGRAM = """\
import sys, typer
from pipelines import cli
from watermark.errors import CorpusError

def failing():
    {body}

cli.COMMANDS["failing"] = cli.COMMANDS["verify"] = failing
cli.{entry}()
"""


def python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, capture_output=True, text=True
    )


def failing(body: str) -> subprocess.CompletedProcess[str]:
    return python(PROGRAM.format(body=body, entry="main"), "failing")


def best_seconds(code: str, *arguments: str) -> float:
    """Seconds of processor time, which other processes on the machine take nothing from."""
    seconds = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert python(code, *arguments).returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(seconds)


@pytest.mark.parametrize("arguments", [["--help"], *([name, "--help"] for name in cli.COMMANDS)])
def test_help_imports_nothing_heavy(arguments):
    code = (
        "import sys, atexit\n"
        f"atexit.register(lambda: print('IMPORTED', {HEAVY!r} & sys.modules.keys()))\n"
        "from pipelines.cli import main; main()"
    ).replace(repr(HEAVY), f"set({HEAVY!r})")
    done = python(code, *arguments)
    assert done.returncode == 0
    assert "Usage: leximark" in done.stdout
    assert done.stdout.endswith("IMPORTED set()\n")


def test_help_takes_less_than_three_tenths_of_a_second_more_than_an_empty_program():
    bare = best_seconds("pass")
    assert best_seconds("from pipelines.cli import main; main()", "--help") - bare < 0.3


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_and_every_option_has_a_help_text(name):
    program = typer.Typer(rich_markup_mode=None)
    program.command()(cli.COMMANDS[name])
    command = typer.main.get_command(program)
    assert command.help
    for parameter in command.params:
        assert parameter.name
        assert getattr(parameter, "help", None) or parameter.name.endswith("completion")


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_prints_json(name):
    if name == "candidates":
        return  # it prints JSON Lines and nothing else
    program = typer.Typer()
    program.command()(cli.COMMANDS[name])
    options = [option for p in typer.main.get_command(program).params for option in p.opts]
    assert "--json" in options


def test_a_command_that_ran_leaves_with_0():
    done = failing("print('done')")
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")


def test_what_the_user_can_mend_is_one_message_and_status_2():
    done = failing("raise CorpusError('a.jsonl:3: no column text; name it with --text-column')")
    assert done.returncode == 2
    assert done.stderr == "leximark: a.jsonl:3: no column text; name it with --text-column\n"
    assert done.stdout == ""


def test_what_is_our_fault_keeps_its_traceback_and_leaves_with_1():
    done = failing("raise ValueError('two draws with one name')")
    assert done.returncode == 1
    assert done.stderr.startswith("Traceback (most recent call last):")
    assert done.stderr.endswith("ValueError: two draws with one name\n")


def test_a_full_disk_is_one_message_and_status_2():
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    done = failing("open('/dev/full', 'w').write('x' * 100_000)")
    assert (done.returncode, done.stderr) == (2, "leximark: No space left on device\n")


def test_a_refused_path_is_named(capsys, monkeypatch):
    def refused():
        raise PermissionError(errno.EACCES, "Permission denied", "/vault/key")

    assert leave_with(refused, monkeypatch) == 2
    assert capsys.readouterr().err == "leximark: /vault/key: Permission denied\n"


def test_an_error_of_the_system_that_nobody_can_mend_keeps_its_traceback():
    done = failing("open('no/such/file')")
    assert done.returncode == 1
    assert "Traceback" in done.stderr


def test_an_interruption_leaves_with_130_and_no_traceback():
    code = PROGRAM.format(
        # A shell that starts a job in the background makes it deaf to interruptions.
        body=(
            "import signal, time; signal.signal(signal.SIGINT, signal.default_int_handler); "
            "print('begun', flush=True); time.sleep(60)"
        ),
        entry="main",
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, "failing"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        assert process.stderr.read() == ""


def test_a_command_may_leave_with_a_status_of_its_own():
    assert failing("raise typer.Exit(3)").returncode == 3


@pytest.mark.parametrize("arguments", [["failing", "--no-such-option"], ["no-such-command"]])
def test_a_wrong_command_line_leaves_with_2(arguments):
    done = python(PROGRAM.format(body="pass", entry="main"), *arguments)
    assert done.returncode == 2
    assert "no-such" in done.stderr
    assert "Traceback" not in done.stderr


def test_verify_is_the_command_verify_under_a_name_of_its_own():
    code = PROGRAM.format(body="raise CorpusError('no vault')", entry="verify_main")
    assert python(code).stderr == "verify: no vault\n"
    assert "Usage: verify " in python(code, "--help").stdout


def test_no_progress_bars_where_there_is_no_terminal():
    body = "from tqdm import tqdm; list(tqdm(range(3))); print('done')"
    done = failing(body)
    assert (done.stdout, done.stderr) == ("done\n", "")


def test_the_version_is_that_of_the_distribution(capsys, monkeypatch):
    monkeypatch.setattr(cli, "version", {"leximark": "1.2.3"}.__getitem__)
    monkeypatch.setattr(sys, "argv", ["leximark", "--version"])
    with pytest.raises(SystemExit) as leave:
        cli.main()
    assert leave.value.code == 0
    assert capsys.readouterr().out == "leximark 1.2.3\n"


def test_a_command_is_added_by_one_line(capsys, monkeypatch):
    def hello(name: Annotated[str, typer.Option(help="Whom to greet.")]) -> None:
        """Greet a person."""
        typer.echo(f"hello {name}")

    monkeypatch.setitem(cli.COMMANDS, "hello", hello)
    monkeypatch.setattr(sys, "argv", ["leximark", "hello", "--name", "Ada"])
    with pytest.raises(SystemExit) as leave:
        cli.main()
    assert leave.value.code == 0
    assert capsys.readouterr().out == "hello Ada\n"


def leave_with(command, monkeypatch) -> object:
    monkeypatch.setitem(cli.COMMANDS, "failing", command)
    monkeypatch.setattr(sys, "argv", ["leximark", "failing"])
    with pytest.raises(SystemExit) as leave:
        cli.main()
    return leave.value.code
