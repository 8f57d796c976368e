"""The sources of candidates by the names that the option `--source` has for them."""

from collections.abc import Callable, Iterable

from watermark.acceptance import Quality, load_acceptance
from watermark.assets import find_model, find_spacy, find_wordnet
from watermark.errors import AssetError
from watermark.fit import Source
from watermark.model_features import Models
from watermark.schemes.leximark import Analyst, LexiMark
from watermark.sources.wordnet import ModelledWordNetSource, WordNetSource
from watermark.synonyms import WordNet
from watermark.words import load_english

MODELS = ("minilm", "smollm2-135m")
"""The assets that quality `best` needs: an encoder and a language model."""


def load_models() -> Models:
    """Load the optional models that quality `best` needs.

    Raises:
        AssetError: They are not there.
    """
    from membership.context import ContextReader
    from membership.models.encoder import load_encoder
    from membership.models.huggingface import load_huggingface

    encoder, reader = map(find_model, MODELS)
    return Models(load_encoder(encoder), ContextReader(load_huggingface(reader)))


def load_analyst(scheme: LexiMark = LexiMark()) -> Analyst:
    """Load the language data that `leximark assets` fetched, and the sources of a scheme.

    Raises:
        AssetError: They are not there.
        ValueError: A source is none.
    """
    wordnet = WordNet(find_wordnet())
    sources = make_sources(scheme.sources, scheme.quality, wordnet)
    return Analyst(load_english(find_spacy()), wordnet, sources)


def installed_quality() -> Quality:
    """Return `best` if the models that it needs are on this machine, else `fast`."""
    try:
        for name in MODELS:
            find_model(name)
    except AssetError:
        return "fast"
    return "best"


def make_sources(names: Iterable[str], quality: Quality, wordnet: WordNet) -> tuple[Source, ...]:
    """Load the sources.

    Args:
        names: As the command line gives them: a name, with `=` and a value where one is needed.
        quality: How the words of WordNet are judged.
        wordnet: WordNet.

    Raises:
        AssetError: A model is not there.
        ValueError: There is no such source, or its value is none.
    """
    made: dict[str, Source] = {}
    for spelled in names:
        name, _, value = spelled.partition("=")
        if name not in SOURCES:
            raise ValueError(f"there is no source {name!r}; there are {', '.join(SOURCES)}")
        if name in made:
            raise ValueError(f"source {name} comes twice")
        made[name] = SOURCES[name](value, quality, wordnet)
    if not made:
        raise ValueError("no source of candidates: give one, such as wordnet")
    return tuple(made.values())


def _wordnet(value: str, quality: Quality, wordnet: WordNet) -> Source:
    if value:
        raise ValueError(f"source wordnet takes no value, got {value!r}; see --min-fit")
    fast = load_acceptance("fast")
    if quality == "fast":
        return WordNetSource(wordnet, fast)
    return ModelledWordNetSource(wordnet, load_acceptance("best"), load_models(), fast)


SOURCES: dict[str, Callable[[str, Quality, WordNet], Source]] = {"wordnet": _wordnet}
"""How each is made from its value."""
