import unicodedata

import pytest

from watermark.document import Document, apply_choices, restore
from watermark.schemes.look_alikes import CYRILLIC, LATIN, PAIRS, LookAlikes


def sites(scheme, text):
    return next(scheme.find_sites([Document("d", text)]))


def test_a_pair_is_a_latin_and_a_cyrillic_letter_of_the_same_case():
    for ours, theirs in zip(LATIN, CYRILLIC, strict=True):
        assert unicodedata.name(ours).startswith("LATIN")
        assert unicodedata.name(theirs).startswith("CYRILLIC")
        assert ours.isupper() == theirs.isupper()
        assert unicodedata.normalize("NFKC", theirs) == theirs  # survives what collectors do


def test_one_coin_a_letter_or_one_a_word():
    text = "A cat. A cat, b cats."
    found = sites(LookAlikes(), text)
    assert {(s.original, s.draw) for s in found} == {
        (letter, f"look-alike:{letter}") for letter in "Acas"
    }
    assert len(found) == 2 + 3 * 2 + 1
    found = sites(LookAlikes(scope="word"), text)
    assert [s.original for s in found] == ["cat", "cat", "cats"]
    assert found[0].candidates == ("cat", "\u0441\u0430t")
    assert len({s.draw for s in found}) == 2
    assert len(sites(LookAlikes(scope="word", min_letters=1), text)) == 5


def test_what_is_not_prose_stays():
    text = "See `path` at https://example.org/a and pages.\n```\nspace\n```\nso"
    for scope in ("letter", "word"):
        found = sites(LookAlikes(scope=scope), text)
        inside = {s.start for s in found}
        assert not inside & set(range(text.index("`"), text.index("`") + 6))
        assert not inside & set(range(text.index("https"), text.index(" and")))
        assert not inside & set(range(text.index("```"), text.rindex("so")))
        assert text.rindex("so") in inside
        assert text.index("pages") in inside


def test_restoring_gives_back_the_text(key):
    document = Document("d", "Copy, caf\u00e9 \u0430nd \u200bbox")
    for scope in ("letter", "word"):
        found = sites(LookAlikes(scope=scope), document.text)
        marked = apply_choices(document, found, [1] * len(found))
        assert marked.document.text != document.text
        assert restore(marked) == document
        assert "Copy, caf".translate(PAIRS) in marked.document.text


@pytest.mark.parametrize("wrong", [{"scope": "corpus"}, {"share": 1.5}, {"min_letters": 0}])
def test_settings_that_are_none_are_refused(wrong):
    with pytest.raises(ValueError, match="must"):
        LookAlikes(**wrong)
