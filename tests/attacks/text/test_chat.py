import numpy as np
import pytest

from attacks.text.chat import PROMPTS, ChatRewriting, LocalChatRewriting
from membership.models.marking.chat import open_chat
from tests.support.fake_chat import serve_chat
from watermark.document import Document

RNG = np.random.default_rng(0)


def answer(text):
    if "boom" in text:
        raise ValueError("no")
    return f" {text.upper()}\n"


def test_a_server_rewrites_paragraphs_and_what_it_refuses_stays():
    faults: list[str] = []
    with serve_chat(answer) as address:
        chat = open_chat(address, PROMPTS["rephrase"][0], 5, faults.append)
        after = ChatRewriting((chat.ask,)).apply(Document("d", "one\n\nboom\n\n\n\ntwo"), RNG)
    assert after.text == "ONE\n\nboom\n\n\n\nTWO"
    assert (chat.n_failures, len(faults)) == (1, 1)


def test_requests_follow_each_other_and_an_empty_answer_keeps_the_text():
    attack = ChatRewriting((lambda t: [x + "1" for x in t], lambda t: [x + "2" for x in t]))
    assert attack.apply(Document("d", "a\n\nb"), RNG).text == "a12\n\nb12"
    silent = ChatRewriting((lambda texts: [" "] * len(texts),))
    assert silent.apply(Document("d", "a"), RNG).text == "a"


def test_the_share_of_paragraphs_is_kept():
    attack = ChatRewriting((lambda texts: ["new"] * len(texts),), share=0.2)
    after = attack.apply(Document("d", "\n\n".join(["old"] * 500)), RNG).text
    assert abs(after.count("new") - 100) < 4 * np.sqrt(80)


def test_every_prompt_asks_for_the_text_alone():
    assert set(PROMPTS) == {"edit", "rephrase", "expand", "round_trip"}
    assert all("only" in requests[-1] for requests in PROMPTS.values())


def test_a_model_in_memory_is_asked_once_about_all_documents():
    asked: list[int] = []

    def ask(texts):
        asked.append(len(texts))
        return [text.upper() if text != "no" else None for text in texts]

    documents = [Document("d", "one\n\nno"), Document("e", "\n\n"), Document("f", "two")]
    after = LocalChatRewriting((ask,)).apply_all(documents, RNG)
    assert [document.text for document in after if document] == ["ONE\n\nno", "\n\n", "TWO"]
    assert asked == [3]
    half = LocalChatRewriting((ask,), share=0.5)
    many = [Document(str(number), "word") for number in range(400)]
    twice = [half.apply_all(many, np.random.default_rng(7)) for _ in range(2)]
    assert twice[0] == twice[1]
    assert abs([d.text for d in twice[0] if d].count("WORD") - 200) < 4 * np.sqrt(100)
    with pytest.raises(ValueError, match="share"):
        LocalChatRewriting((ask,), share=2)
