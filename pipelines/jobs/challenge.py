"""The job behind `challenge`: questions for an audit without the model or without the key."""

import os
from pathlib import Path

from membership.audit.challenge import make_challenge
from membership.audit.corpus import load_audit_corpus
from membership.audit.word_challenge import make_word_challenge
from pipelines.challenge import logprob_rows, word_rows
from pipelines.challenge.files import Form, write_challenge
from pipelines.loading.vaults import open_owned
from pipelines.reporting.provenance import program_version
from watermark.atomic import refuse_existing
from watermark.vault.custody import log_event


def challenge_command(
    vault_folder: Path, out: Path, key_file: Path | None = None, form: Form = "logprobs"
) -> int:
    """Write the questions of a new challenge, and return their number.

    Raises:
        ToolkitError: It is not a vault, `out` exists, or there is nothing to ask.
    """
    refuse_existing(out)
    vault = open_owned(vault_folder, key_file)
    name, corpus = os.urandom(16).hex(), load_audit_corpus(vault)
    if form == "words":
        lines = word_rows.question_lines(make_word_challenge(corpus, vault.key, name))
    else:
        lines = logprob_rows.question_lines(make_challenge(corpus, vault.key, name))
    digest = write_challenge(out, name, form, lines)
    log_event(vault_folder, "challenge", program_version(), name=name, questions=digest)
    return len(lines)
