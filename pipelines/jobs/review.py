"""The job behind `leximark review`: gather decisions, apply them, remember the rules."""

from dataclasses import dataclass
from pathlib import Path

from watermark.corpus import open_corpus
from watermark.marking.decisions import Decisions, read_page_decisions, read_sites
from watermark.marking.review import review_vault
from watermark.substitution.rules import (
    Rule,
    add_rules,
    check_conflicts,
    read_rules,
    word_rules,
)
from watermark.vault.plan import Plan
from watermark.vault.vault import Vault


@dataclass(frozen=True)
class DecisionFiles:
    """The files that a user names; at least one, and of the first three at most one."""

    page: Path | None = None
    """What the review page exported."""
    reject: Path | None = None
    """CSV file of sites that return to their original word."""
    approve: Path | None = None
    """CSV file of sites that stay; all others return."""
    rules: Path | None = None
    """Rules of corpora before; those of the page are added, and the file is made if needed."""


@dataclass(frozen=True)
class Review:
    """What a review left: the plan of the new vault, and how many rules were remembered."""

    plan: Plan
    n_new_rules: int


def review_command(
    vault: Vault,
    published: Path,
    files: DecisionFiles,
    out: Path,
    vault_out: Path,
    text_column: str = "text",
) -> Review:
    """Write corpus and vault without the rejected sites, then add new rules to the file of rules.

    Raises:
        ValueError: No decisions are named, or two files of them.
        CorpusError: A rule is malformed or contradicts another, or the corpus is not the vault's.
        VaultError: A decision is not about a site of this vault, or no site would be left.
    """
    named = [path for path in (files.page, files.reject, files.approve) if path is not None]
    if len(named) > 1 or not (named or files.rules):
        raise ValueError(
            "name one file of decisions, with --decisions, --reject or --approve; or --rules alone"
        )
    sites, new = read_page_decisions(files.page) if files.page else ({}, ())
    if files.reject or files.approve:
        sites = read_sites(named[0])
    before = _read_kept(files.rules, needed=not named)
    check_conflicts([*before, *new])
    decisions = Decisions(
        "approve" if files.approve else "reject",
        named[0] if named else files.rules or Path(),
        sites,
        word_rules([*before, *new], text_column),
        files.rules if named and files.rules and files.rules.exists() else None,
    )
    corpus = open_corpus(published, text_column=text_column)
    plan = review_vault(vault, corpus, decisions, out, vault_out)
    return Review(plan, add_rules(files.rules, before, new) if files.rules else 0)


def _read_kept(path: Path | None, needed: bool) -> tuple[Rule, ...]:
    """Return the rules of corpora before; a file that is to be made has none yet."""
    if path is None or not (needed or path.exists()):
        return ()
    return read_rules(path)
