import json
from pathlib import Path
from typing import Annotated

import typer

from watermark.atomic import refuse_existing


def demo(
    out: Annotated[Path, typer.Option(help="Folder to make for everything.")] = Path("demo"),
    as_json: Annotated[bool, typer.Option("--json", help="Print both reports as JSON.")] = False,
) -> None:
    """Run mark, train and audit end to end on built-in text and tiny models, in two minutes.

    Marks the documentation topics of Python twice, with our key and with another one, trains a
    tiny model on each, and audits both with our vault: evidence for the first, none for the second.
    """
    refuse_existing(out)
    from pipelines.jobs.demo import run_demo
    from pipelines.reporting.report import summary_lines

    result = run_demo(out)
    if as_json:
        reports = {"trained": result.trained.as_dict(), "other": result.other.as_dict()}
        print(json.dumps(reports, indent=2, ensure_ascii=False))
        return
    for title, report in (
        ("The model trained on the texts marked with our key", result.trained),
        ("The model trained on the same texts marked with another key", result.other),
    ):
        print(f"\n{title}\n" + "\n".join(f"  {line}" for line in summary_lines(report)))
    print(f"\nReports: {out / 'ours' / 'report'} and {out / 'theirs' / 'report'}")
