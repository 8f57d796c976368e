"""The jobs for a notebook: data set in, data set out; vault and model in, verdict out.

The commands do the same with files. Nothing is printed here.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from membership.audit.audit import audit
from membership.audit.verdict import Verdict
from membership.detectors import default_detectors
from membership.scoring import score_documents
from membership.traces.suspect import Suspect
from pipelines.jobs.mark import make_intent, mark_command
from pipelines.jobs.score import Extras, choose
from pipelines.loading.models import ModelOptions, load_model
from watermark.corpus import load_saved
from watermark.document import Document
from watermark.scheme import Scheme
from watermark.schemes.leximark import LexiMark
from watermark.vault.vault import open_vault


def mark_dataset(
    dataset: Any,
    published: str | Path,
    vault: str | Path,
    scheme: Scheme = LexiMark(),
    *,
    text_column: str = "text",
    id_column: str | None = None,
    plan: Mapping[str, Any] | None = None,
) -> Any:
    """Mark a `datasets.Dataset` or `DatasetDict`; return the one to publish.

    Args:
        dataset: What to mark.
        published: Folder to make for the data set to publish, as `save_to_disk` makes it.
        vault: Folder to make for what must stay private.
        scheme: How to mark.
        text_column: The column that holds the text.
        id_column: The column that holds the ids; without one they are made from the texts.
        plan: Other fields of `watermark.marking.mark.Intent`, such as `alpha` or `holdout_share`.

    Raises:
        ToolkitError: As `leximark mark`.
    """
    mark_command(
        dataset,
        Path(published),
        Path(vault),
        make_intent(scheme, **(plan or {})),
        text_column=text_column,
        id_column=id_column,
    )
    return load_saved(Path(published))


def verify_model(
    vault: str | Path,
    model: str | Path | Suspect,
    references: Sequence[str | Path | Suspect] = (),
    *,
    key_file: str | Path | None = None,
) -> Verdict:
    """Audit a model with a vault.

    Args:
        vault: The folder that marking filled.
        model: The suspect: a folder, a hub id or an address as `verify --model` takes it, or a
            model that was opened before.
        references: Models that have not seen the marked text, given in the same way.
        key_file: The key, if it is not kept in the vault.

    Raises:
        ToolkitError: As `verify`.
    """
    opened = open_vault(Path(vault), Path(key_file) if key_file else None)
    others = {
        str(each) if isinstance(each, str | Path) else each.name: _loaded(each)
        for each in references
    }
    return audit(opened, _loaded(model), others, default_detectors()).verdict


def score_dataset(
    dataset: Any,
    model: str | Path | Suspect,
    reference: str | Path | Suspect | None = None,
    *,
    detectors: Sequence[str] = (),
    text_column: str = "text",
) -> Any:
    """Score a `datasets.Dataset`; return it with a column a detector, higher for what was seen.

    Args:
        dataset: What to score.
        model: The suspect; see `verify_model`.
        reference: A model that has not seen the texts, best of all the suspect's base.
        detectors: Their names; without names all for which one pass is enough.
        text_column: The column that holds the text.

    Raises:
        ToolkitError: As `leximark score`.
    """
    documents = [Document(str(i), text) for i, text in enumerate(dataset[text_column])]
    suspect, other = _loaded(model), None if reference is None else _loaded(reference)
    chosen = choose(detectors, suspect, other, Extras(), ())
    rows = list(score_documents(documents, chosen, suspect, other))
    for name in chosen:
        dataset = dataset.add_column(name, [row[name].value for row in rows])
    return dataset


def _loaded(model: str | Path | Suspect) -> Suspect:
    return load_model(str(model), ModelOptions()) if isinstance(model, str | Path) else model
