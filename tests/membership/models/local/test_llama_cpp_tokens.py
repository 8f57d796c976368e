import numpy as np
import pytest

from membership.models.local.llama_cpp_tokens import LlamaCppTokenizer
from watermark.errors import ModelError

WORDS = {1: b"caf", 2: "\u00e9".encode()[:1], 3: "\u00e9".encode()[1:], 4: b" au", 5: b" caf"}


def tokenizer_that_cuts_into(*ids: int, start: tuple[int, ...] = ()) -> LlamaCppTokenizer:
    return LlamaCppTokenizer("tiny", lambda text: list(ids), WORDS.__getitem__, start, frozenset())


def test_pieces_of_a_character_have_its_place():
    (tokens,) = tokenizer_that_cuts_into(1, 2, 3, 4).encode(["caf\u00e9 au"])
    np.testing.assert_array_equal(tokens.ids, [1, 2, 3, 4])
    np.testing.assert_array_equal(tokens.spans, [[0, 3], [3, 4], [3, 4], [4, 7]])


def test_the_space_that_sentencepiece_adds_has_no_place():
    (tokens,) = tokenizer_that_cuts_into(5, 2, 3).encode(["caf\u00e9"])
    np.testing.assert_array_equal(tokens.spans, [[0, 3], [3, 4], [3, 4]])


def test_an_empty_text_has_no_tokens():
    (tokens,) = tokenizer_that_cuts_into(1).encode([""])
    assert len(tokens) == 0
    assert tokens.spans.shape == (0, 2)


def test_tokens_that_do_not_spell_the_text_are_refused():
    with pytest.raises(ModelError, match="tiny: its tokenizer does not reproduce the text"):
        tokenizer_that_cuts_into(1, 4).encode(["cafe au"])


def test_without_a_start_token_the_first_is_not_scored():
    for start, first in (((), False), ((9,), True)):
        tokenizer = tokenizer_that_cuts_into(1, 4, start=start)
        (tokens,) = tokenizer.encode(["caf au"])
        assert tokenizer.scored(tokens).tolist() == [first, True]
