"""Blocks that are no prose, with LF and CR LF; beside each one stands prose that is not covered."""

import pytest

from watermark.text.protected_spans import protected_spans

WORDS = "enormous frightened workers destroyed"


def uncovered(text, **settings):
    """Return what is left of a text when what is protected has gone."""
    kept, done = [], 0
    for start, end in [*protected_spans(text, **settings), (len(text), len(text))]:
        kept.append(text[done:start])
        done = end
    return "".join(kept)


BLOCKS = {
    "yaml": "---\ntitle: the enormous storm\nsummary: >\n  the frightened workers\n---\n",
    "yaml with a list": "---\ntags:\n- enormous\n- frightened workers\n# destroyed\n---\n",
    "yaml that ends in dots": "---\ntitle: the enormous storm\n...\n",
    "toml": '+++\ntitle = "the enormous storm"\n+++\n',
    "fence": "```\nthe enormous storm\n```\n",
    "fence of tildes": "~~~ text\nthe enormous storm\n```\nfrightened\n~~~\n",
    "fence in a fence": "````\n```\nenormous\n```\nfrightened workers\n````\n",
    "fence in a list": "- Run:\n\n  ```\n  the enormous storm\n  ```\n",
    "fence behind a list mark": "1. ```\n   the enormous storm\n   ```\n",
    "fence in a quotation": "> ```\n> the enormous storm\n> ```\n",
    "unclosed fence in a quotation": "> ```\n> the enormous storm\n",
    "unclosed fence in a list": "- Run:\n\n  ```\n  the enormous storm\n\n",
    "sql": "SELECT enormous, frightened\nFROM workers\nWHERE storm = destroyed;\n",
    "sql without an end": "INSERT INTO workers\nSELECT enormous FROM storm\n\n",
    "sql that defines": "CREATE TABLE workers (\n  enormous text,\n  frightened text\n);\n",
    "heading": "## How the workers destroyed the enormous building ##\n",
    "heading with equals signs": "How the workers destroyed the enormous building\n===\n",
    "heading with dashes": "The frightened workers\ndestroyed the enormous building\n---\n",
    "heading of reStructuredText": "The frightened workers ran\n~~~~~~~~~~~~~~~~~~~~~~~~~~\n",
    "heading of MediaWiki": "== The frightened workers ==\n",
    "heading of Org": "** The frightened workers were destroyed\n",
    "heading of HTML": "<h2 id='x'>The enormous storm\nfrightened workers</h2>\n",
    "heading without marks": "How the frightened workers destroyed the building\n",
    "headers": "From: Lucas\nReceived: by the enormous\n\tfrightened workers; now\nSubject: hi\n",
    "quoted headers": "> From: Lucas\n> Subject: The enormous storm\n>   frightened workers\n",
    "one header": "Subject: The enormous storm destroyed the frightened workers\n",
    "settings": "Mood: enormous\nAnswer: frightened workers\n",
    "CDATA": "<![CDATA[The enormous storm]]>\n",
    "PHP": '<?php echo "the enormous\nstorm"; ?>\n',
    "template": "<% the enormous storm %>\n",
    "attribute": '<img alt="the enormous > frightened\nworkers">\n',
    "Jekyll": "{% highlight text %}\nthe enormous storm\n{% endhighlight %}\n",
    "Org source": "#+BEGIN_SRC text\nthe enormous storm\n#+END_SRC\n",
    "AsciiDoc listing": "[source,text]\n----\nthe enormous storm\n----\n",
    "BBCode": "[code]the enormous storm[/code]\n",
    "literal block": ".. code-block:: text\n\n   the enormous storm\n\n   frightened workers\n",
    "table": "| Item | Remark |\n|---|---|\n| storm | it destroyed the enormous building |\n",
    "columns": "Storm    it destroyed the enormous building    frightened\n",
    "two columns": "storm     it destroyed the enormous building\nrain      frightened workers\n",
    "CSV": "name,remark,score\nstorm,it destroyed the enormous building,5\n",
    "CSV with quotation": 'a;b;c\n"enormous; and, frightened";workers;5\n',
    "definition": "[the enormous storm]: http://a.org\n   'frightened workers'\n",
    "footnote": "[^1]: http://a.org/enormous\n",
}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("name", BLOCKS)
def test_a_block_is_covered_and_what_follows_is_not(name, end, mark):
    prose = "The traveller crossed the desert alone, and nobody saw her again.\n"
    text = (mark + BLOCKS[name] + "\n" + prose).replace("\n", end)
    left = uncovered(text)
    assert prose.strip() in left
    assert not [word for word in WORDS.split() if word in left]


def test_spans_are_the_same_for_all_line_ends():
    text = "".join(f"{block}\nThe traveller crossed the desert.\n\n" for block in BLOCKS.values())
    expected = uncovered(text)
    assert expected.count("The traveller crossed the desert.") > 30
    for end in ("\r\n", "\r"):
        left = uncovered(text.replace("\n", end)).split()
        assert left == expected.split()


def test_an_unclosed_fence_in_the_text_itself_reaches_to_the_end():
    assert uncovered("Before.\r\n```\r\nenormous\r\n\r\nfrightened workers").strip() == "Before."


def test_a_ruler_and_a_sentence_with_dashes_are_no_front_matter():
    text = "---\nThe workers were frightened: they left.\n\nNobody came.\n---\nThe end came soon.\n"
    assert "The workers were frightened" in uncovered(text)


def test_only_the_last_line_of_a_long_paragraph_above_a_ruler_is_a_heading():
    text = "The workers left.\nThey ran away.\nThey hid.\nThey slept.\nThey woke.\n-----\n"
    assert uncovered(text).strip().endswith("They slept.")


@pytest.mark.parametrize(
    "template",
    [
        "<|im_start|>system\n{}<|im_end|>\n<|im_start|>assistant\n{}<|im_end|>",
        "<|start_header_id|>user<|end_header_id|>\n\n{}<|eot_id|>{}<|eot_id|>",
        "<start_of_turn>user\n{}<end_of_turn>\n<start_of_turn>model\n{}<end_of_turn>",
        "<s>[INST] <<SYS>>\n{}\n<</SYS>>\n\n{} [/INST]</s>",
        "<\uff5cUser\uff5c>{}<\uff5cAssistant\uff5c>{}",
        "User: {}\nAssistant: {}\n",
        "### Human: {}\n### Assistant: {}\n",
    ],
)
def test_the_prose_of_a_chat_is_left_and_its_roles_are_covered(template):
    question = "Why was the enormous building destroyed so quickly?"
    answer = "The storm frightened all of the workers."
    left = uncovered(template.format(question, answer))
    if not template.startswith("#"):  # a heading is covered whole
        assert question in left
        assert answer in left
    for word in ("system", "user", "model", "assistant", "Human", "Assistant", "User", "|"):
        assert word not in left.replace(question, "").replace(answer, "")


def test_labels_of_links_are_covered_where_they_refer_to_a_definition():
    text = (
        "See [the Enormous\nstorm] and [what they answered][frightened workers], [destroyed][],\n"
        "[[enormous workers|what the page says]] but [not this].\n\n"
        "[the enormous storm]: http://a.org\n[frightened workers]: <b>\n[destroyed]:\n  http://c\n"
    )
    left = uncovered(text)
    assert not [word for word in WORDS.lower().split() if word in left.lower()]
    assert "what they answered" in left
    assert "what the page says" in left
    assert "not this" in left


@pytest.mark.parametrize(
    "quotation",
    [
        '"We must abandon\nthe building,"',
        "\u201cWe must abandon\nthe building,\u201d",
        "\u2018We don\u2019t abandon\nthe building,\u2019",
        "\u201eWe abandon the building,\u201c",
        "\u00abWe abandon the building,\u00bb",
        "<q>We abandon the building</q>",
        "> We abandon the building",
    ],
)
def test_quotations_are_covered_on_request(quotation):
    text = f"The mayor spoke.\n\n{quotation}\n\nThen he left."
    assert "abandon" in uncovered(text)
    left = uncovered(text, quotations=True)
    assert "building" not in left
    assert "The mayor spoke." in left
    assert "Then he left." in left


def test_a_quotation_that_goes_on_in_the_next_paragraph_ends_at_each():
    text = '"We must abandon it.\n\n"We must go," he said, and left.\n\nThen he slept.'
    left = uncovered(text, quotations=True)
    assert " ".join(left.split()) == "he said, and left. Then he slept."
