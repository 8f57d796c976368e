"""Files of others in the hands of libraries: what goes wrong there is one message to the user."""

import textwrap
from collections.abc import Iterator
from contextlib import contextmanager

from watermark.errors import ModelError


@contextmanager
def as_model_error(what: str) -> Iterator[None]:
    """Turn whatever a model's files make a library raise into a `ModelError`.

    A malformed tokenizer can make the tokenizers library panic, which is no `Exception`.

    Args:
        what: Who failed at what; begins the message.
    """
    try:
        yield
    except ModelError:
        raise
    except BaseException as error:
        kind = type(error).__name__
        if not isinstance(error, Exception) and kind != "PanicException":
            raise
        said = textwrap.shorten(str(error), 300) or "no message"
        raise ModelError(f"{what}: {kind}: {said}") from error
