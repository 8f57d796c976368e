"""The job behind `card`: what a publisher puts beside a data set, for people and for crawlers.

OUT/
  README.md       data set card, with the header that hubs read
  croissant.json  the same for machines (Croissant), with a checksum of every file
  robots.txt      rules for the crawlers that collect training data; for the root of the site
  tdmrep.json     reservation of text and data mining (TDMRep); for /.well-known/ of the site

Nothing in them says that anything was done to the texts, or with which program they were made.
"""

import csv
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from watermark.atomic import atomic_folder, refuse_existing
from watermark.errors import CorpusError, PrerequisiteError

CRAWLERS = (
    "Amazonbot", "Applebot-Extended", "Bytespider", "CCBot", "ClaudeBot", "cohere-training-data-"
    "crawler", "Diffbot", "FacebookBot", "Google-Extended", "GPTBot", "Meta-ExternalAgent",
    "Omgilibot", "PanguBot", "Timpibot",
)  # fmt: skip
"""Names by which crawlers that collect training data ask to be addressed, November 2026."""
FORMS = {
    ".jsonl": "application/jsonlines",
    ".csv": "text/csv",
    ".parquet": "application/x-parquet",
}
"""Files whose columns are described; others are listed with their checksum."""
PLAIN = {".txt": "text/plain", ".md": "text/markdown", ".json": "application/json"}
MOST_FILES = 1_000


@dataclass(frozen=True)
class Card:
    """What a publisher says of a data set."""

    name: str
    description: str
    license: str
    url: str = ""
    """Where it is published."""
    policy: str = ""
    """Page with the terms on which it may be mined."""
    contact: str = ""
    language: str = "en"


@dataclass(frozen=True)
class DataFile:
    """A published file."""

    path: str
    """Relative to the data set, with slashes."""
    form: str
    n_bytes: int
    sha256: str
    columns: Mapping[str, str]
    """Data type of each column; empty for files without columns."""


def card_command(published: Path, out: Path, card: Card) -> list[Path]:
    """Write the metadata of a data set into a new folder, and return the files.

    Raises:
        CorpusError: There is no file to describe, or one is malformed.
        PrerequisiteError: The library for Croissant is not installed.
    """
    refuse_existing(out)
    files = list(describe_files(published))
    written = {
        "croissant.json": croissant(card, files),
        "README.md": readme(card, files),
        "robots.txt": robots(),
        "tdmrep.json": tdmrep(card),
    }
    with atomic_folder(out) as draft:
        for name, text in written.items():
            (draft / name).write_text(text, encoding="utf-8")
    return [out / name for name in written]


def describe_files(published: Path) -> Iterator[DataFile]:
    """Yield the files of a data set in the order of their names, hidden ones left out."""
    root = published if published.is_dir() else published.parent
    found = sorted(p for p in published.rglob("*") if p.is_file()) if published.is_dir() else []
    paths = found or ([published] if published.is_file() else [])
    paths = [p for p in paths if not any(part[0] == "." for part in p.relative_to(root).parts)]
    if not paths or len(paths) > MOST_FILES:
        raise CorpusError(f"{published}: wanted 1 to {MOST_FILES:,} files, found {len(paths):,}")
    for path in paths:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        suffix = path.suffix.lower()
        form = FORMS.get(suffix) or PLAIN.get(suffix, "application/octet-stream")
        name = path.relative_to(root).as_posix()
        yield DataFile(name, form, path.stat().st_size, digest, _columns(path, suffix))


def _columns(path: Path, suffix: str) -> dict[str, str]:
    try:
        if suffix == ".parquet":
            schema = pq.read_schema(path)
            return {name: _type(schema.field(name).type) for name in schema.names}
        if suffix == ".csv":
            with path.open(encoding="utf-8-sig", newline="") as file:
                return dict.fromkeys(next(csv.reader(file), []), "Text")
        if suffix == ".jsonl":
            with path.open(encoding="utf-8-sig") as file:
                first = json.loads(file.readline())
            return {name: _type(type(value).__name__) for name, value in first.items()}
    except (ValueError, OSError, AttributeError) as error:
        raise CorpusError(f"{path}: cannot be described ({type(error).__name__})") from error
    return {}


def _type(name: object) -> str:
    known = {"int": "Integer", "int64": "Integer", "float": "Float", "double": "Float"}
    return {**known, "bool": "Boolean"}.get(str(name), "Text")


def croissant(card: Card, files: Sequence[DataFile]) -> str:
    """Return the Croissant description.

    Raises:
        PrerequisiteError: The library is not installed.
    """
    try:
        import mlcroissant as mlc
    except ImportError as error:
        raise PrerequisiteError(
            "card: Croissant needs a library: pip install 'leximark[metadata]'"
        ) from error
    types = mlc.DataType
    kinds = {
        "Text": types.TEXT, "Integer": types.INTEGER, "Float": types.FLOAT, "Boolean": types.BOOL
    }  # fmt: skip
    distribution = [
        mlc.FileObject(
            id=_id(each.path),
            name=each.path,
            content_url=f"{card.url.rstrip('/')}/{each.path}" if card.url else each.path,
            content_size=f"{each.n_bytes} B",
            encoding_formats=[each.form],
            sha256=each.sha256,
        )
        for each in files
    ]
    records = [
        mlc.RecordSet(
            id=_id("records", each.path),
            name=_id("records", each.path),
            fields=[
                mlc.Field(
                    id=_id(each.path, column),
                    name=column,
                    data_types=kinds[kind],
                    source=mlc.Source(
                        file_object=_id(each.path), extract=mlc.Extract(column=column)
                    ),
                )
                for column, kind in each.columns.items()
            ],
        )
        for each in files
        if each.columns
    ]
    described = mlc.Metadata(
        name=card.name,
        description=card.description,
        license=[card.license],
        url=card.url or None,
        in_language=[card.language],
        version="1.0.0",
        distribution=distribution,
        record_sets=records,
    ).to_json()
    described["usageInfo"] = reservation(card)
    return json.dumps(described, indent=2, ensure_ascii=False, default=str) + "\n"


def _id(*parts: str) -> str:
    """Return an id without white space, which the library does not read."""
    return "/".join("_".join(part.split()) for part in parts)


def reservation(card: Card) -> str:
    """Return the reservation of rights in words."""
    words = (
        "Text and data mining is reserved within the meaning of Article 4(3) of Directive (EU) "
        "2019/790. Training of AI models needs a licence."
    )
    more = [f"Terms: {card.policy}." if card.policy else ""]
    more += [f"Contact: {card.contact}." if card.contact else ""]
    return " ".join([words, *filter(None, more)])


def readme(card: Card, files: Sequence[DataFile]) -> str:
    """Return the data set card."""
    header = {"license": card.license, "language": [card.language], "pretty_name": card.name}
    lines = ["---", *(f"{k}: {json.dumps(v, ensure_ascii=False)}" for k, v in header.items())]
    lines += ["---", "", f"# {card.name}", "", card.description, "", "## Files", ""]
    lines += ["| file | bytes | SHA-256 |", "|---|---|---|"]
    lines += [f"| {f.path} | {f.n_bytes:,} | `{f.sha256}` |" for f in files]
    columns = {name: kind for each in files for name, kind in each.columns.items()}
    if columns:
        lines += ["", "## Columns", ""]
        lines += [f"- `{name}`: {kind}" for name, kind in columns.items()]
    lines += ["", "## Rights", "", f"Licence: {card.license}.", "", reservation(card)]
    return "\n".join([*lines, ""])


def robots() -> str:
    """Return rules that ask crawlers of training data to stay away, and no other crawler."""
    return "".join(f"User-agent: {name}\n" for name in CRAWLERS) + "Disallow: /\n"


def tdmrep(card: Card) -> str:
    """Return the reservation for /.well-known/tdmrep.json."""
    entry: dict[str, Any] = {"location": "/*", "tdm-reservation": 1}
    if card.policy:
        entry["tdm-policy"] = card.policy
    return json.dumps([entry], indent=2) + "\n"
