"""Errors the user can fix.

    ToolkitError            printed as one message, exit status 2
    ├── CorpusError         the text that was given: missing, malformed, empty
    ├── VaultError          the owner's folder: altered, incomplete, wrong key
    ├── AssetError          language data that is not there; names the command that fetches it
    ├── ModelError          a suspect or reference that is unsafe or cannot be loaded
    └── PrerequisiteError   a test or detector that lacks something it needs

Programming errors are `ValueError` and `TypeError` and keep their traceback (exit status 1).
Every message says who complains, what was wanted, what came, and how to fix it.
"""

import errno
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager

SYSTEM_ERRORS = frozenset(
    {
        errno.EACCES,
        errno.EDQUOT,
        errno.EEXIST,
        errno.EFBIG,
        errno.EIO,
        errno.EISDIR,
        errno.ELOOP,
        errno.EMFILE,
        errno.ENAMETOOLONG,
        errno.ENOSPC,
        errno.ENOTDIR,
        errno.EPERM,
        errno.EROFS,
    }
)
"""Refusals of the operating system that the user can fix: a full disk, a file in the way."""


class ToolkitError(Exception):
    """An error the user can fix; the message is self-contained."""


class CorpusError(ToolkitError):
    """Raised when a data set cannot be read, or cannot be written in its own format."""


class VaultError(ToolkitError):
    """Raised when the owner's private folder is not what `mark` left."""


class AssetError(ToolkitError):
    """Raised when language data is missing; the message names the command that fetches it."""


class ModelError(ToolkitError):
    """Raised when a model folder is not one, or holds what a hostile suspect could use."""


class PrerequisiteError(ToolkitError):
    """Raised when a test or detector needs something that this vault or model cannot give."""


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
