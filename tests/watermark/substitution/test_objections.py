"""Words that must never be put in, each from a text in which they were."""

import pytest

from tests.support.targets import target_of
from watermark.schemes.leximark import LexiMark
from watermark.schemes.leximark_sites import exclusion_reason
from watermark.substitution.acceptability import load_acceptability
from watermark.substitution.candidates import (
    Candidate,
    CandidateSettings,
    find_candidates,
)
from watermark.substitution.sources.wordnet import ModelledWordNetSource
from watermark.substitution.word_lists import listed_reason
from watermark.text.inflection import inflect_lemma

ANY = CandidateSettings(min_fit=0.0, min_rarer_bits=0.0, max_rarity_bits=30.0)


class Proposes:
    """A source that proposes one word, as a chat model might."""

    def __init__(self, name, lemma):
        self.name, self.lemma = name, lemma

    def candidates(self, targets, settings):
        forms = [inflect_lemma(self.lemma, target.word.tag) or "" for target in targets]
        return [[Candidate(self.lemma, form, self.name, 15.0, 1.0)] for form in forms]


def reason(resources, text, word, lemma, source="llm"):
    target = target_of(resources, text, word)
    ((found,),) = find_candidates(resources.wordnet, [Proposes(source, lemma)], [target], ANY)
    return found.rejected


@pytest.mark.parametrize(
    ("form", "refused"),
    [("assessed", False), ("scatter", False), ("father", False), ("dumbest", True), ("dies", True)],
)
def test_a_word_is_refused_by_its_own_lemma_alone(form, refused):
    assert bool(listed_reason(form)) == refused


def from_wordnet(resources, text, word):
    target = target_of(resources, text, word)
    (found,) = find_candidates(resources.wordnet, resources.sources, [target], ANY)
    return {candidate.lemma for candidate in found if not candidate.rejected}


NEVER = [
    ("Late that afternoon.", "afternoon", "daytime", "never put in: part of the day"),
    ("He hunched his shoulder.", "hunched", "hump", "never put in: sex"),
    ("A human will answer within a day.", "human", "homo", "never put in: offensive"),
    ("They are prostitutes.", "prostitutes", "whore", "never put in: offensive"),
    ("He is retarded.", "retarded", "imbecile", "never put in: mind and body"),
    ("They are pedophiles.", "pedophiles", "pervert", "never put in: people"),
    ("The dead man had suffered a stroke.", "dead", "murdered", "never put in: crime"),
    ("She loves her husband.", "husband", "hubby", "never put in: colloquial"),
    ("They drank the wine.", "wine", "vino", "never put in: colloquial"),
    ("An innocent man sat there.", "innocent", "acquitted", "never put in: crime"),
    ("She was an athlete.", "athlete", "jock", "never put in: colloquial"),
    ("They met the natives.", "natives", "aborigine", "never put in: people"),
    ("It was a curious thing.", "curious", "queer", "never put in: offensive"),
    ("They were targeted by hackers.", "hackers", "golfer", "names people"),
    ("The prosecutors spoke.", "prosecutors", "functionary", "names people"),
    ("The leaders met.", "leaders", "person", "says next to nothing"),
    ("The location was good.", "location", "object", "says next to nothing"),
]


@pytest.mark.parametrize(("text", "word", "lemma", "expected"), NEVER)
def test_a_word_that_hurts_or_accuses_is_refused_from_any_source(
    resources, text, word, lemma, expected
):
    assert reason(resources, text, word, lemma) == expected
    assert lemma not in from_wordnet(resources, text, word)


@pytest.mark.parametrize(
    ("text", "word", "lemma"),
    [
        ("The prices increase.", "increase", "decrease"),
        ("He spoke quickly.", "quickly", "slowly"),
        ("It was a tiny dog.", "tiny", "huge"),  # they come near small and large
        ("A happy end.", "happy", "unhappy"),
        ("A useful tool.", "useful", "useless"),
        ("They accept it.", "accept", "decline"),
    ],
)
def test_opposites_are_refused_also_where_wordnet_does_not_say_so(resources, text, word, lemma):
    assert reason(resources, text, word, lemma) == "an antonym"
    assert resources.wordnet.opposed("evening", "daytime", "n")


@pytest.mark.parametrize(
    ("text", "word", "lemma"),
    [
        ("A quick answer.", "quick", "speedy"),
        ("The house is large.", "large", "big"),
        ("They buy bread.", "buy", "purchase"),
        ("He spoke quickly.", "quickly", "rapidly"),
        ("They bought two weapons.", "weapons", "arm"),
        ("She saw the boat.", "boat", "vessel"),
        ("It was a small dog.", "small", "tiny"),
        ("She said a word.", "said", "utter"),
    ],
)
def test_plain_synonyms_are_not_refused(resources, text, word, lemma):
    assert reason(resources, text, word, lemma) == ""


@pytest.mark.parametrize(
    ("text", "word", "lemma", "expected"),
    [
        ("She knows many minds.", "minds", "nourishment", "number: hardly ever plural"),
        ("They brought six meals.", "meals", "nourishment", "number: hardly ever plural"),
        ("They had three weapons each.", "weapons", "weaponry", "number: hardly ever plural"),
        ("He bought an ox.", "ox", "oxen", "number: plural by itself"),
        ("He bought a cow.", "cow", "cattle", "number: plural by itself"),
        ("He has a tool.", "tool", "equipment", "number: cannot be counted"),
        ("Every gun was sold.", "gun", "weaponry", "number: cannot be counted"),
        ("She needs advice.", "advice", "idea", "number: cannot stand without an article"),
        ("They met beside the exhaust.", "exhaust", "fumes", "number: plural by itself"),
        ("It was free for the taking.", "taking", "pickings", "number: plural by itself"),
        ("He wiped off the lather.", "lather", "suds", "number: plural by itself"),
        ("There was a slight bulge under it.", "bulge", "hump", "number: the word may be singular"),
        ("They develop new spacecraft.", "spacecraft", "orbiter", "number: the word may be plural"),
        ("They launched one spacecraft.", "spacecraft", "orbiter", ""),
        ("She peered into the universe.", "universe", "cosmos", ""),
        ("They sold two guns.", "guns", "rifle", ""),
        ("The gun was sold.", "gun", "weaponry", ""),
    ],
)
def test_a_noun_has_the_number_of_its_place(resources, text, word, lemma, expected):
    assert reason(resources, text, word, lemma) == expected


@pytest.mark.parametrize(
    ("text", "lemma", "expected"),
    [
        ("The color was good. They use it.", "utilise", "British spelling"),
        ("The colour was good. They use it.", "utilize", "American spelling"),
        ("The colour was good. They use it.", "utilise", ""),
        ("The color was good. They use it.", "utilize", ""),
        ("They use it.", "utilise", "British spelling"),
        ("They use it.", "utilize", ""),
    ],
)
def test_a_document_keeps_its_spelling(resources, text, lemma, expected):
    assert reason(resources, text, "use", lemma).startswith(expected)
    assert bool(reason(resources, text, "use", lemma)) == bool(expected)


def test_the_owners_own_list_answers_for_meaning_but_not_for_form(resources):
    text = "She loves her husband, and they had three weapons."
    assert reason(resources, text, "husband", "hubby", "thesaurus") == ""
    assert reason(resources, text, "weapons", "weaponry", "thesaurus").startswith("number")


def test_other_languages_are_left_alone(resources):
    target = target_of(resources, "She loves her husband.", "husband")
    settings = CandidateSettings(language="de")
    ((found,),) = find_candidates(resources.wordnet, [Proposes("llm", "jock")], [target], settings)
    assert isinstance(found, Candidate)
    assert "never put in" not in found.rejected


@pytest.mark.parametrize(
    ("text", "word", "expected"),
    [
        ("The plaintiff lost her appeal.", "appeal", "may be a term of law"),
        ("The gay couple married.", "gay", "stays as the writer chose it (offensive)"),
        ("The coloured soldiers were brave.", "coloured", "stays as the writer chose it"),
        ("She saw the motion of his hand.", "motion", ""),
    ],
)
def test_terms_and_sensitive_words_stay(resources, text, word, expected):
    target = target_of(resources, text, word)
    found = exclusion_reason(resources.wordnet, target, [], LexiMark())
    assert found.startswith(expected)
    assert bool(found) == bool(expected)


FALSE_OR_ODD = [
    ("The banks were targeted by hackers last year.", "hackers", "golfer"),
    ("The court said that a fetus has rights.", "fetus", "vertebrate"),
    ("Managers of such systems are never happy.", "happy", "laughing"),
    ("The prosecutors asked for more time.", "prosecutors", "functionary"),
    ("The leaders of both parties met again.", "leaders", "person"),
    ("The location of the plant is secret.", "location", "object"),
    ("He was charged with trading on inside news.", "trading", "commerce"),
    ("The party was divided over the tax.", "divided", "pronged"),
    ("His jokes provided comic relief to the crowd.", "provided", "supply"),
    ("She wore religious attire at work.", "religious", "spiritual"),
    ("They can do little about the delay.", "little", "small"),
]


@pytest.mark.parametrize(("text", "word", "lemma"), FALSE_OR_ODD)
def test_what_an_editor_found_wrong_is_not_offered_by_default(resources, text, word, lemma):
    target = target_of(resources, text, word)
    stays = exclusion_reason(resources.wordnet, target, [], LexiMark())
    least = load_acceptability("fast").offer_threshold
    # With models, a word that the cheap features find less likely than this is not even read.
    best = load_acceptability("best").offer_threshold
    for min_fit in (least, best * ModelledWordNetSource.screen_share):
        (found,) = find_candidates(
            resources.wordnet, resources.sources, [target], CandidateSettings(min_fit=min_fit)
        )
        assert stays or lemma not in {c.lemma for c in found if not c.rejected}


def test_an_antonym_goes_before_what_kind_of_thing_a_word_names(resources):
    assert reason(resources, "The old man slept.", "man", "woman") == "an antonym"


COLLOQUIAL = [
    ("It ain't easy to begin again.", "begin", "ai"),
    ("Maybe you gonna begin with the roof.", "begin", "gon"),
    ("They don't have nothin' to begin with.", "begin", "nothin'"),
    ("I figger we should begin at dawn.", "begin", "figger"),
]


@pytest.mark.parametrize(("text", "word", "sign"), COLLOQUIAL)
def test_dialect_and_slang_stay_as_they_are(resources, text, word, sign):
    stays = exclusion_reason(resources.wordnet, target_of(resources, text, word), [], LexiMark())
    assert stays == f"dialect or slang in the sentence ({sign})"


def test_a_quoted_word_that_ends_with_in_is_no_dialect(resources):
    target = target_of(resources, "We begin with the word 'within' and go on.", "begin")
    assert "dialect" not in exclusion_reason(resources.wordnet, target, [], LexiMark())
