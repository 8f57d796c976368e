from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from attacks.attack import attack_documents
from attacks.text.chat import GROWTHS, PROMPTS, ChatRewriting
from membership.models.marking.chat import open_chat
from tests.support.fake_chat import serve_chat
from watermark.document import Document

RNG = np.random.default_rng(0)


@dataclass
class Upper:
    """Answers in capitals, and not at all to *no*."""

    answer: Callable[[str], str | None] = lambda text: None if text == "no" else text.upper()
    asked: list[int] = field(default_factory=list)
    n_failures: int = 0
    n_retryable: int = 0

    def ask(self, texts):
        self.asked.append(len(texts))
        return [self.answer(text) for text in texts]


def answer(text):
    if "boom" in text:
        raise ValueError("no")
    return f" {text.upper()}\n"


def test_a_server_rewrites_paragraphs_and_what_it_refuses_stays():
    faults: list[str] = []
    with serve_chat(answer) as address:
        chat = open_chat(address, PROMPTS["rephrase"][0], 5, faults.append)
        attack = ChatRewriting((chat,))
        after = attack.apply(Document("d", "one\n\nboom\n\n\n\ntwo"), RNG)
    assert after == Document("d", "ONE\n\nboom\n\n\n\nTWO")
    assert (attack.n_failures, len(faults)) == (1, 1)


def test_requests_follow_each_other_and_an_empty_answer_keeps_the_text():
    attack = ChatRewriting((Upper(lambda text: text + "1"), Upper(lambda text: text + "2")))
    assert attack.apply(Document("d", "a\n\nb"), RNG) == Document("d", "a12\n\nb12")
    silent = ChatRewriting((Upper(lambda text: " "),))
    assert silent.apply(Document("d", "a"), RNG) == Document("d", "a")


def test_the_share_of_paragraphs_is_kept():
    attack = ChatRewriting((Upper(),), share=0.2)
    after = attack.apply(Document("d", "\n\n".join(["old"] * 500)), RNG)
    assert after is not None
    assert abs(after.text.count("OLD") - 100) < 4 * np.sqrt(80)
    with pytest.raises(ValueError, match="share"):
        ChatRewriting((Upper(),), share=2)


def test_many_documents_are_asked_at_once_and_each_depends_on_itself_alone():
    model = Upper()
    attack = ChatRewriting((model,), share=0.5)
    documents = [Document(str(number), "word\n\nno") for number in range(200)]
    after = list(attack_documents([attack], documents, seed=7))
    assert len(model.asked) == 4  # of up to 64 documents each
    assert abs(sum(d.text == "WORD\n\nno" for d in after if d) - 100) < 4 * np.sqrt(50)
    assert list(attack_documents([attack], documents[::-1], seed=7)) == after[::-1]
    assert list(attack_documents([attack], documents[5:9], seed=7)) == after[5:9]
    some = list(attack_documents([ChatRewriting((model,))], documents, seed=7, share=0.2))
    assert abs(sum(d.text != "word\n\nno" for d in some if d) - 40) < 4 * np.sqrt(32)


def test_every_prompt_asks_for_the_text_alone():
    assert set(PROMPTS) == {"edit", "rephrase", "expand", "round_trip"}
    assert all("only" in requests[-1] for requests in PROMPTS.values())
    assert {name: len(growths) for name, growths in GROWTHS.items()} == {
        name: len(requests) for name, requests in PROMPTS.items()
    }
