"""Change a vault by hand, and make every hash in it right again."""

import json

import pyarrow as pa
import pyarrow.parquet as pq

from watermark.keys import read_key
from watermark.vault.commitment import commitment_line
from watermark.vault.plan import COMMITMENT, DOCUMENTS, KEY, LEDGER, PLAN, file_sha256
from watermark.vault.tables import VaultDocument


def forge(folder, *, plan=None, ledger=None, documents=None, key_file=None):
    """Apply functions to the fields of the plan and to the tables."""
    for name, edit in ((LEDGER, ledger), (DOCUMENTS, documents)):
        if edit is not None:
            table = edit(pq.read_table(folder / name))
            if isinstance(table, list):
                table = pa.Table.from_pylist(table, pq.read_schema(folder / name))
            pq.write_table(table, folder / name)
    fields = json.loads((folder / PLAN).read_text())
    fields["files"] = {name: file_sha256(folder / name) for name in (LEDGER, DOCUMENTS)}
    if plan is not None:
        plan(fields)
    text = json.dumps(fields, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    (folder / PLAN).write_text(text)
    rows = pq.read_table(folder / DOCUMENTS).to_pylist()
    try:
        found = [VaultDocument(**row) for row in rows]
        line = commitment_line(text, read_key(key_file or folder / KEY), found)
    except (TypeError, AttributeError):
        return
    (folder / COMMITMENT).write_text(line)
