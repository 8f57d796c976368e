"""An editor's decisions on sites and words, as `leximark review` reads them.

Three forms: the JSON Lines that the review page exports (rejected sites, and rules), a CSV file of
sites, and the rules that were kept from corpora before. None of them may know what the key decided:
which candidate was drawn, and which documents are held out. So a decision names a site by its
offset in the *original* text and lists all of its candidates; a file that names the chosen word is
refused.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from watermark.document import Site
from watermark.errors import VaultError
from watermark.limits import DECISION
from watermark.safe_json import parse_json
from watermark.substitution.rules import Rule, WordRules, make_rule, read_lines

COLUMNS = ("document_id", "start", "original", "candidates")
Kind = Literal["approve", "reject"]
Place = tuple[str, int]
"""Document, and offset in its original text."""
_Words = tuple[str, tuple[str, ...]]
"""The original word and all candidates."""
_CHOSEN = (
    "names the chosen word: a decision must not depend on which word the key drew, or the test is "
    "no longer exact; decide on review.html"
)


@dataclass(frozen=True)
class Decisions:
    """Which sites of a vault stay."""

    kind: Kind
    """`reject`: drop the named sites. `approve`: drop all others."""
    source: Path
    """The file with the decisions, for messages and for the new plan."""
    sites: Mapping[Place, _Words] = field(default_factory=dict)
    rules: WordRules = field(default_factory=WordRules)
    """Words that may not stand anywhere."""
    rules_file: Path | None = None
    """Where some of the rules come from, if that is another file."""

    def keeps(self, site: Site) -> bool:
        """Tell whether a site stays; insertions do."""
        if not site.original:
            return True
        named = (site.document_id, site.start) in self.sites
        return named == (self.kind == "approve") and self.rules.allows(site)


def read_page_decisions(path: Path) -> tuple[Mapping[Place, _Words], tuple[Rule, ...]]:
    """Read the file that the review page exports: the rejected sites, and new rules.

    Raises:
        VaultError: A line rejects no site.
        CorpusError: A line is not a decision, or the file cannot be read.
    """
    sites: dict[Place, _Words] = {}
    rules: list[Rule] = []
    for where, row in read_lines(path):
        if "chosen" in row:
            raise VaultError(f"{where}: {_CHOSEN}")
        if row.get("decision") != "reject":
            rules.append(make_rule(where, row))
            continue
        if row.keys() != {"decision", *COLUMNS}:
            raise VaultError(f"{where}: to reject a site, give {', '.join(COLUMNS)}")
        _add(sites, where, row)
    return sites, tuple(rules)


def read_sites(path: Path) -> Mapping[Place, _Words]:
    """Read a CSV file of sites.

    Raises:
        VaultError: It has other columns or an invalid line; the message names file and line.
    """
    sites: dict[Place, _Words] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            _check_columns(path, reader.fieldnames or ())
            for row in reader:
                where = f"{path}:{reader.line_num}"
                _add(sites, where, {**row, **_cells(where, row)})
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise VaultError(f"{path}: wanted a CSV file in UTF-8 ({error})") from error
    return sites


def _check_columns(path: Path, names: object) -> None:
    found = tuple(map(str, names)) if isinstance(names, list | tuple) else ()
    if "chosen" in found:
        raise VaultError(f"{path}: {_CHOSEN}")
    if found != COLUMNS:
        raise VaultError(f"{path}: wanted the columns {', '.join(COLUMNS)}, got {', '.join(found)}")


def _cells(where: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the cells of a CSV row that are not texts."""
    try:
        candidates = parse_json((row["candidates"] or "").encode(), DECISION)
        return {"start": int(row["start"]), "candidates": candidates}
    except (TypeError, ValueError) as error:
        raise VaultError(
            f"{where}: wanted an offset and a JSON list of all candidates ({error})"
        ) from error


def _add(sites: dict[Place, _Words], where: str, row: Mapping[str, Any]) -> None:
    """Note a site; the same line may come twice.

    Raises:
        VaultError: The row does not name a site, or its place was named with other words.
    """
    name, start, original, candidates = (row[column] for column in COLUMNS)
    texts = [name, original, *candidates] if isinstance(candidates, list) else [None]
    if type(start) is not int or not all(isinstance(text, str) for text in texts):
        raise VaultError(f"{where}: wanted an offset and a JSON list of all candidates")
    words = (original, tuple(candidates))
    if sites.setdefault((name, start), words) != words:
        raise VaultError(f"{where}: {(name, start)} came before, with other words")
