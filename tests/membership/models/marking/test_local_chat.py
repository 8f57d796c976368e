import pytest
import torch

from membership.models.marking import local_chat
from membership.models.marking.local_chat import load_local_chat, render
from tests.support.tiny import END, save_tiny_model, tiny_tokenizer
from watermark.errors import ModelError

TEMPLATE = (
    "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant:{% endif %}"
)
TEXTS = ["The if statement.", "A much longer passage about the try statement and its clauses."]


@pytest.fixture(autouse=True)
def exact(monkeypatch):
    """Load models in float32: in bfloat16 the answer to a text depends on those beside it."""
    monkeypatch.setattr(local_chat, "auto_dtype", lambda device: torch.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    tokenizer = tiny_tokenizer()
    tokenizer.chat_template, tokenizer.pad_token = TEMPLATE, END
    path = tmp_path_factory.mktemp("chat") / "model"
    return save_tiny_model(path, "llama", tokenizer, max_position_embeddings=512)


def greedy(chat, text):
    """Write the likeliest tokens one by one, without a cache and without padding."""
    prompt = f"system: {chat.prompt}\nuser: {text}\nassistant:"
    ids = chat.tokenizer(prompt)["input_ids"]
    limit = int(1.5 * len(chat.tokenizer(text)["input_ids"])) + 32
    written: list[int] = []
    while len(written) < limit:
        logits = chat.model(input_ids=torch.tensor([ids + written])).logits[0, -1]
        written.append(int(logits.argmax()))
        if written[-1] == chat.tokenizer.eos_token_id:
            break
    return chat.tokenizer.decode(written, skip_special_tokens=True).strip()


def test_answers_are_those_of_a_greedy_loop_whatever_stands_beside_them(folder, monkeypatch):
    chat, other = load_local_chat(folder, ["Be brief.", "Be long."])
    wanted = [greedy(chat, text) for text in TEXTS]
    assert chat.ask(TEXTS) == wanted
    assert chat.ask(TEXTS[::-1]) == wanted[::-1]
    assert other.ask(TEXTS) != wanted  # the prompt is read
    monkeypatch.setattr(local_chat, "BATCH", 1)
    assert chat.ask(TEXTS) == wanted
    assert chat.ask([]) == []


def test_weights_are_of_the_type_that_the_hardware_prefers(folder, monkeypatch):
    monkeypatch.setattr(local_chat, "auto_dtype", lambda device: torch.bfloat16)
    (chat,) = load_local_chat(folder, ["Be brief."])
    assert {weight.dtype for weight in chat.model.parameters()} == {torch.bfloat16}
    assert all(chat.ask(TEXTS))


def test_longer_answers_are_allowed_where_they_are_needed(folder):
    short, long = load_local_chat(folder, ["Be brief.", "Be brief."], [1.5, 4.0])
    brief, full = (str(chat.ask(TEXTS)[1]) for chat in (short, long))
    assert full.startswith(brief)
    assert len(full) > len(brief)


def test_a_text_that_does_not_fit_gets_no_answer_and_is_counted(folder):
    (chat,) = load_local_chat(folder, ["Be brief."])
    wanted = chat.ask(TEXTS)
    assert chat.ask([TEXTS[0], TEXTS[1] * 30, TEXTS[1]]) == [wanted[0], None, wanted[1]]
    assert (chat.n_failures, chat.n_retryable) == (1, 0)


def test_a_tokenizer_without_padding_and_a_template_without_a_system_role(folder, tmp_path):
    tokenizer = tiny_tokenizer()
    tokenizer.chat_template = (
        "{% if messages[0].role == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
        "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}assistant:"
    )
    path = save_tiny_model(tmp_path / "gemma", "llama", tokenizer, max_position_embeddings=512)
    (chat,) = load_local_chat(path, ["Be brief."])
    assert chat.tokenizer.pad_token_id is not None
    assert render(chat.tokenizer, "Be brief.", "A.") == "user: Be brief.\n\nA.\nassistant:"
    alone = [chat.ask([text])[0] for text in TEXTS]
    assert chat.ask(TEXTS) == alone


USER_ALONE = "{% for m in messages if m.role == 'user' %}{{ m.content }}\n{% endfor %}"


def test_a_template_that_ignores_the_system_role_gets_the_prompt_with_the_text():
    tokenizer = tiny_tokenizer()
    tokenizer.chat_template = USER_ALONE
    assert render(tokenizer, "Be brief.", "A.") == "Be brief.\n\nA.\n"


def test_a_template_that_leaves_the_prompt_out_is_refused(tmp_path):
    tokenizer = tiny_tokenizer()
    tokenizer.chat_template = USER_ALONE.replace("m.content", "m.content[-5:]")
    path = save_tiny_model(tmp_path / "deaf", "llama", tokenizer)
    with pytest.raises(ModelError, match="deaf: its chat template leaves out the prompt"):
        load_local_chat(path, ["A.", "Be brief."])


def test_a_broken_template_is_the_model_s_fault(tmp_path):
    tokenizer = tiny_tokenizer()
    tokenizer.chat_template = "{% for m in messages %}"
    broken = save_tiny_model(tmp_path / "broken", "llama", tokenizer)
    with pytest.raises(ModelError, match="cannot be loaded as a chat model"):
        load_local_chat(broken, ["Be brief."])


def test_a_model_without_a_template_is_refused(tmp_path):
    bare = save_tiny_model(tmp_path / "bare")
    with pytest.raises(ModelError, match="has no chat template; wanted a model that was tuned"):
        load_local_chat(bare, ["Be brief."])
