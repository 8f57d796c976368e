from dataclasses import dataclass

import pytest

from tests.support.targets import target_of
from watermark.substitution.candidates import (
    Candidate,
    CandidateSettings,
    apply_threshold,
    find_candidates,
    inflect_candidate,
    phrase_exclusion,
)


def shaped(resources, text, target, lemma, **settings):
    return inflect_candidate(
        lemma, "test", target_of(resources, text, target), CandidateSettings(**settings)
    )


@pytest.mark.parametrize(
    ("text", "target", "lemma", "surface"),
    [
        ("She bought two old houses last year.", "bought", "purchase", "purchased"),
        ("Bought goods are cheap.", "Bought", "purchase", "Purchased"),
        ("They saw two DOGS there.", "DOGS", "hound", "HOUNDS"),
    ],
)
def test_candidates_have_the_form_and_case_of_the_original(resources, text, target, lemma, surface):
    found = shaped(resources, text, target, lemma)
    assert (found.surface, found.rejected) == (surface, "")


@pytest.mark.parametrize(
    ("target", "lemma", "reason"),
    [
        ("moment", "mo", "shorter"),
        ("moment", "thing", "not rarer"),
        ("moment", "blink", ""),
        ("moment", "momentum", "another form"),
        ("moment", "jiffy-bag", "not a plain word"),
        ("moment", "qzxvkj", "too rare"),
        ("larger", "gigantic", "has no form"),
    ],
)
def test_every_rejection_has_its_reason(resources, target, lemma, reason):
    text = "For a moment the larger house stood on a hill."
    assert shaped(resources, text, target, lemma).rejected[: len(reason)] == reason


def test_fixed_phrases_are_left_alone(resources):
    target = target_of(resources, "The meeting will take place in the large hall.", "place")
    assert (
        phrase_exclusion(resources.wordnet, target.sentence, target.index)
        == "part of a fixed phrase"
    )
    assert phrase_exclusion(resources.wordnet, target.sentence, target.index + 3) == ""


@pytest.mark.parametrize("min_fit", [-0.1, 1.0, 3])
def test_a_threshold_that_would_leave_everything_as_it_was_is_an_error(min_fit):
    # the released LexiMark takes int(0.8) = 0 candidates and marks nothing, without a word
    with pytest.raises(ValueError, match="min_fit"):
        CandidateSettings(min_fit=min_fit)


def test_what_scores_below_the_threshold_is_rejected_and_keeps_its_score():
    offers = [Candidate(word, word, "test", 15.0, 0.0) for word in ("good", "bad")]
    good, bad = apply_threshold(offers, [0.5, 0.49], 0.5)
    assert (good.rejected, good.score) == ("", 0.5)
    assert (bad.rejected, bad.score) == ("fit below 0.5", 0.49)


@dataclass(frozen=True)
class Fixed:
    """Proposes the same words everywhere."""

    name: str
    words: dict[str, tuple[float, str]]

    def candidates(self, targets, settings):
        offers = [
            Candidate(word, word, self.name, 15.0, score, reason)
            for word, (score, reason) in self.words.items()
        ]
        return [offers for _ in targets]


def test_the_first_source_goes_before_the_second_and_rejected_words_go_last(resources):
    first = Fixed("first", {"oak": (0.1, ""), "elm": (0.9, ""), "ash": (1, "no"), "yew": (0, "no")})
    second = Fixed("second", {"elm": (1.0, ""), "ash": (0.3, ""), "fir": (0.8, "")})
    target = target_of(resources, "A tree fell.", "tree")
    (found,) = find_candidates(resources.wordnet, [first, second], [target], CandidateSettings())
    assert [(c.lemma, c.source) for c in found] == [
        ("elm", "first"),
        ("oak", "first"),
        ("fir", "second"),
        ("ash", "second"),
        ("yew", "first"),
    ]


def test_phrases_of_three_words_are_left_alone(resources):
    target = target_of(resources, "They ignored the right of way there.", "way")
    assert not resources.wordnet.is_phrase("of way")
    assert phrase_exclusion(resources.wordnet, target.sentence, target.index)
