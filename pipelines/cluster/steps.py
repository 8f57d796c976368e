"""Survey, settle and mark as steps of datatrove."""

import json

from pipelines.cluster.step import Step
from pipelines.loading.parallel import in_pieces
from pipelines.loading.site_finders import allowed_by_rules, load_finder, outside_boilerplate
from watermark.marking.tasks import Work, assemble, mark_parts, settle, survey
from watermark.marking.workspace import BOILERPLATE, TASKS
from watermark.text.boilerplate import Boilerplate


class MarkingStep(Step):
    """A step of marking."""

    def __init__(self, work: Work) -> None:
        """Keep what all tasks share."""
        super().__init__(work.folder / TASKS)
        self.work = work


class Survey(MarkingStep):
    """Find the sites of a share of the documents."""

    name = "survey"

    def do(self, rank: int, n_tasks: int) -> None:
        """Load what finds sites, and find them."""
        text = (self.work.folder / BOILERPLATE).read_text(encoding="utf-8")
        hashes, n_documents = json.loads(text)
        boilerplate = Boilerplate(frozenset(hashes), n_documents)
        find = in_pieces(load_finder(self.work.intent.scheme)[0])
        find = allowed_by_rules(self.work.rules, outside_boilerplate(boilerplate, find))
        survey(self.work, find, rank, n_tasks)


class Settle(MarkingStep):
    """Settle what needs all sites; a single task."""

    name = "settle"

    def do(self, rank: int, n_tasks: int) -> None:
        """Settle."""
        settle(self.work)


class Mark(MarkingStep):
    """Write a share of the parts of the corpus."""

    name = "mark"

    def do(self, rank: int, n_tasks: int) -> None:
        """Write them."""
        mark_parts(self.work, rank, n_tasks)


class Assemble(MarkingStep):
    """Put the parts together; a single task."""

    name = "assemble"

    def do(self, rank: int, n_tasks: int) -> None:
        """Put them together."""
        assemble(self.work)
