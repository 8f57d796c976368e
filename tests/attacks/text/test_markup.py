import numpy as np

from attacks.text.markup import Markup
from watermark.document import Document


def run(attack, text, seed=0):
    return attack.apply(Document("d", text), np.random.default_rng(seed)).text


def test_markup_goes_and_words_stay():
    before = "# Head\n\n* **bold** and *it* [link](http://x.y)\n> <b>x</b> &amp; `code`<!-- no -->"
    assert run(Markup(), before) == "Head\n\nbold and it link\nx & code"
