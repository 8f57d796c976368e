"""Write the evidence bundle of an audit: one zip file that others can check."""

import csv
import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from membership.evidence.redraw import DrawTable, choices_of, draw_table
from membership.evidence.result import Versions
from membership.evidence.score_table import ScoreTable
from membership.evidence.strength import site_gains
from pipelines.bundle import check_bundle
from pipelines.reporting.report import SHAREABLE, Report
from watermark.atomic import atomic_file
from watermark.errors import PrerequisiteError
from watermark.keys import Key
from watermark.vault.custody import CUSTODY, CustodyLog
from watermark.vault.merkle_paths import (
    FIRST_DOCUMENT,
    KEY_LEAF,
    PLAN_LEAF,
    commitment_leaves,
    merkle_paths,
)
from watermark.vault.plan import COMMITMENT, PLAN
from watermark.vault.stamps import STAMPS
from watermark.vault.vault import Vault


@dataclass(frozen=True)
class Disclosure:
    """What a bundle discloses beyond scores and outcomes."""

    key: bool = False
    """Whether the key is in it: then everybody can check the outcomes, and forge later ones."""
    n_texts: int = 0
    """How many documents are in it, those with the largest share of the statistic."""


def write_bundle(
    path: Path,
    report: Report,
    report_folder: Path,
    vault: Vault,
    custody: CustodyLog,
    roots: Sequence[Path],
    disclosure: Disclosure,
) -> str:
    """Write a bundle and return its seal, the SHA-256 of its manifest.

    Args:
        path: The zip file to make.
        report: The audit.
        report_folder: Where its report was written.
        vault: The vault of the audit.
        custody: Its log as it was before the audit.
        roots: Files of certificates that the auditor trusts beside the public ones.
        disclosure: What else the bundle may hold.

    Raises:
        PrerequisiteError: Texts are wanted, and no site says which.
    """
    tables, opened = _numbers(report, vault)
    numbers = [FIRST_DOCUMENT + n for n in _largest(vault, report.audit.table, disclosure)]
    plan = (vault.folder / PLAN).read_bytes()
    leaves = list(commitment_leaves(plan, vault.key, vault.documents()))
    paths = merkle_paths(leaves, [PLAN_LEAF, KEY_LEAF, *numbers])
    names = ("report.json", "report.md", "null.png", "null.svg", "path.png", "path.svg")
    written = [report_folder / name for name in names]
    files = {path.name: path.read_bytes() for path in written if path.exists()}
    files |= tables
    files |= {
        PLAN: plan,
        COMMITMENT: (vault.folder / COMMITMENT).read_bytes(),
        "proofs.json": _json({"plan": paths[PLAN_LEAF], "key": paths[KEY_LEAF]}),
        "report.html": (report_folder / SHAREABLE).read_bytes(),
        "check_bundle.py": Path(check_bundle.__file__).read_bytes(),
    }
    for stamp in report.beforehand.stamps:
        files[stamp.file] = (vault.folder / stamp.file).read_bytes()
    if roots:
        files[f"{STAMPS}/roots.pem"] = b"".join(root.read_bytes() for root in roots)
    if custody.entries:
        files[CUSTODY] = custody.content
    if disclosure.key:
        files["key.json"] = _json({"key": vault.key.secret.hex(), **opened})
    if numbers:
        files["texts.json"] = _json({"documents": _texts(vault, paths, numbers)})
    files["README.txt"] = check_bundle.readme(files)
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    files["manifest.json"] = _json({"format": check_bundle.FORMAT, "files": hashes})
    with atomic_file(path) as draft:
        draft.write_bytes(check_bundle.pack(files))
    return hashlib.sha256(files["manifest.json"]).hexdigest()


def _numbers(report: Report, vault: Vault) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Return the tables that p follows from, and what a disclosed key needs to be checked."""
    primary, key = report.audit.verdict.primary, vault.key
    wanted = check_bundle.TESTS[primary.test][1]
    files: dict[str, bytes] = {}
    opened: dict[str, Any] = {"names": []}
    if primary.versions:
        files["table.csv"], files["draws.csv"], opened["names"] = _versions(primary.versions, key)
    elif "table.csv" in wanted:
        draws = draw_table(report.audit.table)
        files["table.csv"] = _table(report.audit.table, draws)
        files["draws.csv"] = _draws(draws, choices_of(key, draws), key)
        opened["names"] = draws.names
    if "scores.csv" in wanted:
        assert primary.groups is not None
        corpus = report.audit.observations.corpus
        files["scores.csv"] = _scores(primary.groups)
        order = np.argsort(~corpus.published, kind="stable")
        units = order[corpus.first_of_name[order]].tolist()
        opened["documents"] = [corpus.key_names[i] for i in units]
    if "bets.csv" in wanted:
        files["bets.csv"] = _bets(primary.bets, key)
        opened["names"] = [name for name, _ in primary.bets]
    return files, opened


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _csv(header: Sequence[str], rows: Sequence[Sequence[object]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue().encode()


def _table(table: ScoreTable, draws: DrawTable) -> bytes:
    """Return the scores; documents and draws have numbers, so that no name says which word."""
    documents = {name: i for i, name in enumerate(dict.fromkeys(table.document_ids))}
    number = {name: i for i, name in enumerate(draws.names)}
    width = table.score.shape[1]
    header = [*check_bundle.SITE_COLUMNS, *(f"score_{i}" for i in range(width))]
    rows = [
        [i, documents[document], number[draw], int(n), *map(repr, scores.tolist())]
        for i, (document, draw, n, scores) in enumerate(
            zip(table.document_ids, table.draws, table.n_candidates, table.score, strict=True)
        )
    ]
    return _csv(header, rows)


def _draws(draws: DrawTable, outcomes: NDArray[np.int64], key: Key) -> bytes:
    """Return the outcomes of the draws."""
    rows = [
        [i, n, outcome, _sealed(name, key)]
        for i, (name, n, outcome) in enumerate(
            zip(draws.names, draws.n_options.tolist(), outcomes.tolist(), strict=True)
        )
    ]
    return _csv(check_bundle.DRAW_COLUMNS, rows)


def _versions(versions: Sequence[Versions], key: Key) -> tuple[bytes, bytes, list[str]]:
    """Return the scores of the versions of each text, the published ones, and what chose them."""
    documents = {name: i for i, name in enumerate(dict.fromkeys(v.document for v in versions))}
    outcomes = {each.draw: (len(each.scores), each.published) for each in versions}
    number = {name: i for i, name in enumerate(outcomes)}
    width = max(len(each.scores) for each in versions)
    header = [*check_bundle.SITE_COLUMNS, *(f"score_{i}" for i in range(width))]
    rows = [
        [
            i, documents[each.document], number[each.draw], len(each.scores),
            *map(repr, each.scores + (0.0,) * (width - len(each.scores))),
        ]
        for i, each in enumerate(versions)
    ]  # fmt: skip
    draws = [
        [i, n, published, _sealed(name, key)]
        for i, (name, (n, published)) in enumerate(outcomes.items())
    ]
    return _csv(header, rows), _csv(check_bundle.DRAW_COLUMNS, draws), list(outcomes)


def _scores(groups: tuple[NDArray[np.float64], NDArray[np.float64]]) -> bytes:
    """Return the scores of published documents, then those of withheld ones."""
    rows = [
        (published, "" if np.isnan(score) else repr(score))
        for published, group in zip((1, 0), groups, strict=True)
        for score in group.tolist()
    ]
    return _csv(["document", "published", "score"], [(i, *row) for i, row in enumerate(rows)])


def _bets(bets: Sequence[tuple[str, tuple[float, ...]]], key: Key) -> bytes:
    """Return the bets in their order: a draw, its outcome, and the gain of each option."""
    width = max(len(gains) for _, gains in bets)
    rows = [
        [
            i, len(gains), key.draw(name, len(gains)), _sealed(name, key),
            *map(repr, gains + (0.0,) * (width - len(gains))),
        ]
        for i, (name, gains) in enumerate(bets)
    ]  # fmt: skip
    return _csv([*check_bundle.DRAW_COLUMNS, *(f"gain_{i}" for i in range(width))], rows)


def _sealed(name: str, key: Key) -> str:
    """Return the salted hash of a draw's name, which fixes it without telling it."""
    return hashlib.sha256(key.digest("draw-name", name) + name.encode()).hexdigest()


def _largest(vault: Vault, table: ScoreTable, disclosure: Disclosure) -> list[int]:
    """Return the numbers of the documents to disclose, that with the largest share first."""
    draws = draw_table(table)
    if not disclosure.n_texts:
        return []
    if not draws.names:
        raise PrerequisiteError(
            "--with-texts discloses the documents whose sites say most, and this vault has no "
            "usable site: leave it out; the report is written, a bundle is not"
        )
    shares: dict[str, float] = {}
    gains = site_gains(table, choices_of(vault.key, draws))
    for document, gain in zip(table.document_ids, gains.tolist(), strict=True):
        shares[document] = shares.get(document, 0.0) + gain
    best = sorted(shares, key=lambda name: -shares[name])[: disclosure.n_texts]
    place = {document.id: i for i, document in enumerate(vault.documents())}
    return [place[name] for name in best]


def _texts(
    vault: Vault, paths: dict[int, tuple[tuple[str, str], ...]], numbers: Sequence[int]
) -> list[dict[str, Any]]:
    wanted = set(numbers)
    found = {
        number: {
            "id": document.id,
            "original": document.original,
            "published": marked.document.text,
            "salt": vault.key.digest("salt", document.id).hex(),
            "path": paths[number],
        }
        for number, (document, marked) in enumerate(vault.marked(), FIRST_DOCUMENT)
        if number in wanted
    }
    return [found[number] for number in numbers]
