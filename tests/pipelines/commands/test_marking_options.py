from dataclasses import fields

from pipelines.commands.marking_options import LexiMarkFlags
from pipelines.jobs.mark import make_candidate_settings
from watermark.schemes.leximark import LexiMark


def test_without_an_option_the_scheme_has_its_default_settings():
    usual = LexiMark(fit=make_candidate_settings(LexiMark.quality, None))
    assert LexiMarkFlags().scheme() == usual
    assert LexiMarkFlags().changed() == []


def test_an_option_has_the_name_of_its_setting():
    settings = {f.name for f in fields(LexiMark)} | {f.name for f in fields(LexiMark().fit)}
    # Sources are one text on the command line.
    assert {f.name for f in fields(LexiMarkFlags)} - {"source"} <= settings


def test_options_that_differ_from_the_default_are_named():
    assert LexiMarkFlags(words_per_sentence=2, quotations=True).changed() == [
        "--words-per-sentence",
        "--quotations",
    ]
