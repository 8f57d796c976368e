from itertools import islice

import numpy as np

from membership.audit.corpus import load_audit_corpus
from membership.evidence.score_table import ScoreTable
from pipelines.experiments.trials.forecast_runs import (
    draws_of,
    ids_of,
    power_of_subsets,
    publish,
)
from pipelines.experiments.trials.halves import experiment_key, mark_documents
from pipelines.forecast.survey import find_marked_sites
from pipelines.loading.embedded_text import paragraphs
from watermark.document import Document
from watermark.keys import Key
from watermark.schemes.leximark import LexiMark


def test_what_a_key_publishes_is_what_mark_publishes(tmp_path):
    documents = [Document(f"d{i}", text) for i, text in enumerate(islice(paragraphs(), 6))]
    key = experiment_key(3, 20)
    found = publish(documents, find_marked_sites(LexiMark(), documents), key)
    wanted = load_audit_corpus(mark_documents(tmp_path, documents, LexiMark(), key, 0.0))
    assert any(wanted.sites)
    assert found.documents == wanted.documents
    assert found.choices == wanted.choices
    assert draws_of(found, ids_of(found)) == draws_of(wanted, ids_of(wanted))


def test_the_power_is_the_share_of_subsets_with_evidence():
    key, ids = Key(bytes(32)), [f"d{i:02}" for i in range(40)]

    def table_of(kept):
        some = sorted(kept)
        score = np.full((len(some), 2), -0.5)
        for row, name in zip(score, some, strict=True):
            learned = int(name[1:]) >= 8  # the first eight documents left no trace
            row[key.draw(name, 2) if learned else 1 - key.draw(name, 2)] = 0.5
        return ScoreTable(tuple(some), tuple(some), np.full(len(some), 2), score, {}, {})

    assert power_of_subsets(table_of, ids[8:], 12, key, 0) == 1.0
    assert power_of_subsets(table_of, ids[:8], 8, key, 0) == 0.0
    assert 0.1 < power_of_subsets(table_of, ids, 20, key, 0) < 0.9
