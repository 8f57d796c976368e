import numpy as np
import pytest

from pipelines.experiments.trials.remover_packages import Dewatermark, Disarm
from watermark.document import Document

RNG = np.random.default_rng(0)
MARKED = "The p\u0430y\u200bment was of\ufb01cial, and the abode\u00a0purchased."
"""A Cyrillic letter, an invisible space, a ligature and a no-break space."""


@pytest.mark.parametrize("attack", [Disarm(), Dewatermark()])
def test_the_packages_change_characters_and_leave_words(attack):
    after = attack.apply(Document("d", MARKED), RNG)
    assert after == attack.apply(Document("d", MARKED), RNG)
    assert after.text == "The payment was official, and the abode purchased."
    plain = Document("e", "The abode was purchased by an elderly man.")
    assert attack.apply(plain, RNG) == plain
