from pathlib import Path
from typing import Annotated

import typer

from watermark.errors import ToolkitError


def demo(
    out: Annotated[Path, typer.Option(help="Folder to create for all output.")] = Path("demo"),
) -> None:
    """Run mark, train and audit end to end on built-in text and tiny models, in two minutes.

    Marks the documentation topics of Python twice, with our key and with another one, trains a
    tiny model on each, and audits both with our vault: evidence for the first, none for the second.
    """
    if out.exists():
        raise ToolkitError(f"{out}: exists already: name another folder with --out or remove it")
    from pipelines.jobs.demo import run_demo
    from pipelines.reporting.report import summary_lines

    result = run_demo(out)
    for title, report in (
        ("The model trained on the texts marked with our key", result.trained),
        ("The model trained on the same texts marked with another key", result.other),
    ):
        print(f"\n{title}\n" + "\n".join(f"  {line}" for line in summary_lines(report)))
    print(f"\nReports: {out / 'ours' / 'report'} and {out / 'theirs' / 'report'}")
