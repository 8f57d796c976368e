"""The plan of a vault: what was done to a corpus, and which test will be run.

vault/
  plan.json          what was done, what is to be tested, hashes of everything else
  key                32 random bytes, readable by the owner only; or elsewhere (--key-file)
  ledger.parquet     one row per site
  documents.parquet  one row per document
  commitment.txt     one line that may be made public before the data
"""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from watermark.errors import VaultError

SCHEMA = 1
PLAN, KEY, LEDGER, DOCUMENTS, COMMITMENT = (
    "plan.json",
    "key",
    "ledger.parquet",
    "documents.parquet",
    "commitment.txt",
)


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
    """Versions of the program and of the language data."""
    schema: int = SCHEMA

    def to_json(self) -> str:
        """Return the plan as it is stored in the vault."""
        return json.dumps(asdict(self), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def read_plan(folder: Path) -> Plan:
    """Read the plan of a vault.

    Raises:
        VaultError: The folder is not a vault, or of another version of the format.
    """
    path = folder / PLAN
    if not path.is_file():
        raise VaultError(f"{folder}: not a vault: it has no {PLAN}; `leximark mark` makes one")
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        if fields["schema"] != SCHEMA:
            raise VaultError(f"{path}: format {fields['schema']}, this program reads {SCHEMA}")
        return Plan(**(fields | {"references": tuple(fields["references"])}))
    except (ValueError, KeyError, TypeError) as error:
        raise VaultError(f"{path}: altered or not a plan ({error})") from error


def text_sha256(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()


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
