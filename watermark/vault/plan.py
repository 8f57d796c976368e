"""The plan of a vault: what was done to a corpus, and which test will be run.

vault/
  plan.json          what was done, what is to be tested, hashes of everything else
  key                32 random bytes, readable by the owner only; or elsewhere (--key-file)
  ledger.parquet     one row per site
  documents.parquet  one row per document
  commitment.txt     one line that may be made public before the data
  fits.parquet       how acceptable the candidates at each site are, if anything judged them
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, get_args

from watermark.document import text_sha256
from watermark.errors import VaultError
from watermark.limits import MAX_ALPHA, MODEL_NAMES, VAULT_ROWS, is_level
from watermark.limits import PLAN as PLAN_LIMITS
from watermark.safe_json import BoundsError, read_json_file
from watermark.scheme import Rule, Test
from watermark.text.language import check_language

SCHEMA = 2
"""Format that is written. In format 1 ids name the draws of places, the documents that are held
out and their alternative versions, a word has one draw, and `corpus` hashes the texts themselves.
"""
READ = (1, SCHEMA)
PLAN, KEY, LEDGER, DOCUMENTS, COMMITMENT = (
    "plan.json",
    "key",
    "ledger.parquet",
    "documents.parquet",
    "commitment.txt",
)
FITS = "fits.parquet"
"""How acceptable the candidates are: for an editor, not for the proof, so no hash covers it."""

COUNTS = ("n_documents", "n_sites", "n_changed", "n_held_out")
"""What a plan says of the number of things in the tables."""


@dataclass(frozen=True)
class Plan:
    """What was done to the corpus and which test will be run, fixed before publication."""

    scheme: dict[str, Any]
    """Name of the scheme and all its settings."""
    test: str
    """The primary test of evidence."""
    detector: str
    """Detector of the tests other than the re-draw test, without a reference."""
    detector_with_reference: str
    """Detector of these tests with a reference."""
    alpha: float
    """The verdict is "trained on it" if the p-value of the primary test is at most this."""
    references: tuple[str, ...]
    """Names of the reference models, if they were fixed beforehand."""
    holdout_share: float
    corpus: dict[str, Any]
    """Form and digest of the input; numbers of documents and sites."""
    key_commitment: str
    files: dict[str, str]
    """SHA-256 of the other files of the vault."""
    made_with: dict[str, str] = field(default_factory=dict)
    """Versions of program and language data, and hashes of further files of the vault."""
    schema: int = SCHEMA
    public_references: tuple[str, ...] | None = None
    """Public models that are the references where `references` names none, as far as they are
    installed; empty to use none. None in plans that were made before there was a rule."""

    def key_name(self, document_id: str, original: str) -> str:
        """Return the name by which the key decides on a document as a whole.

        It is the hash of the original text: ids could be chosen one by one until the key suits.
        """
        return document_id if self.schema == 1 else text_sha256(original)

    def to_json(self) -> str:
        """Return the plan as it is stored in the vault."""
        return json.dumps(asdict(self), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _why_no_vault(folder: Path) -> str:
    unfinished = folder.with_name(folder.name + ".partial")
    if unfinished.exists():
        return (
            f"{folder}: marking has not finished ({unfinished} is there): repeat the command of "
            "`leximark mark`, which goes on from it"
        )
    if not folder.exists():
        return f"{folder}: no such folder; name the one that `leximark mark --vault` made"
    return (
        f"{folder}: not a vault: it has no {PLAN}; name the folder that `leximark mark --vault` "
        "made, not that of the published texts"
    )


def read_plan(folder: Path) -> Plan:
    """Read the plan of a vault.

    Raises:
        VaultError: The folder is not a vault, or of another version of the format.
    """
    path = folder / PLAN
    if not path.exists():
        raise VaultError(_why_no_vault(folder))
    try:
        fields = read_json_file(path, PLAN_LIMITS)
        if not isinstance(fields, dict):
            raise BoundsError(f"wanted a JSON object, got {type(fields).__name__}")
        if type(fields.get("schema")) is not int or fields["schema"] not in READ:
            found, known = str(fields.get("schema"))[:40], " and ".join(map(str, READ))
            raise VaultError(f"{path}: format {found}, this program reads {known}")
        check_fields(fields)
        names = {name: fields.get(name) for name in ("references", "public_references")}
        tuples = {name: None if some is None else tuple(some) for name, some in names.items()}
        return Plan(**(fields | tuples))
    except (BoundsError, TypeError) as error:
        raise VaultError(f"{path}: altered or not a plan ({error})") from error


def check_fields(fields: Mapping[str, Any]) -> None:
    """Refuse a plan with a field of another type, or with a value that no plan can have.

    Raises:
        BoundsError: The message names the field.
    """
    for name, (right, wanted) in _FIELDS.items():
        if name in _OPTIONAL and fields.get(name) is None:
            continue
        if name not in fields:
            raise BoundsError(f"it has no {name}")
        if not right(fields[name]):
            shown = json.dumps(fields[name], ensure_ascii=True)[:60]
            raise BoundsError(f"{name} is {shown}; wanted {wanted}")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 1_000


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= MODEL_NAMES and all(map(_is_text, value))


def _is_hash(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value) is not None


def _is_between(least: float, most: float) -> Callable[[Any], bool]:
    return lambda value: type(value) in (int, float) and least <= value <= most


def _is_scheme(value: Any) -> bool:
    if not isinstance(value, dict) or value.get("name") not in SCOPES:
        return False
    composed = value["name"] == "composed"
    return (
        composed == ("first" in value) == ("second" in value)
        and all(_is_part(value[part]) for part in ("first", "second") if part in value)
        and value.get("rule", "keyed") in get_args(Rule)
        and (value["name"] == "leximark" or value.get("rule", "keyed") == "keyed")
        and value.get("scope", SCOPES[value["name"]][0]) in SCOPES[value["name"]]
        and ("fit" not in value or _has_language(value["fit"]))
    )


def _is_part(value: Any) -> bool:
    """Tell whether a scheme can be one of two, which the key draws."""
    return _is_scheme(value) and value["name"] != "composed" and value.get("rule") != "published"


def _has_language(value: Any) -> bool:
    if not isinstance(value, dict) or not _is_text(value.get("language")):
        return False
    try:
        check_language(value["language"])
    except ValueError:
        return False
    return True


def _are_counts(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    counts = [value.get(name) for name in COUNTS]
    if value.get("review") is not None:
        review = value["review"]
        counts.append(review.get("n_rejected") if isinstance(review, dict) else None)
    return all(type(count) is int and 0 <= count < VAULT_ROWS for count in counts)


SCOPES: Mapping[str, tuple[str, ...]] = {
    "leximark": ("word", "site", "document"),
    "look_alikes": ("letter", "word"),
    "random_sequence": ("corpus", "document"),
    "traps": ("corpus", "document"),
    "rewriting": ("",),
    "trigger": ("",),
    "composed": ("",),
}
"""What one draw may decide, for each scheme; empty for those without the setting."""
_FIELDS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "scheme": (_is_scheme, "a scheme of leximark with its settings"),
    "test": (get_args(Test).__contains__, "one of " + ", ".join(get_args(Test))),
    "detector": (_is_text, "the name of a detector"),
    "detector_with_reference": (_is_text, "the name of a detector"),
    "alpha": (
        lambda value: _is_between(0, 1)(value) and is_level(value),
        f"a number between 0 and {MAX_ALPHA}",
    ),
    "references": (_are_names, f"a list of at most {MODEL_NAMES} names"),
    "public_references": (_are_names, f"a list of at most {MODEL_NAMES} names"),
    "holdout_share": (_is_between(0, 0.5), "a number from 0 to 0.5"),
    "corpus": (_are_counts, "an object with " + ", ".join(COUNTS) + ", and n_rejected of a review"),
    "key_commitment": (_is_hash, "a SHA-256"),
    "files": (
        lambda value: (
            isinstance(value, dict)
            and set(value) == {LEDGER, DOCUMENTS}
            and all(map(_is_hash, value.values()))
        ),
        f"the SHA-256 of {LEDGER} and {DOCUMENTS}",
    ),
    "made_with": (
        lambda value: (
            isinstance(value, dict) and all(isinstance(each, str) for each in value.values())
        ),
        "names with versions",
    ),
}
"""What each field of a plan must be, with words for a message."""
_OPTIONAL = frozenset({"public_references"})
"""Fields that older plans lack."""


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file.

    Raises:
        VaultError: It cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise VaultError(f"{path}: cannot be read ({error.strerror})") from error
