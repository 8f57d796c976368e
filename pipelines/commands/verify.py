import json
from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.options.asking import AskingFlags
from pipelines.commands.options.corpus import KeyFile
from pipelines.commands.options.evidence import EvidenceFlags
from pipelines.commands.options.groups import with_option_groups
from pipelines.commands.options.model import ModelFlags
from pipelines.commands.options.reference import ReferenceFlags


@with_option_groups
def verify(
    *,
    corpus: Annotated[Path, typer.Option(help="Vault that `leximark mark` filled.")],
    model: Annotated[
        str,
        typer.Option(
            help="Suspect: folder or hub id, adapter, GGUF file, or a server (openai+http://host/v1"
            "#model; chat+ or text+ if it only answers in words)."
        ),
    ],
    key_file: KeyFile = None,
    out: Annotated[Path, typer.Option(help="Folder to make for the report.")] = Path("report"),
    alpha: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Level instead of the planned one; the report says so."),
    ] = None,
    resamples: Annotated[
        int, typer.Option(min=99, help="Number of re-draws that the statistic is compared with.")
    ] = 99_999,
    seed: Annotated[int, typer.Option(min=0, help="Seed for the re-draws.")] = 0,
    simulate_null: Annotated[
        int,
        typer.Option(min=0, metavar="N", help="Also test with N other keys: p must be uniform."),
    ] = 0,
    references: ReferenceFlags,
    models: ModelFlags,
    asking: AskingFlags,
    evidence: EvidenceFlags,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with status 3 if there is evidence.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Audit a model: was it trained on our text?

    Prints a verdict with an exact p-value and writes a report. The verdict is "trained on it" or
    "no evidence", never "not trained on it".
    """
    from pipelines.jobs.verify import verify_any, write_cost
    from pipelines.reporting.report import summary_lines

    if asking.dry_run:
        print(write_cost(corpus, model, asking.asking(), key_file, as_json=as_json))
        return
    report = verify_any(
        corpus,
        model,
        references.named(),
        out,
        models.options(),
        asking=asking.asking(),
        evidence=evidence.evidence(),
        key_file=key_file,
        alpha=alpha,
        n_resamples=resamples,
        seed=seed,
        n_null_keys=simulate_null,
    )
    shown = json.dumps(report.as_dict(), indent=2, ensure_ascii=False)
    print(shown if as_json else "\n".join([*summary_lines(report), f"Report: {out / 'report.md'}"]))
    if exit_code and report.audit.verdict.is_evidence:
        raise typer.Exit(3)
