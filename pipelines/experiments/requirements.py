"""What an experiment needs and this machine does not have."""

from pipelines.experiments.experiment import Needs
from watermark.assets import find_model, find_spacy, find_texts, find_wordnet
from watermark.errors import ToolkitError

FIND = {
    "wordnet": find_wordnet,
    "spacy-en": find_spacy,
    "texts": find_texts,
}
MARKING = ("wordnet", "spacy-en")
"""What every experiment needs, since all of them mark."""


def missing(needs: Needs) -> list[str]:
    """Return one line for each thing that is not there and how to get it."""
    lacking = []
    for asset in (*MARKING, *needs.assets):
        try:
            FIND[asset]() if asset in FIND else find_model(asset)
        except ToolkitError as error:
            lacking.append(str(error))
    return lacking
