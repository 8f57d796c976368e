import json
from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.options.asking import AskingFlags
from pipelines.commands.options.corpus import KeyFile
from pipelines.commands.options.evidence import EvidenceFlags
from pipelines.commands.options.groups import with_option_groups
from pipelines.commands.options.model import ModelFlags
from pipelines.commands.options.parts import PartsFlags
from pipelines.commands.options.references import ReferenceFlags
from pipelines.commands.options.spread import SpreadFlags
from watermark.limits import MAX_ALPHA


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
    references: ReferenceFlags,
    key_file: KeyFile = None,
    out: Annotated[Path, typer.Option(help="Folder to make for the report.")] = Path("report"),
    alpha: Annotated[
        float | None,
        typer.Option(
            min=0, max=MAX_ALPHA, help="Level instead of the planned one; the report says so."
        ),
    ] = None,
    resamples: Annotated[
        int, typer.Option(min=99, help="Number of re-draws that the statistic is compared with.")
    ] = 99_999,
    seed: Annotated[int, typer.Option(min=0, help="Seed for the re-draws.")] = 0,
    simulate_null: Annotated[
        int,
        typer.Option(min=0, metavar="N", help="Also test with N other keys: p must be uniform."),
    ] = 0,
    parts: PartsFlags,
    models: ModelFlags,
    spread: SpreadFlags,
    asking: AskingFlags,
    evidence: EvidenceFlags,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with status 3 if there is evidence.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Audit a model: was it trained on our text?

    Prints a verdict with an exact p-value and writes a report. The verdict is "trained on it", "no
    evidence" or "cannot tell", never "not trained on it".
    """
    from pipelines.instalments.verify import verify_parts
    from pipelines.jobs.verify import write_cost

    if asking.dry_run:
        print(write_cost(corpus, model, asking.asking(), key_file, as_json=as_json))
        return
    report = verify_parts(
        corpus,
        model,
        references.named(),
        out,
        spread.spread(models.options()),
        by_licensee=parts.editions,
        instalments=parts.instalments,
        asking=asking.asking(),
        evidence=evidence.evidence(),
        key_file=key_file,
        alpha=alpha,
        n_resamples=resamples,
        seed=seed,
        n_null_keys=simulate_null,
    )
    shown = json.dumps(report.as_dict(), indent=2, ensure_ascii=False)
    print(shown if as_json else "\n".join([*report.lines(), f"Report: {out / 'report.md'}"]))
    if exit_code and report.is_evidence:
        raise typer.Exit(3)
