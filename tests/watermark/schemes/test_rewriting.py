import pytest

from watermark.document import Document, text_sha256
from watermark.schemes.rewriting import Rewriting, find_paragraphs, is_usable

FIRST = "The committee bought a large house near the old harbour."
SECOND = "It paid 1,250 pounds and moved in before the winter came."


def test_each_long_paragraph_is_a_site_of_its_own_draw():
    document = Document("d", f"{FIRST}\n\nShort one.\n\n{SECOND}\n")
    asked = []

    def rewrite(texts):
        asked.extend(texts)
        return [text.replace("house", "dwelling").replace("paid", "spent") for text in texts]

    (sites,) = find_paragraphs(rewrite, [document], Rewriting())
    assert asked == [FIRST, SECOND]
    second = len(FIRST) + len("\n\nShort one.\n\n")
    assert [site.start for site in sites] == [0, second]
    assert [site.candidates for site in sites] == [
        (FIRST, FIRST.replace("house", "dwelling")),
        (SECOND, SECOND.replace("paid", "spent")),
    ]
    name = text_sha256(document.text)
    assert [site.draw for site in sites] == [f"{name}:0", f"{name}:{second}"]


def test_a_paragraph_that_failed_or_stayed_the_same_has_no_site():
    documents = [Document("a", FIRST), Document("b", FIRST), Document("c", FIRST)]
    answers = [None, FIRST + "\n", FIRST.replace("old", "ancient")]
    found = list(find_paragraphs(lambda texts: answers, documents, Rewriting()))
    assert [len(sites) for sites in found] == [0, 0, 1]


def test_documents_outside_the_share_are_not_sent():
    documents = [Document(str(i), f"{FIRST} {i}") for i in range(30)]
    asked: list[str] = []

    def fail(texts):
        asked.extend(texts)
        return [None] * len(texts)

    list(find_paragraphs(fail, documents, Rewriting(share=0.5)))
    assert 5 < len(asked) < 25


@pytest.mark.parametrize(
    ("text", "rewritten", "usable"),
    [
        (SECOND, SECOND.replace("paid", "spent"), True),
        (SECOND, SECOND, False),
        (SECOND, SECOND.replace("1,250", "1,200"), False),  # a number was lost
        (SECOND, SECOND.replace(" and", "\n\nand"), False),  # one paragraph became two
        ("x" * 100, "y" * 159, True),
        ("x" * 100, "y" * 160, False),  # longer by the factor 1.6
        ("x" * 100, "y" * 63, True),
        ("x" * 100, "y" * 62, False),
    ],
)
def test_which_rewritings_are_taken(text, rewritten, usable):
    assert is_usable(text, rewritten) == usable


@pytest.mark.parametrize("settings", [{"k": 0}, {"min_words": 0}, {"max_failures": -1}])
def test_invalid_settings_are_refused(settings):
    with pytest.raises(ValueError, match="must be 1 or more"):
        Rewriting(**settings)
