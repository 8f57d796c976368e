import hashlib
from collections import Counter

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline

from membership.choices.question import Window, asking_order, option_order, site_questions
from membership.evidence.permutation import auroc
from watermark.document import Document, Site
from watermark.keys import Key

TEXT = "One two three four, the quick fox jumped over a lazy dog and ran."


def site(word, *rivals, text=TEXT, draw="d", document="a"):
    return Site(document, text.index(word), word, (word, *rivals), draw)


def ask(*sites, text=TEXT, **window):
    return list(site_questions([(Document("a", text), sites)], Window(**window)))


def test_a_question_shows_the_words_around_and_a_blank():
    (found,) = ask(site("jumped", "leapt"), left_words=3, right_words=2)
    assert found.question.left == "the quick fox "
    assert found.question.right == " over a"
    assert found.question.cloze == "the quick fox ____ over a"
    assert set(found.question.options) == {"jumped", "leapt"}


def test_options_are_the_candidates_in_the_order_given():
    (found,) = ask(site("jumped", "leapt", "vaulted"))
    candidates = ("jumped", "leapt", "vaulted")
    assert found.question.options == tuple(candidates[i] for i in found.order)


def test_a_window_that_reaches_the_beginning_takes_all_there_is():
    (found,) = ask(site("two", "deux"), left_words=12)
    assert found.question.left == "One "


def test_a_text_without_spaces_is_cut():
    text = "x" * 9_000 + " fox"
    (found,) = ask(site("fox", "vixen", text=text), text=text, left_words=2)
    assert len(found.question.left) <= 2 * 24


def test_other_sites_show_their_original_words():
    sites = site("quick", "fleet"), site("lazy", "idle")
    for found in ask(*sites, left_words=12, right_words=12):
        around = found.question.left + found.question.right
        assert "fleet" not in around
        assert "idle" not in around


def test_a_site_that_the_text_does_not_have_is_our_mistake():
    with pytest.raises(ValueError, match="has no 'cat' at 3"):
        ask(Site("a", 3, "cat", ("cat", "puss"), "d"))


def test_every_order_of_options_is_as_likely():
    orders = Counter(
        option_order(str(i), Site("a", 1, "x", ("x", "y", "z"), "d")) for i in range(6_000)
    )
    assert len(orders) == 6
    assert max(orders.values()) - min(orders.values()) < 200  # sd about 29


def test_flipping_reverses_every_order():
    sites = [site("jumped", "leapt", "vaulted")]
    one = list(site_questions([(Document("a", TEXT), sites)], Window()))
    other = list(site_questions([(Document("a", TEXT), sites)], Window(), flip=True))
    assert other[0].order == one[0].order[::-1]


def test_the_order_of_asking_does_not_depend_on_the_order_of_documents():
    questions = ask(site("quick", "fleet", draw="p"), site("lazy", "idle", draw="q"))
    assert asking_order(questions) == asking_order(questions[::-1])


def test_a_classifier_that_sees_the_questions_cannot_guess_the_outcomes():
    """A suspect that recognises the audit learns nothing of the key from what it is asked."""
    rng = np.random.default_rng(5)
    words = [f"w{i}" for i in range(40)]
    key, asked, chosen = Key(rng.bytes(32)), [], []
    for number in range(1_500):
        text = " ".join(rng.choice(words, 20))
        start = text.index(" ") + 1
        word = text[start:].split()[0]
        marked = Site(str(number), start, word, (word, word + "er"), f"draw {number}")
        (found,) = site_questions([(Document(str(number), text), [marked])], Window(12, 8))
        outcome = key.draw(marked.draw, 2)
        asked.append(
            found.question.cloze
            + " "
            + " ".join(f"{i}:{o}" for i, o in enumerate(found.question.options))
        )
        chosen.append(found.order.index(outcome))  # which option, as shown, was published
    model = make_pipeline(CountVectorizer(token_pattern=r"\S+"), LogisticRegression(max_iter=500))
    scores = cross_val_predict(model, asked, chosen, cv=5, method="decision_function")
    first, second = scores[np.array(chosen) == 1], scores[np.array(chosen) == 0]
    area = auroc(first, second)
    spread = 1.96 * np.sqrt((len(asked) + 1) / (12 * len(first) * len(second)))  # of a null AUROC
    assert abs(area - 0.5) < spread, area


def test_the_order_does_not_depend_on_the_id_of_the_document():
    digest = hashlib.sha256(TEXT.encode()).hexdigest()
    assert option_order(digest, site("fox", "vixen", document="a")) == option_order(
        digest, site("fox", "vixen", document="b")
    )


def test_windows_that_show_nothing_are_rejected():
    with pytest.raises(ValueError, match="at least 1 word before"):
        Window(0, 3)


def test_the_order_of_options_differs_between_the_places_of_a_text():
    orders = {option_order("text", Site("a", at, "x", ("x", "y"), "d")) for at in range(20)}
    assert orders == {(0, 1), (1, 0)}
