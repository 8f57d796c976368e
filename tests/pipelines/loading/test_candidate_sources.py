import pytest

from pipelines.loading.candidate_sources import make_sources
from watermark.schemes.leximark import LexiMark


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["roget"], "there is no source 'roget'"),
        (["wordnet", "wordnet"], "comes twice"),
        (["wordnet=0.8"], "takes no value"),
        (["thesaurus"], "needs a file"),
        (["context=high"], "takes a cosine"),
        (["lexsub_dropout=0.8"], "takes a number of words"),
        (["lexsub_concatenation=0"], "takes a number of words"),
        (["llm"], "needs the address"),
        ([], "no source"),
    ],
)
def test_what_is_no_source_is_an_error(wordnet, names, said):
    with pytest.raises(ValueError, match=said):
        make_sources(LexiMark(sources=tuple(names)), wordnet)


def test_sources_come_in_the_order_given(wordnet, tmp_path):
    (tmp_path / "words.tsv").write_text("buy\tpurchase\n")
    names = [f"thesaurus={tmp_path / 'words.tsv'}", "wordnet"]
    made = make_sources(LexiMark(sources=tuple(names)), wordnet)
    assert [source.name for source in made] == ["thesaurus", "wordnet"]
