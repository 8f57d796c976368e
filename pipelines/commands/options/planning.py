"""Options of `mark` that fix the audit before publication, and that say where marking runs."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from watermark.limits import MAX_ALPHA
from watermark.scheme import Scheme, Test

if TYPE_CHECKING:
    from pipelines.cluster.executors import ExecutorChoice
    from watermark.marking.mark import Intent


@dataclass(frozen=True)
class PlanFlags:
    """What is fixed before publication: the test, its level, its references, the hold-out."""

    holdout: Annotated[
        float,
        typer.Option(min=0, max=0.5, help="Share of documents that is marked but not published."),
    ] = 0.1
    test: Annotated[
        Test | None,
        typer.Option(
            help="Primary test of evidence. Default: the most telling one for the scheme."
        ),
    ] = None
    detector: Annotated[
        str | None,
        typer.Option(
            help="Detector of the remark and hold-out tests without a reference. Default: loss for "
            "remark, else min_k_plus_plus."
        ),
    ] = None
    alpha: Annotated[
        float, typer.Option(min=0, max=MAX_ALPHA, help="Level of the primary test.")
    ] = 0.001
    reference: Annotated[
        list[str] | None,
        typer.Option(
            help="Reference model to fix in the plan; may be repeated. Default: the public models "
            "that `leximark assets --all` installs."
        ),
    ] = None
    no_reference: Annotated[
        bool, typer.Option("--no-reference", help="Plan an audit without any reference.")
    ] = False

    def intent(self, scheme: Scheme) -> "Intent":
        """Return what is to be marked and planned.

        Raises:
            ValueError: The parts do not go together, or a number is out of its range.
        """
        from pipelines.jobs.mark import make_intent
        from watermark import assets

        if self.reference and self.no_reference:
            raise ValueError("choose one of --reference and --no-reference")
        chosen = {"test": self.test, "detector": self.detector}
        return make_intent(
            scheme,
            **{name: value for name, value in chosen.items() if value},
            alpha=self.alpha,
            references=tuple(self.reference or ()),
            public_references=() if self.no_reference else assets.PUBLIC_LANGUAGE_MODELS,
            holdout_share=self.holdout,
        )


@dataclass(frozen=True)
class RunFlags:
    """Where marking runs."""

    workers: Annotated[
        int, typer.Option(min=1, help="Processes that find sites; the result is the same.")
    ] = 1
    executor: Annotated[
        str | None,
        typer.Option(
            help="Run by datatrove: local:PROCESSES, slurm:FILE.toml or ray:ADDRESS; the result is "
            "the same. See docs/cluster.md."
        ),
    ] = None

    def choice(self) -> "ExecutorChoice | None":
        """Return the executor, None if marking runs here.

        Raises:
            ValueError: It is not one, or does not go with several workers.
        """
        from pipelines.cluster.executors import parse_executor

        if self.executor is None:
            return None
        if self.workers > 1:
            raise ValueError("--workers is the number of processes without --executor")
        return parse_executor(self.executor)
