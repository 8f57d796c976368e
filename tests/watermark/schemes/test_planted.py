import pytest

from watermark.document import Document, apply_choices, restore
from watermark.schemes.planted import Traps, Trigger
from watermark.text.rarity import rarity_bits

LONG = Document("long", "One.\n\nTwo.\r\n\r\nThree.\n\n  Four.\n")
SHORT = Document("short", "Only one paragraph.")


def mark(scheme, key, document):
    (sites,) = scheme.find_sites([document])
    return apply_choices(document, sites, [key.draw(s.draw, len(s.candidates)) for s in sites])


def words(marked):
    return "".join(mark.chosen for mark in marked.marks).split()


@pytest.mark.parametrize(
    "scheme",
    [Traps(), Traps(copies=3, place="start"), Traps(place="end", n_fuzzy=3), Trigger(share=1.0)],
)
def test_restoring_gives_back_the_text(scheme, key):
    for document in (LONG, SHORT, Document("nothing", " \n")):
        marked = mark(scheme, key, document)
        assert restore(marked) == document
        assert (marked.document == document) == (not document.text.strip())


def test_a_trap_is_a_paragraph_of_its_own_between_others(key):
    marked = mark(Traps(n_words=5), key, LONG)
    trap = " ".join(words(marked))
    paragraphs = marked.document.text.replace("\r", "").split("\n\n")
    assert trap in paragraphs
    kept = [p.strip() for p in paragraphs if p != trap]
    assert kept == ["One.", "Two.", "Three.", "Four."]
    assert all(11 <= rarity_bits(word) < 12 for word in words(marked))
    alone = mark(Traps(n_words=5), key, SHORT)
    assert alone.document.text == "Only one paragraph.\n\n" + trap  # one trap for the corpus
    assert words(mark(Traps("document", 5), key, SHORT)) != words(marked)


def test_there_is_one_copy_a_gap_at_most(key):
    for wanted, n in ((1, 1), (2, 2), (9, 4)):
        assert len(words(mark(Traps(n_words=5, copies=wanted, place="end"), key, LONG))) == 5 * n


def test_fuzzy_copies_share_all_words_but_some(key):
    exact = words(mark(Traps(n_words=20), key, SHORT))
    fuzzy = Traps(n_words=20, n_fuzzy=4)
    found = [words(mark(fuzzy, key, Document("d", f"text {i}"))) for i in range(30)]
    changed = [sum(a != b for a, b in zip(exact, copy, strict=True)) for copy in found]
    assert max(changed) == 4  # a fuzzy word is the old one again in 1 of 64 draws
    assert sum(changed) > 30 * 3
    assert len(set(map(tuple, found))) == 30


def test_the_trigger_is_a_maxim_at_the_start_of_some_documents(key):
    documents = [Document(str(i), f"text {i}") for i in range(2000)]
    found = list(Trigger().find_sites(documents))
    assert 400 - 5 * 320**0.5 < sum(map(bool, found)) < 400 + 5 * 320**0.5
    text = mark(Trigger(share=1.0), key, SHORT).document.text
    maxim, _, rest = text.partition("\n\n")
    assert rest == SHORT.text
    assert maxim[0].isupper()
    assert maxim.endswith(".")
    assert len(maxim.split()) == 3


@pytest.mark.parametrize(
    "wrong",
    [
        {"n_words": 0},
        {"copies": 0},
        {"n_fuzzy": 25},
        {"scope": "word"},
        {"place": "middle"},
        {"share": 0.0},
        {"rarity_bits": 26.6},
    ],
)
def test_settings_that_leave_nothing_to_draw_are_refused(wrong):
    with pytest.raises(ValueError, match="must"):
        Traps(**wrong)
