"""Open a vault for a command, and say what its owner should know."""

import sys
from pathlib import Path

from membership.audit.audit import check_planned_detectors
from membership.detectors import default_detectors
from watermark.keys import is_readable_by_others
from watermark.vault.vault import Vault, find_key, open_vault


def open_owned(folder: Path, key_file: Path | None = None) -> Vault:
    """Open a vault; say on stderr if other users may read its key.

    Raises:
        VaultError: As `open_vault`, or the plan names a detector that is unknown.
    """
    vault = open_vault(folder, key_file)
    check_planned_detectors(vault, default_detectors())
    path = find_key(folder, key_file)
    if is_readable_by_others(path):
        print(
            f"leximark: {path}: other users of this machine can read the key; chmod 600 {path}",
            file=sys.stderr,
        )
    return vault
