import numpy as np
import pytest
from tokenizers import Tokenizer, models, processors

from membership.traces.tokens import wrap_tokenizer
from tests.support.tiny import END, TEXTS, tiny_tokenizer
from watermark.errors import ModelError


def wrap(tokenizer, start="auto"):
    ids = {"bos": tokenizer.bos_token_id, "eos": tokenizer.eos_token_id}
    named = {role: i for role, i in ids.items() if i is not None}
    return wrap_tokenizer(tokenizer.backend_tokenizer, start, named, tokenizer.unk_token_id)


def test_spans_count_code_points_of_the_text():
    text = "naïve 🤷 words"
    tokens = wrap(tiny_tokenizer()).encode([text])[0]
    assert tokens.spans.shape == (len(tokens), 2)
    assert tokens.spans[-1, 1] == len(text)
    assert (np.diff(tokens.spans[:, 0]) >= 0).all()


@pytest.mark.parametrize("kind", ["byte_level", "llama3", "metaspace", "legacy", "unigram"])
def test_what_looks_like_a_special_token_is_text(kind):
    tokenizer = wrap(tiny_tokenizer((*TEXTS, f"a {END} b"), kind=kind))
    text = f"if {END} else"
    tokens = tokenizer.encode([text])[0]
    end = tokenizer.backend.token_to_id(END)
    if kind == "unigram":  # there the vocabulary itself holds it as a piece: at least not scored
        assert not tokenizer.scored(tokens)[tokens.ids == end].any()
    else:
        assert end not in tokens.ids
        assert tokens.spans[-1, 1] == len(text)


def test_truncation_and_padding_of_the_file_are_taken_out():
    tiny = tiny_tokenizer()
    tiny.backend_tokenizer.enable_truncation(3)
    tiny.backend_tokenizer.enable_padding(length=500)
    tokens = wrap(tiny).encode([TEXTS[0]])[0]
    assert len(tokens) > 3
    assert tokens.spans[-1, 1] > len(TEXTS[0]) - 5


def test_a_lone_surrogate_keeps_its_place():
    tokens = wrap(tiny_tokenizer()).encode(["ab\ud800cd"])[0]
    assert tokens.spans[-1, 1] == 5


def test_the_start_token_is_what_the_tokenizer_puts_first():
    tiny = tiny_tokenizer()
    tiny.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="try try $A", special_tokens=[("try", tiny.convert_tokens_to_ids("try"))]
    )
    assert wrap(tiny).start == (tiny.convert_tokens_to_ids("try"),) * 2


def test_the_start_token_is_bos_when_the_tokenizer_puts_nothing_first():
    tiny = tiny_tokenizer()
    assert wrap(tiny).start == (tiny.bos_token_id,)
    assert wrap(tiny).start_text() == END


def test_without_a_start_token_the_first_token_is_not_scored():
    tokenizer = wrap(tiny_tokenizer(bos=None))
    assert tokenizer.start == ()
    assert tokenizer.start_text() == "none"
    tokens = tokenizer.encode(["one two"])[0]
    assert tokenizer.scored(tokens).tolist() == [False] + [True] * (len(tokens) - 1)


def test_the_start_token_may_be_chosen():
    tiny = tiny_tokenizer(bos=None)
    assert wrap(tiny, "none").start == ()
    assert wrap(tiny, "eos").start == (tiny.eos_token_id,)
    assert wrap(tiny, "try").start == (tiny.convert_tokens_to_ids("try"),)


@pytest.mark.parametrize("missing", ["bos", "<|nothing|>"])
def test_a_start_token_that_is_not_there_is_refused_with_what_there_is(missing):
    with pytest.raises(ModelError, match=r"<\|endoftext\|>"):
        wrap(tiny_tokenizer(bos=None), missing)


def test_an_unknown_word_is_scored_and_a_special_token_never():
    tokenizer = wrap(tiny_tokenizer(kind="metaspace"))
    tokens = tokenizer.encode(["if 漢 else"])[0]
    assert tokenizer.backend.token_to_id("<unk>") in tokens.ids
    assert tokenizer.scored(tokens).all()
    end = np.full(2, tokenizer.backend.token_to_id(END), np.int32)
    assert not tokenizer.scored(type(tokens)(end, tokens.spans[:2])).any()


def test_a_tokenizer_that_fails_on_a_text_is_the_models_fault():
    backend = Tokenizer(models.WordLevel({"a": 0}, unk_token="<missing>"))
    tokenizer = wrap_tokenizer(backend, "none", {})
    with pytest.raises(ModelError, match="cannot cut a text"):
        tokenizer.encode(["b"])
