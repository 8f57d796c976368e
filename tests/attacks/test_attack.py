"""What holds for every attack, and what no attack can reach."""

import ast
import subprocess
import sys
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from attacks.attack import CorpusAttack, TextAttack, attack_documents
from attacks.text.chat import ChatRewriting
from attacks.text.collusion import Collusion
from attacks.text.likeliest_synonyms import LikeliestSynonyms
from attacks.text.masked_synonyms import MaskedSynonyms
from attacks.text.perplexity_filter import PerplexityFilter
from attacks.text.thesaurus import Thesaurus
from pipelines.loading.text_attacks import CorpusColumns, make_text_attacks, text_attack_makers
from tests.support.marked_news import PROSE
from watermark.document import Document
from watermark.substitution.model_features import Likelihood
from watermark.substitution.sources.masked import Proposal

ROOT = Path(__file__).parents[2]
SECRETS = ("watermark.keys", "watermark.vault", "watermark.marking.codebook", "membership.evidence")

NAMES = (
    "random_synonyms", "commonest_synonyms", "adaptive", "rules", "unicode", "whitespace", "markup",
    "truncation", "chunking", "dropped_sentences", "quality_filter", "language_filter",
    "deduplication",
)  # fmt: skip
NEED_MORE = (
    "likeliest_synonyms", "masked_synonyms", "chat", "perplexity_filter", "collusion",
)  # fmt: skip
"""Attacks with a model or other texts: small ones stand in for them here."""
ROUGH = (
    "# The **old**  harbour\n\n\nShe did not examine the \u0441ommittee\u2019s building, but he "
    "quickly purchased apples and pears.  <b>Nobody</b> answered the angry letter. "
)
DOCUMENTS = [
    Document(f"n{i}", ROUGH + "\n".join([*np.random.default_rng(i).permutation(PROSE), ""]) * 4)
    for i in range(6)
]
DOCUMENTS += [Document("german", "Sie prüfte das Gebäude nicht, aber er kaufte Äpfel und Birnen.")]
DOCUMENTS += [Document("copy", DOCUMENTS[0].text), Document("short", "One line.")]


@pytest.fixture(scope="module")
def attacks():
    return dict(zip(NAMES, make_text_attacks(NAMES, {}), strict=True))


def run(attack, documents, seed=0, share=1.0):
    return list(attack_documents([attack], documents, seed=seed, share=share))


def test_every_attack_that_needs_no_model_and_no_other_text_is_tested_here(attacks):
    assert set(text_attack_makers(CorpusColumns())) == {*NAMES, *NEED_MORE}
    assert all(attack.name == name for name, attack in attacks.items())


@pytest.mark.parametrize("name", NAMES)
def test_an_attack_changes_texts_and_keeps_ids(attacks, name):
    after = run(attacks[name], DOCUMENTS)
    assert len(after) == len(DOCUMENTS)
    assert [d for d in after if d is not None] != DOCUMENTS
    for before, document in zip(DOCUMENTS, after, strict=True):
        assert document is None or document.id == before.id


@pytest.mark.parametrize("name", NAMES)
def test_an_attack_gives_the_same_texts_again(attacks, name):
    assert run(attacks[name], DOCUMENTS) == run(attacks[name], DOCUMENTS)


@pytest.mark.parametrize("name", NAMES)
def test_order_and_company_of_the_documents_do_not_matter(attacks, name):
    if isinstance(attacks[name], CorpusAttack):
        return
    turned = run(attacks[name], DOCUMENTS[::-1])
    assert turned[::-1] == run(attacks[name], DOCUMENTS)
    assert run(attacks[name], DOCUMENTS[2:3]) == turned[::-1][2:3]


@pytest.mark.parametrize("name", ["random_synonyms", "adaptive", "chunking", "dropped_sentences"])
def test_another_seed_gives_other_texts(attacks, name):
    assert run(attacks[name], DOCUMENTS, seed=1) != run(attacks[name], DOCUMENTS, seed=2)


class ShortWords:
    """A language model that likes short words, proposes three, and answers in capitals."""

    n_failures = n_retryable = 0

    def ask(self, texts):
        return [text.upper() for text in texts]

    def read(self, contexts):
        return [Likelihood(float(context.start - context.end), -1.0) for context in contexts]

    def propose(self, contexts, way, n):
        return [[Proposal(word, 0.0) for word in ("red", "old", "big")][:n] for _ in contexts]

    def likeness(self, pairs):
        raise NotImplementedError


@pytest.fixture(scope="module")
def attacks_with_more(resources):
    thesaurus = Thesaurus(resources.nlp, resources.wordnet)
    edition = {d.id: d.text.replace("the", "a") for d in DOCUMENTS}
    return {
        "likeliest_synonyms": LikeliestSynonyms(thesaurus, ShortWords()),
        "masked_synonyms": MaskedSynonyms(thesaurus, ShortWords()),
        "chat": ChatRewriting((ShortWords(),), share=0.5),
        "perplexity_filter": PerplexityFilter(lambda texts: [-float(len(t)) for t in texts]),
        "collusion": Collusion([edition]),
    }


@pytest.mark.parametrize("name", NEED_MORE)
def test_an_attack_with_a_model_or_other_texts_gives_the_same_texts_again(attacks_with_more, name):
    attack = attacks_with_more[name]
    after = run(attack, DOCUMENTS)
    assert attack.name == name
    assert after == run(attack, DOCUMENTS)
    assert after != DOCUMENTS
    assert all(new is None or new.id == d.id for new, d in zip(after, DOCUMENTS, strict=True))


@dataclass(frozen=True)
class Shout(TextAttack):
    name: ClassVar[str] = "shout"
    together: ClassVar[int] = 3

    def apply(self, document, rng):
        return Document(document.id, f"{document.text.upper()} {rng.integers(10**9)}")


@dataclass(frozen=True)
class KeepTwo(CorpusAttack):
    name: ClassVar[str] = "keep_two"

    def apply_all(self, documents, rng):
        return [d if i < 2 else None for i, d in enumerate(documents)]


def test_attacks_compose_and_a_dropped_document_stays_dropped():
    documents = [Document(str(i), "a") for i in range(200)]
    after = list(attack_documents([KeepTwo(), Shout()], documents, seed=0))
    assert [d.text[0] for d in after[:2] if d] == ["A", "A"]
    assert after[2:] == [None] * 198
    twice = list(attack_documents([Shout(), Shout()], documents, seed=0))
    numbers = {tuple(d.text.split()[1:]) for d in twice if d}
    assert len(numbers) == 200  # documents have generators of their own ...
    assert all(len({*pair}) == 2 for pair in numbers)  # ... and so have the attacks of a chain


def test_the_share_says_how_many_documents_are_attacked():
    documents = [Document(str(i), "a") for i in range(2_000)]
    after = list(attack_documents([Shout()], documents, seed=3, share=0.3))
    n = sum(d is not None and d.text != "a" for d in after)
    assert abs(n - 600) < 4 * np.sqrt(2_000 * 0.3 * 0.7)
    with pytest.raises(ValueError, match="share of documents"):
        list(attack_documents([Shout()], documents, seed=3, share=1.5))


def imported(path: Path) -> set[str]:
    """Return the modules that a file imports, inside functions too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def test_no_attack_can_reach_key_ledger_or_vault_not_even_through_others():
    waiting = deque((ROOT / "attacks").rglob("*.py"))
    assert len(waiting) > 10
    seen = set(waiting)
    while waiting:
        path = waiting.popleft()
        for module in imported(path):
            assert not module.startswith(SECRETS), f"{path.relative_to(ROOT)} imports {module}"
            parts = ROOT.joinpath(*module.split("."))
            for target in (parts.with_suffix(".py"), parts / "__init__.py"):
                if target.exists() and target not in seen:
                    seen.add(target)
                    waiting.append(target)


IMPORT_ALL = """
import importlib, pkgutil, sys
import attacks

for found in pkgutil.walk_packages(attacks.__path__, "attacks."):
    importlib.import_module(found.name)
importlib.import_module("pipelines.experiments.trials.remover_packages")
print(*sys.modules)
"""


def test_importing_all_attacks_and_the_packages_of_removers_loads_no_secret():
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = done.stdout.split()
    ours = {module for module in loaded if module.startswith("attacks.")}
    assert len(ours) >= len([*(ROOT / "attacks").rglob("*.py")]) - 1  # all but attacks itself
    assert [module for module in loaded if module.startswith(SECRETS)] == []


def test_no_attack_opens_a_file_of_a_vault():
    for path in (ROOT / "attacks").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert "ledger.parquet" not in text
        assert "documents.parquet" not in text


def test_a_share_of_one_attacks_every_document_and_a_share_of_zero_none():
    documents = [Document(str(i), "a") for i in range(5_000)]
    after = list(attack_documents([Shout()], documents, seed=0))
    assert all(d is not None and d.text != "a" for d in after)
    assert list(attack_documents([Shout()], documents, seed=0, share=0.0)) == documents
