from dataclasses import fields
from typing import Any

from pipelines.commands.options.marking import LexiMarkFlags
from pipelines.jobs.mark import make_leximark
from watermark.schemes.leximark import LexiMark


def test_without_an_option_the_scheme_has_its_default_settings():
    assert LexiMarkFlags().scheme() == make_leximark()
    assert LexiMarkFlags().changed() == []


def test_an_option_has_the_name_of_its_setting():
    settings = {f.name for f in fields(LexiMark)} | {f.name for f in fields(LexiMark().fit)}
    # Sources are one text on the command line.
    assert {f.name for f in fields(LexiMarkFlags)} - {"source"} <= settings


def test_options_that_differ_from_the_default_are_named():
    assert LexiMarkFlags(words_per_sentence=3, quotations=True).changed() == [
        "--words-per-sentence",
        "--quotations",
    ]


def test_every_option_changes_the_scheme(tmp_path):
    words = tmp_path / "words.txt"
    words.write_text("Value\n")
    other = {
        "rule": "published",
        "scope": "site",
        "source": "wordnet,thesaurus=mine.json",
        "quality": "best",
        "language": "de",
        "stop_words": words,
        "protected_words": words,
        "min_fit": 0.9,
        "variants": "all",
    }
    for field in fields(LexiMarkFlags):
        value = other.get(field.name)
        if value is None:
            usual: Any = field.default
            value = not usual if isinstance(usual, bool) else usual + 1
        given: dict[str, Any] = {field.name: value}
        assert LexiMarkFlags(**given).scheme() != LexiMarkFlags().scheme(), field.name
