"""Words that a sentence speaks about: they are named, not used, and must stay."""

from functools import lru_cache

from watermark.text.sentences import Sentence

GRAMMAR = frozenset(
    """
    adjective adverb antonym cognate conjugation declension etymology homonym homophone hypernym
    hyponym lexeme noun participle preposition pronoun rhyme suffix prefix synonym synonymous
    thesaurus verb
    """.split()  # noqa: SIM905
)
"""Lemmas that make a sentence one about language."""
SPELLING = frozenset({"misspell", "misspelled", "misspelt", "pronounce", "rhyme", "spell"})
"""What is done to a word and to little else, if "a word" or a letter is near."""
NAMING = frozenset({"expression", "phrase", "term", "word", "label"})
"""Nouns that a named word follows ("the word enormous")."""
LANGUAGES = frozenset(
    """
    arabic chinese danish dutch english finnish french german greek hebrew hindi icelandic irish
    italian japanese korean latin norwegian persian polish portuguese russian sanskrit spanish
    swedish turkish
    """.split()  # noqa: SIM905
)
QUOTES = frozenset("\"'`\u2018\u2019\u201c\u201d\u00ab\u00bb") | {"``", "''"}


def mention_exclusion(sentence: Sentence, index: int) -> str:
    """Say whether the word at an index is spoken about rather than used, or nothing."""
    if is_about_words(sentence):
        return "the sentence speaks about words"
    if _is_quoted_alone(sentence, index):
        return "a word in quotation marks"
    return ""


@lru_cache(maxsize=8)  # it is asked for each word of a sentence in turn
def is_about_words(sentence: Sentence) -> bool:
    """Tell whether a sentence is about language: grammar, spelling, or a foreign word."""
    lemmas = {word.lemma for word in sentence} | {word.text.lower() for word in sentence}
    if (lemmas | {lemma.removesuffix("s") for lemma in lemmas}) & GRAMMAR:
        return True
    if any(_is_named(sentence, index) for index in range(2, len(sentence))):
        return True
    named = bool(lemmas & NAMING)
    if lemmas & SPELLING and (named or any(len(w.text) == 1 and w.tag == "NN" for w in sentence)):
        return True
    quoted = any(_is_quoted_alone(sentence, index) for index in range(len(sentence)))
    return quoted and (named or bool(lemmas & LANGUAGES))


def _is_named(sentence: Sentence, index: int) -> bool:
    """Tell whether a word follows "the word", "the term" or the like as its name."""
    determiner, noun, word = sentence[index - 2 : index + 1]
    if noun.lemma not in NAMING or determiner.text.lower() not in {"the", "this", "that"}:
        return False
    # "the term expires" and "the word once" have a verb and an adverb there
    return word.text.isalpha() and word.tag in {"JJ", "NN", "NNS", "NNP", "FW"}


def _is_quoted_alone(sentence: Sentence, index: int) -> bool:
    if not 0 < index < len(sentence) - 1:
        return False
    return sentence[index - 1].text in QUOTES and sentence[index + 1].text in QUOTES
