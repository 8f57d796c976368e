"""Everything a notebook does, in one import.

    from pipelines import api

    to_publish = api.mark(news, "published", "vault")
    verdict = api.verify("vault", "their-model", ["their-base"])

The commands do the same with files. A model is a folder, hub id or address, or a `Suspect` that
`open_model` opened. What the user can fix is raised as a `ToolkitError`.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from membership.audit.verdict import Verdict
from membership.scoring import score_documents
from membership.traces.suspect_protocol import Suspect
from pipelines.forecast.forecast import plan_corpus as plan
from pipelines.jobs.attack import attack_dataset as attack
from pipelines.jobs.evaluate import Evaluation, evaluate_scores
from pipelines.jobs.inspect import Inspection, inspect_vault, write_inspection
from pipelines.jobs.mark import make_intent, mark_command
from pipelines.jobs.review import DecisionFiles, review_command
from pipelines.jobs.score import Extras, choose
from pipelines.jobs.verify import notebook_verdict
from pipelines.loading.labelled import Record, labels_of
from pipelines.loading.models import ModelOptions, load_models
from pipelines.loading.references import open_references
from pipelines.loading.vaults import open_owned
from pipelines.reporting import score_columns
from watermark.corpus import load_saved
from watermark.document import Document
from watermark.scheme import Scheme
from watermark.schemes.leximark import LexiMark
from watermark.substitution.rules import read_rules

if TYPE_CHECKING:
    from datasets import Dataset

__all__ = [
    "Evaluation", "Extras", "Inspection", "LexiMark", "ModelOptions", "Suspect", "Verdict",
    "attack", "evaluate", "inspect", "mark", "open_model", "plan", "review", "score", "verify",
]  # fmt: skip

PathLike = str | Path
Model = str | Path | Suspect
"""A folder, a hub id, the address of a server, or a model that is open."""


def open_model(name: PathLike, options: ModelOptions = ModelOptions()) -> Suspect:
    """Open a model, to use it more than once.

    Args:
        name: Folder or hub id of a model, folder of an adapter, GGUF file, or server's address.
        options: How it is run and reached. Nothing is cached unless `cache` names a folder.

    Raises:
        ModelError: It cannot or must not be loaded, or its server lacks what is needed.
    """
    return load_models(str(name), {}, options)[0]


def mark(
    dataset: "Dataset",
    published: PathLike,
    vault: PathLike,
    scheme: Scheme = LexiMark(),
    *,
    text_column: str = "text",
    id_column: str | None = None,
    plan: Mapping[str, Any] | None = None,
    key_file: PathLike | None = None,
    workers: int = 1,
    rules: PathLike | None = None,
) -> "Dataset":
    """Mark a data set; return the one to publish, without the documents that are held out.

    Args:
        dataset: What to mark; a `DatasetDict` returns as one.
        published: Folder to make for the data set to publish, as `save_to_disk` makes it.
        vault: Folder to make for the key, the originals and the plan of the audit. Private.
        scheme: How to mark; by default with quality `fast`, whether models are installed or not.
        text_column: Column that holds the text.
        id_column: Column that holds the ids; by default they are made from the texts.
        plan: Other fields of `watermark.marking.mark.Intent`: `test`, `detector`, `alpha` in
            (0, 1), `references`, `holdout_share` in [0, 0.5].
        key_file: Key to use, 32 raw bytes; without one a fresh key is put into the vault.
        workers: Processes that look for sites, 1 or more; the result is the same.
        rules: File that `review` made of what is never marked.

    Raises:
        CorpusError: The data set is empty, or lacks a column.
        VaultError: A folder exists already.
        ValueError: The plan does not suit the scheme, or is out of its range.
    """
    mark_command(
        dataset,
        Path(published),
        Path(vault),
        make_intent(scheme, **(plan or {})),
        text_column=text_column,
        id_column=id_column,
        key_file=_path(key_file),
        workers=workers,
        rules=read_rules(Path(rules)) if rules else (),
    )
    return load_saved(Path(published))


def inspect(
    vault: PathLike,
    *,
    model: Model | None = None,
    out: PathLike | None = None,
    sample: int = 200,
    seed: int = 0,
    key_file: PathLike | None = None,
    rules: PathLike | None = None,
) -> Inspection:
    """Measure what marking changed, at what cost, and what could be proved later.

    Args:
        vault: The folder that marking filled.
        model: A language model that has not seen the texts, for perplexity and expected power.
        out: Folder to make for the findings, the comparison and the review page. Private.
        sample: How many published documents are measured; 0 for all.
        seed: Seed for sampling documents.
        key_file: The key, if it is not kept in the vault.
        rules: File of rules: pairs that it accepts come last on the review page.

    Returns:
        The findings by section, in `sections`, and the sampled documents in both versions.

    Raises:
        VaultError: The vault was altered, or no document was published.
        ModelError: The model cannot be loaded.
    """
    opened, judge = open_owned(Path(vault), _path(key_file)), _opened(model) if model else None
    known = read_rules(Path(rules)) if rules else ()
    found = inspect_vault(opened, sample=sample, model=judge, seed=seed, rules=known)
    if out is not None:
        write_inspection(found, Path(out))
    return found


def review(
    vault: PathLike,
    published: PathLike,
    out: PathLike,
    vault_out: PathLike,
    *,
    decisions: PathLike | None = None,
    rules: PathLike | None = None,
    reject: PathLike | None = None,
    approve: PathLike | None = None,
    text_column: str = "text",
    key_file: PathLike | None = None,
) -> "Dataset":
    """Take decisions on marks back, before publishing; return the data set to publish instead.

    Args:
        vault: The folder that marking filled; it stays as it is.
        published: The folder that `mark` saved the data set in, not public yet.
        out: Folder to make for the reviewed data set.
        vault_out: Folder to make for its vault.
        decisions: File that the review page exported.
        rules: File of rules; they are applied, and those of `decisions` are added to it.
        reject: Instead of `decisions` a CSV file of sites that return to the original.
        approve: Instead, a CSV file of sites that stay while all others return.
        text_column: Column that holds the text.
        key_file: The key, if it is not kept in the vault.

    Raises:
        VaultError: A decision is not about a site of this vault, or no site would be left.
        CorpusError: The published data set is not the one of the vault, or a rule is invalid.
        ValueError: No decisions are named, or two files of them.
    """
    opened = open_owned(Path(vault), _path(key_file))
    files = DecisionFiles(*map(_path, (decisions, reject, approve, rules)))
    review_command(opened, Path(published), files, Path(out), Path(vault_out), text_column)
    return load_saved(Path(out))


def verify(
    vault: PathLike,
    model: Model,
    references: Iterable[Model] | None = None,
    *,
    alpha: float | None = None,
    n_resamples: int = 99_999,
    seed: int = 0,
    key_file: PathLike | None = None,
) -> Verdict:
    """Audit a model with a vault: was it trained on our text?

    Args:
        vault: The folder that marking filled; its custody log gets a line, or stderr says why not.
        model: The suspect.
        references: Models that have not seen the marked text, best the suspect's base; () for none,
            None for those of the plan or the public models that are installed.
        alpha: Level in (0, 1) instead of the plan's, noted in `departures`.
        n_resamples: Re-draws to compare with; no p-value is below 1 / (n_resamples + 1).
        seed: Seed of the re-draws.
        key_file: The key, if it is not kept in the vault.

    Returns:
        The verdict: its `words` (`trained on it`, `no evidence` or `cannot tell`) and the primary
        test's `pvalue`, `effect`, `detectable_effect` and `null` of shape (n_resamples,).

    Raises:
        VaultError: The vault was altered, or the key does not belong to it.
        ModelError: A model cannot be loaded.
        PrerequisiteError: The suspect returns too little for any test.
        ValueError: The level is not between 0 and 1.
    """
    if alpha is not None and not 0 < alpha < 0.5:
        raise ValueError(f"alpha must lie in (0, 0.5), got {alpha:g}")
    opened = open_owned(Path(vault), _path(key_file))
    suspect = _opened(model)
    others = open_references(references, opened.plan, suspect)
    name = str(model) if isinstance(model, str | Path) else ""
    return notebook_verdict(opened, name, suspect, others, alpha, n_resamples, seed)


def score(
    dataset: "Dataset",
    model: Model,
    reference: Model | None = None,
    *,
    detectors: Sequence[str] = (),
    extras: Extras | None = None,
    text_column: str = "text",
) -> "Dataset":
    """Score every document; a higher score always means "more likely trained on".

    Args:
        dataset: What to score, in n rows.
        model: The suspect.
        reference: A model that has not seen the texts, best of all the suspect's base.
        detectors: Their names; without names all that one pass is enough for.
        extras: Texts and tables that `recall`, `con_recall` and `dc_pdd` need.
        text_column: Column that holds the text.

    Returns:
        The data set with n rows and more columns: `unscored`, a JSON object with the reason for
        each missing score (empty if none is missing), then a column a detector: float, NaN where
        there is no score.

    Raises:
        PrerequisiteError: A detector is unknown, or needs what is not there.
        ModelError: A model cannot be loaded.
        CorpusError: The data set lacks the column, or has one that would be overwritten.
    """
    texts = enumerate(score_columns.column(dataset, text_column))
    records = [Record(Document(str(i), text), dataset[i]) for i, text in texts]
    suspect, other = _opened(model), None if reference is None else _opened(reference)
    chosen = choose(detectors, suspect, other, extras or Extras(), records)
    score_columns.refuse_clash(dataset, list(chosen))
    rows = list(score_documents([r.document for r in records], chosen, suspect, other))
    return score_columns.add_scores(dataset, list(chosen), rows)


def evaluate(
    scored: "Dataset",
    labels: str = "label",
    *,
    text_column: str = "text",
    n_resamples: int = 2000,
    seed: int = 0,
) -> Evaluation:
    """Compare scores with known labels, beside a baseline that never saw the model.

    Descriptive, not a proof: see `warning` of the result.

    Args:
        scored: What `score` returned.
        labels: Column that says which documents are members: 1 or 0, or words that say the same.
        text_column: Column that holds the text.
        n_resamples: Bootstrap samples behind each interval.
        seed: Seed of all that is random.

    Returns:
        For each detector, best first: AUROC in [0, 1] with a 95 % interval, true-positive rates.

    Raises:
        CorpusError: There are no scores, or a label says neither.
    """
    table = score_columns.read_score_columns(scored, text_column)
    members = labels_of([{labels: label} for label in score_columns.column(scored, labels)], labels)
    return evaluate_scores(table, members, n_resamples=n_resamples, seed=seed)


def _opened(model: Model) -> Suspect:
    return open_model(model) if isinstance(model, str | Path) else model


def _path(path: PathLike | None) -> Path | None:
    return None if path is None else Path(path)
