import json

import pytest

from membership.audit.corpus import load_audit_corpus
from tests.support.fake_chat import serve_chat
from watermark.vault.vault import open_vault

OUT = ("--out", "published", "--vault", "vault", "--holdout", "0")
GERMAN = (
    "Der Ausschuss hat im Herbst ein altes Haus am Hafen erworben. "
    "The committee has acquired an old house near the harbour. "
    "Die Kinder haben das große Haus nie gesehen."
)


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "in.jsonl"
    path.write_text(json.dumps({"text": GERMAN}) + "\n")
    return path


@pytest.fixture
def thesaurus(tmp_path):
    path = tmp_path / "words.tsv"
    path.write_text("haus\tGemäuer, gebäude\nhouse\tmanse\nausschuss\tGremium\n", encoding="utf-8")
    return path


def marks_of(tmp_path):
    ((row, marked),) = open_vault(tmp_path / "vault").marked()
    return [(mark.original, mark.candidates) for mark in marked.marks], row, marked


def test_german_sentences_are_marked_with_the_owners_words(corpus, tmp_path, thesaurus, command):
    options = ("--language", "de", "--source", f"thesaurus={thesaurus}")
    done = command("leximark", "mark", corpus, *OUT, *options)
    assert done.status == 0, done.err
    marks, row, marked = marks_of(tmp_path)
    # "house" stands in an English sentence; "Gebäude" is commoner than "Gemäuer", so not the rarer
    assert ("Haus", ("Haus", "Gemäuer")) in marks
    assert "house" not in {original for original, _ in marks}
    chosen = {mark.chosen for mark in marked.marks}
    assert chosen <= {"Haus", "Gemäuer", "Ausschuss", "Gremium"}
    assert (
        json.loads((tmp_path / "vault/plan.json").read_text())["scheme"]["fit"]["language"] == "de"
    )
    assert row.original == GERMAN


def test_a_chat_model_may_answer_in_german(corpus, tmp_path, command):
    with serve_chat(lambda q: "Gemäuer" if "*Haus*" in q else "none") as address:
        options = ("--language", "de", "--source", f"llm={address}")
        done = command("leximark", "mark", corpus, *OUT, *options)
    assert done.status == 0, done.err
    assert [original for original, _ in marks_of(tmp_path)[0]] == ["Haus", "Haus"]


@pytest.mark.parametrize("source", ["wordnet", "lexsub_dropout=5", "context=0.8"])
def test_sources_that_know_english_alone_are_refused(corpus, command, source):
    done = command("leximark", "mark", corpus, *OUT, "--language", "de", "--source", source)
    assert done.status == 2
    assert "knows English alone" in done.err
    assert "thesaurus=FILE and llm=chat+http" in done.err


def test_a_corpus_in_another_language_than_said_is_refused(corpus, tmp_path, thesaurus, command):
    corpus.write_text(json.dumps({"text": GERMAN.replace("The committee has", "")}) + "\n")
    done = command(
        "leximark", "mark", corpus, *OUT, "--language", "fr", "--source", f"thesaurus={thesaurus}"
    )
    assert done.status == 2
    assert "'de'" in done.err
    assert not (tmp_path / "vault").exists()


@pytest.mark.parametrize("language", ["zh", "tlh"])
def test_languages_without_words_or_numbers_are_refused(corpus, thesaurus, command, language):
    done = command(
        "leximark",
        "mark",
        corpus,
        *OUT,
        "--language",
        language,
        "--source",
        f"thesaurus={thesaurus}",
    )
    assert done.status == 2
    assert "wanted a code: ar, bg" in done.err


def test_the_published_rule_is_for_english(corpus, thesaurus, command):
    options = ("--language", "de", "--source", f"thesaurus={thesaurus}", "--rule", "published")
    done = command("leximark", "mark", corpus, *OUT, *options)
    assert done.status == 2
    assert "knows English alone" in done.err


@pytest.mark.parametrize(
    "option", [("--source", "llm=x"), ("--max-failures", "2"), ("--language", "de")]
)
def test_options_that_a_scheme_would_ignore_are_refused(corpus, command, option):
    done = command("leximark", "mark", corpus, *OUT, "--scheme", "look_alikes", *option)
    assert done.status == 2
    assert option[0] in done.err


def test_an_audit_knows_the_language_of_the_marks(corpus, tmp_path, thesaurus, command):
    options = ("--language", "de", "--source", f"thesaurus={thesaurus}")
    for name, more in (("one", ()), ("two", ("--then", "look_alikes"))):
        out = ("--out", tmp_path / f"{name}-out", "--vault", tmp_path / name, "--holdout", "0")
        done = command("leximark", "mark", corpus, *out, *options, *more)
        assert done.status == 0, done.err
        assert load_audit_corpus(open_vault(tmp_path / name)).language == "de"
