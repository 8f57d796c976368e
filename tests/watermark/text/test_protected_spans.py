from itertools import pairwise

import pytest

from watermark.text.protected_spans import protected_spans


def covered(text, **settings):
    return [text[start:end] for start, end in protected_spans(text, **settings)]


@pytest.mark.parametrize(
    "inside",
    [
        "https://example.org/big?q=dog",
        "www.example.org/big",
        "someone@example.org",
        "`big dog`",
        "<b class='big'>",
        "&amp;",
        "big_dog",
        "bigDog",
        "os.path.join",
        "/usr/share/big",
        "--big-dog",
        "@bigdog",
        "#bigdog",
        "42nd",
        "$x + big$",
        "{big}",
        "\\emph{big}",
    ],
)
def test_what_is_not_prose_is_covered_and_the_words_around_it_are_not(inside):
    text = f"the large house {inside} stands here"
    spans = protected_spans(text)
    start = text.index(inside)
    assert any(a <= start and start + len(inside) <= b for a, b in spans)
    for word in ("large", "house", "stands", "here"):
        at = text.index(word)
        assert not any(a < at + len(word) and at < b for a, b in spans)


@pytest.mark.parametrize(
    "block",
    [
        "```python\nbig = dog()\n```",
        "~~~\nbig dog\n~~~",
        "<pre>\nbig dog\n</pre>",
        "<script>big dog</script>",
        "<!-- a big\ndog -->",
        ">>> big dog",
        "| big | dog |",
        "big\tdog\thouse",
        "From: Big Dog\nSubject: big house",
        "\\begin{equation}\nbig\n\\end{equation}",
    ],
)
def test_blocks_are_covered_whole(block):
    text = f"A large house.\n{block}\nA small house.\n"
    assert block in " ".join(covered(text)) or "\n".join(covered(text)) == block


def test_an_unclosed_code_block_reaches_to_the_end():
    text = "The house is large.\n```\nbig dog"
    assert covered(text) == ["```\nbig dog"]


def test_quotations_are_covered_on_request_only():
    text = 'He said "a big dog" and \u201ca large cat\u201d.'
    assert covered(text) == []
    assert covered(text, quotations=True) == ['"a big dog"', "\u201ca large cat\u201d"]


def test_spans_are_merged_and_in_order():
    spans = protected_spans("`a <b> c` x@y.org https://x.org/1 <i>")
    assert spans == sorted(spans)
    assert all(a[1] < b[0] for a, b in pairwise(spans))
