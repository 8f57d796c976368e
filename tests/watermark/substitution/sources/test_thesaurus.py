import pytest

from tests.support.targets import target_of
from watermark.errors import CorpusError
from watermark.substitution.candidates import CandidateSettings
from watermark.substitution.sources.thesaurus import read_thesaurus


@pytest.fixture
def thesaurus(tmp_path):
    def read(text):
        (tmp_path / "words.tsv").write_text(text, encoding="utf-8")
        return read_thesaurus(tmp_path / "words.tsv")

    return read


def test_words_come_in_the_order_of_the_file_and_in_the_form_of_the_place(resources, thesaurus):
    source = thesaurus("# ours\nbuy\tprocure, Purchase\n\nbuy\tobtain\n")
    target = target_of(resources, "She bought a large car.", "bought")
    (found,) = source.candidates([target], CandidateSettings())
    kept = [(c.surface, c.score) for c in found if not c.rejected]
    assert kept == [("procured", 1.0), ("purchased", 0.5), ("obtained", pytest.approx(1 / 3))]
    assert {c.source for c in found} == {"thesaurus"}


def test_what_is_not_rarer_is_rejected_and_other_words_have_nothing(resources, thesaurus):
    source = thesaurus("buy\tget\n")
    targets = [
        target_of(resources, "She bought a large car.", word) for word in ("bought", "large")
    ]
    found = source.candidates(targets, CandidateSettings())
    assert [[c.rejected for c in some] for some in found] == [["not rarer than the original"], []]


@pytest.mark.parametrize("text", ["buy purchase\n", "buy\t , \n", "\tpurchase\n", "", "# only\n"])
def test_a_file_of_another_form_is_an_error(thesaurus, text):
    with pytest.raises(CorpusError, match=r"words\.tsv"):
        thesaurus(text)


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(CorpusError, match=r"missing\.tsv"):
        read_thesaurus(tmp_path / "missing.tsv")
