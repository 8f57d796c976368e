import re

import numpy as np
import pytest

from membership.traces.candidate_tokens import (
    NO_CONTEXT,
    NO_DIFFERENCE,
    OUTSIDE,
    RECUT,
    find_token_choices,
)
from membership.traces.tokens import wrap_tokenizer
from membership.traces.trace import Slot
from tests.support.tiny import TEXTS, tiny_tokenizer

KINDS = ("byte_level", "llama3", "metaspace", "legacy", "unigram")
NASTY = (
    "Well, don't “worry”—it's re-used (often), e.g. in U.S.A.-made cars; naïve café 😀😀 smile "
    "🤷🏽‍♀️ shrug.\r\n\tTabs\tand  double  spaces\n\nand 1,234 numbers. 中文字符测试没有空格 end"
)


def wrap(kind, bos=True):
    tiny = tiny_tokenizer(kind=kind)
    named = {"bos": tiny.bos_token_id} if bos else {}
    return wrap_tokenizer(tiny.backend_tokenizer, "auto", named, tiny.unk_token_id)


def token_choices_of(tokenizer, text, slots):
    tokens = tokenizer.encode([text])[0]
    found = find_token_choices(text, slots, tokens, tokenizer.scored(tokens), tokenizer.encode)
    return tokens, list(found)


def rivals(word):
    return [word, word + "s", word[:-1] or "x", "quick", "large-scale", "Émigré", "un" + word]


def places_in(text, rng, keep_original):
    for match in re.finditer(r"\w+", text):
        first, second = rng.choice(rivals(match.group()), 2, replace=False)
        first = match.group() if keep_original else first
        if first != second:
            yield Slot(match.start(), match.group(), (str(first), str(second)))


@pytest.mark.parametrize("keep_original", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_a_target_is_what_the_whole_text_cut_anew_says(kind, keep_original):
    rng = np.random.default_rng(0)
    tokenizer = wrap(kind)
    n_places = n_usable = 0
    for text in (NASTY, TEXTS[0]):
        slots = list(places_in(text, rng, keep_original))
        tokens, targets = token_choices_of(tokenizer, text, slots)
        for slot, target in zip(slots, targets, strict=True):
            n_places += 1
            if target.reason:
                continue
            n_usable += 1
            before, behind = text[: slot.start], text[slot.start + len(slot.original) :]
            for word, token_id in zip(slot.candidates, target.token_ids, strict=True):
                whole = tokenizer.encode([before + word + behind])[0]
                same = slice(target.position)
                assert np.array_equal(whole.ids[same], tokens.ids[same])
                assert whole.ids[target.position] == token_id
            assert len(set(target.token_ids)) == len(target.token_ids)
    assert n_usable > (0.97 if keep_original else 0.8) * n_places


def one_token_choice(text, start, original, *candidates, kind="byte_level", bos=True):
    return token_choices_of(wrap(kind, bos), text, [Slot(start, original, candidates)])[1][0]


def test_a_word_at_the_very_start_is_read_behind_the_start_token():
    target = one_token_choice("if it works", 0, "if", "if", "while")
    assert (target.position, target.reason) == (0, "")


def test_a_word_at_the_very_start_has_no_context_without_a_start_token():
    assert one_token_choice("if it works", 0, "if", "if", "while", bos=False).reason == NO_CONTEXT


def test_a_rival_that_begins_with_the_other_differs_in_the_token_behind():
    # "try" is one token; so "tryst" is "try" and then something where the text has " (".
    tokenizer = wrap("byte_level")
    text = "the try (or not)"
    tokens, (target,) = token_choices_of(tokenizer, text, [Slot(4, "try", ("try", "tryst"))])
    assert text[slice(*tokens.spans[target.position])] == "("
    assert target.token_ids[0] == tokens.ids[target.position]


def test_candidates_that_share_the_token_are_unusable():
    # "if", "import" + "ing", "import" + "s": the first token tells only one of the three.
    target = one_token_choice("a if it", 2, "if", "if", "importing", "imports")
    assert target.reason == NO_DIFFERENCE
    assert target.token_ids == ()


def test_candidates_that_are_the_same_are_unusable():
    assert one_token_choice("a try it", 2, "try", "if", "if").reason == NO_DIFFERENCE


def test_rivals_with_a_common_beginning_that_the_text_does_not_have_are_unusable():
    assert one_token_choice("a try it", 2, "try", "importing", "imports").reason == RECUT


def test_a_difference_behind_the_last_token_is_outside():
    assert one_token_choice("it can import", 7, "import", "importing", "imports").reason == OUTSIDE


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda t: t, ""),
        (str.upper, RECUT),
        (lambda t: t[:30].upper() + t[30:], RECUT),  # some tokens before the word are the same
        (lambda t: t[:15].upper() + t[15:], ""),  # enough of them are: only the beginning is not
        (lambda t: t.replace("statement", "value"), RECUT),  # only the word itself is not
    ],
)
def test_a_piece_that_is_not_cut_as_the_document_is_unusable(change, reason):
    tokenizer = wrap("byte_level")
    text = TEXTS[2]
    start = text.index("statement", 200)
    tokens = tokenizer.encode([text])[0]

    def encode(texts):
        return tokenizer.encode([change(text) for text in texts])

    slot = Slot(start, "statement", ("statement", "clause"))
    (target,) = find_token_choices(text, [slot], tokens, tokenizer.scored(tokens), encode)
    assert target.reason == reason


def test_the_pieces_are_short_however_long_the_text():
    tokenizer = wrap("byte_level")
    text = "word " * 5000
    tokens = tokenizer.encode([text])[0]
    longest = []

    def watched(texts):
        longest.append(max(map(len, texts)))
        return tokenizer.encode(texts)

    slots = [Slot(5 * n, "word", ("word", "name")) for n in range(0, 5000, 100)]
    targets = list(find_token_choices(text, slots, tokens, tokenizer.scored(tokens), watched))
    assert not any(target.reason for target in targets)
    assert max(longest) < 100


def test_more_places_than_are_cut_at_once():
    text = "word " * 1300
    slots = [Slot(5 * n, "word", ("word", "name")) for n in range(1300)]
    _, targets = token_choices_of(wrap("byte_level"), text, slots)
    assert len({target.position for target in targets}) == 1300


@pytest.mark.parametrize(
    ("slot", "message"),
    [
        (Slot(1, "try", ("try", "if")), "no 'try' at 1"),
        (Slot(0, "try", ("try",)), "two candidates"),
        (Slot(0, "", ("a", "b")), "no '' at 0"),
    ],
)
def test_a_place_that_is_not_in_the_text_is_our_mistake(slot, message):
    with pytest.raises(ValueError, match=message):
        token_choices_of(wrap("byte_level"), "try it", [slot])
