import pytest

from watermark.errors import ModelError, as_model_error


class PanicException(BaseException):
    pass


def raising(error):
    with as_model_error("tiny: cannot be loaded"):
        raise error


@pytest.mark.parametrize("error", [ValueError("bad\n   file"), PanicException("bad file")])
def test_what_a_library_raises_is_one_line_to_the_user(error):
    with pytest.raises(ModelError) as caught:
        raising(error)
    assert str(caught.value) == f"tiny: cannot be loaded: {type(error).__name__}: bad file"


def test_an_endless_message_is_cut():
    with pytest.raises(ModelError) as caught:
        raising(ValueError("word " * 1000))
    assert len(str(caught.value)) < 400


def test_our_own_refusal_stays_as_it_is():
    with pytest.raises(ModelError, match=r"^refused$"):
        raising(ModelError("refused"))


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_the_user_may_leave(error):
    with pytest.raises(error):
        raising(error())
