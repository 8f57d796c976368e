import sys

import numpy as np
import pytest

from pipelines.experiments.trials.remover_packages import Dewatermark, Disarm
from watermark.document import Document
from watermark.errors import PrerequisiteError

RNG = np.random.default_rng(0)
MARKED = "The p\u0430y\u200bment was of\ufb01cial, and the abode\u00a0purchased."
"""A Cyrillic letter, an invisible space, a ligature and a no-break space."""


@pytest.mark.parametrize("make", [Disarm, Dewatermark])
def test_the_packages_change_characters_and_leave_words(make):
    attack = make()
    after = attack.apply(Document("d", MARKED), RNG)
    assert after == attack.apply(Document("d", MARKED), RNG)
    assert after.text == "The payment was official, and the abode purchased."
    plain = Document("e", "The abode was purchased by an elderly man.")
    assert attack.apply(plain, RNG) == plain


@pytest.mark.parametrize("make", [Disarm, Dewatermark])
def test_a_package_that_is_not_installed_is_named(make, monkeypatch):
    monkeypatch.setitem(sys.modules, make.name, None)
    said = rf"{make.name}: {make.name} is not installed: run `pip install 'leximark\[attacks\]'`"
    with pytest.raises(PrerequisiteError, match=said):
        make()
