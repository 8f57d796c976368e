"""The working folder of a marking run, `VAULT.partial`: what lets a run that was cut go on.

It holds the key from the first moment on, so that the run that goes on ends with the same coins;
the request, so that only the same command goes on; and in the end everything that is to be moved.
"""

import filecmp
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from watermark.atomic import atomic_file, atomic_folder, refuse_existing
from watermark.corpus import Corpus
from watermark.corpus.address import Address, upload
from watermark.errors import VaultError
from watermark.keys import Key, new_key, read_key, write_key
from watermark.marking.site_index import documents_digest
from watermark.vault.plan import KEY, PLAN, read_plan

REQUEST, SITES, PUBLISHED = "request.json", "sites", "published"
PARTS, TASKS, SETTLEMENT, PART_SIZES, BOILERPLATE = (
    "parts",
    "tasks",
    "settlement.json",
    "part_sizes.json",
    "boilerplate.json",
)
"""Files of the working folder that are not part of the vault; the last five of tasks alone."""
_LEFT = (
    "{work}: left by an unfinished run with other settings, another key or another corpus: "
    "repeat that command, or remove the folder to begin anew"
)


def make_request(
    corpus: Corpus, intent: Mapping[str, Any], made_with: Mapping[str, str], key: Key | None
) -> dict[str, Any]:
    """Return what must be the same in the command that takes a cut run up again."""
    request: dict[str, Any] = _without_tolerance(
        {
            **intent,
            "form": corpus.form,
            "made_with": made_with,
            "key": key and key.commitment(),
        }
    )
    return request


def begin(work: Path, request: Mapping[str, Any], given: Key | None) -> Key:
    """Record the request, or check that it matches the unfinished run; return the key."""
    text = _written(request)
    if not (work / REQUEST).exists():
        with atomic_file(work / REQUEST) as draft:
            draft.write_text(text, encoding="utf-8")
    elif (work / REQUEST).read_text(encoding="utf-8") != text:
        raise VaultError(_LEFT.format(work=work))
    return own_key(work) if given is None else given


def own_key(work: Path, key: Key | None = None) -> Key:
    """Return the key in a working folder; it is put there the first time.

    Args:
        work: The working folder.
        key: The key to put there; without one it is drawn.

    Raises:
        VaultError: The folder has another key than the given one.
    """
    if not (work / KEY).exists():
        with atomic_file(work / KEY) as draft:
            write_key(draft, key or new_key())
    found = read_key(work / KEY)
    if key is not None and found != key:
        raise VaultError(_LEFT.format(work=work))
    return found


def is_finished(work: Path) -> bool:
    """Tell whether a run that was cut had written everything and only names were missing."""
    return (work / PLAN).exists()


def check_finished(work: Path, corpus: Corpus, request: Mapping[str, Any]) -> None:
    """Check that the finished work of an interrupted run matches the current request."""
    plan = read_plan(work)
    made = {
        **{name: getattr(plan, name) for name in request if hasattr(plan, name)},
        "form": plan.corpus["form"],
        "key": None if (work / KEY).exists() else plan.key_commitment,
    }
    same = _written(_without_tolerance(made)) == _written(request)
    if not same or documents_digest(corpus.documents()) != plan.corpus["sha256"]:
        raise VaultError(_LEFT.format(work=work))


def move_into_place(work: Path, published: Path | Address, vault: Path) -> None:
    """Move published texts and vault into place; the next run completes an interruption."""
    made = work / PUBLISHED
    if made.exists():
        if isinstance(published, Address):
            upload(made, published)
        elif not published.exists():
            with atomic_folder(published) as draft:  # copied: it may be on another disk
                shutil.copytree(made, draft, dirs_exist_ok=True)
        elif not _same_trees(made, published):
            refuse_existing(published)
        shutil.rmtree(made)
    _finish(work, vault)


def _finish(work: Path, vault: Path) -> None:
    for name in (SITES, PARTS, TASKS):
        shutil.rmtree(work / name, ignore_errors=True)
    for draft in work.glob(".*.partial"):  # of a run that was killed
        shutil.rmtree(draft)
    for name in (REQUEST, SETTLEMENT, PART_SIZES, BOILERPLATE):
        (work / name).unlink(missing_ok=True)
    work.rename(vault)


def _same_trees(one: Path, other: Path) -> bool:
    names = {path.relative_to(one) for path in one.rglob("*") if path.is_file()}
    if names != {path.relative_to(other) for path in other.rglob("*") if path.is_file()}:
        return False
    return all(filecmp.cmp(one / name, other / name, shallow=False) for name in names)


def _written(request: Mapping[str, Any]) -> str:
    return json.dumps(request, sort_keys=True, indent=2)


def _without_tolerance(value: Any) -> Any:
    """Remove the number of allowed failures, so that a stopped run may allow more."""
    if not isinstance(value, dict):
        return value
    return {k: _without_tolerance(v) for k, v in value.items() if k != "max_failures"}
