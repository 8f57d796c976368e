"""Words that a sentence speaks about: they are named, not used, and must stay."""

from functools import lru_cache

from watermark.text.sentences import Sentence, Word

GRAMMAR = frozenset(
    """
    adj adj. adjective adv adv. adverb anagram antonym cognate comparative conjugation crossword
    declension dictionary etymology euphemism homonym homophone hypernym hyponym idiom lexeme
    misnomer noun palindrome participle prefix preposition pronoun proverb rhyme suffix superlative
    syllable synonym synonymous thesaurus verb vowel
    """.split()  # noqa: SIM905
)
"""Lemmas that make a sentence one about language."""
SPELLING = frozenset(
    {"mispronounce", "misspell", "misspelled", "misspelt", "pronounce", "rhyme", "spell"}
)
"""What is done to a word and to little else: as a verb, or if "a word" or a letter is near."""
NAMING = frozenset({"expression", "keyword", "label", "password", "phrase", "term", "word"})
"""Nouns that a named word follows ("the word enormous")."""
LANGUAGES = frozenset(
    """
    arabic chinese danish dutch english finnish french german greek hebrew hindi icelandic irish
    italian japanese korean latin norwegian persian polish portuguese russian sanskrit spanish
    swedish turkish
    """.split()  # noqa: SIM905
)
ABOUT = frozenset({"definition", "letter", "meaning", "opposite", "root"})
"""Nouns that an adjective as a word follows with "of" ("the opposite of huge")."""
FORMS = frozenset({"plural", "pronunciation", "spelling", "translation"})
"""Nouns that any word as a word follows with "of"."""
AMOUNTS = frozenset({"enough", "less", "little", "many", "more", "most", "much"})
"""Adjectives that stand for something ("said little", "means much")."""
SAYING = frozenset({"mean", "say", "translate", "type", "write"})
"""Verbs with a bare adjective or verb as object only if it is mentioned ("do not say huge")."""
WORDING = frozenset(
    """
    call caption dub entitle headline inscription label message motto name nickname password sign
    slogan subtitle tagline term title
    """.split()  # noqa: SIM905
)
"""Lemmas beside which a short quotation gives exact words ("a sign read ...")."""
GIVEN = frozenset({"dubbed", "nicknamed", "so-called", "styled"})
"""Words that a name follows, as it does "known as" and "so called"."""
QUOTES = frozenset("\"'`\u2018\u2019\u201c\u201d\u00ab\u00bb") | {"``", "''"}
_DOUBLE = frozenset('"\u201c\u201d\u00ab\u00bb') | {"``", "''"}
_SIGNS = QUOTES | {"*", "**", "_", "__"}
"""What may stand around a word that is mentioned."""
_HEADWORD_ENDS = frozenset({":", "=", "-", "--", "\u2013", "\u2014"})
_BARE = frozenset({"JJ", "RB", "VB", "VBP", "FW"})
"""Tags of words that are no noun phrase by themselves."""
_NAMES = frozenset({"NN", "NNS", "NNP"})
_BETWEEN = frozenset({"JJ", "JJR", "RB", "CC", ",", "HYPH", "VBN", "VBG"})
"""Tags of what may stand between an adjective and its noun."""
_QUOTATION_WORDS = 8
_NAME_WORDS = 4


def mention_exclusion(sentence: Sentence, index: int) -> str:
    """Return why the word at an index counts as mentioned; empty if it counts as used."""
    if is_about_words(sentence):
        return "the sentence speaks about words"
    if _is_quoted_alone(sentence, index) or _is_exact_wording(sentence, index):
        return "a word in quotation marks"
    if _is_headword(sentence, index):
        return "a headword or label"
    return "part of a name that is given" if _is_given(sentence, index) else ""


@lru_cache(maxsize=8)  # it is asked for each word of a sentence in turn
def is_about_words(sentence: Sentence) -> bool:
    """Tell whether a sentence is about language: grammar, spelling, or a foreign word."""
    lemmas = {word.lemma for word in sentence} | {word.text.lower() for word in sentence}
    if (lemmas | {lemma.removesuffix("s") for lemma in lemmas}) & GRAMMAR:
        return True
    if any(_is_about(sentence, index) for index in range(len(sentence))):
        return True
    named = bool(lemmas & NAMING)
    if lemmas & SPELLING and (named or any(len(w.text) == 1 and w.tag == "NN" for w in sentence)):
        return True
    quoted = any(_is_quoted_alone(sentence, index) for index in range(len(sentence)))
    return (quoted and (named or bool(lemmas & LANGUAGES))) or (
        "word" in lemmas and bool(lemmas & LANGUAGES)
    )


def _is_about(sentence: Sentence, index: int) -> bool:
    """Tell whether what begins at an index shows that the sentence is about a word."""
    word = sentence[index]
    if word.tag.startswith("V") or (index == 0 and word.tag == "NNP"):  # as "Translate" can be
        return (
            word.lemma in SPELLING
            or (word.lemma in SAYING and _mentions_next(sentence, index))
            or (word.lemma == "mean" and _has_word_as_subject(sentence, index))
        )
    if word.text.lower() in LANGUAGES:  # "German for quick"
        return _text(sentence, index + 1) == "for"
    if word.lemma in ABOUT | FORMS and _text(sentence, index + 1) == "of":
        return _is_bare(sentence, index + 2, _BARE | _NAMES if word.lemma in FORMS else _BARE)
    return word.lemma in NAMING and (_is_named(sentence, index) or _has_examples(sentence, index))


def _is_named(sentence: Sentence, index: int) -> bool:
    """Tell whether a word follows "the word", "the term" or the like as its name."""
    if _text(sentence, index + 1) in {"is", "was"}:
        is_word = sentence[index].lemma in {"keyword", "password", "word"}
        return is_word and _is_bare(sentence, index + 2, _BARE | _NAMES)
    word = _at(sentence, _behind_signs(sentence, index + 1))
    if word is None or _text(sentence, index - 1) not in {"the", "this", "that"}:
        return False
    # "the term expires" and "the word once" have a verb and an adverb there
    return word.text.isalpha() and word.tag in _NAMES | {"JJ", "FW"}


def _has_examples(sentence: Sentence, index: int) -> bool:
    """Tell whether "words like", "a term such as", "two words for" stands at an index."""
    following = _text(sentence, index + 1), _text(sentence, index + 2)
    return following[0] in {"like", "for"} or following == ("such", "as")


def _mentions_next(sentence: Sentence, index: int) -> bool:
    """Tell whether an adjective or verb that nothing follows is the object of a verb."""
    place = _behind_signs(sentence, index + 1)
    quoted = place > index + 1 and sentence[index].lemma == "mean"
    return quoted or _is_bare(sentence, place, frozenset({"JJ", "VB"}))


def _has_word_as_subject(sentence: Sentence, index: int) -> bool:
    """Tell whether a sentence is like "Enormous means large" or "What does rapid mean?"."""
    if index == 0 or sentence[index - 1].tag not in _BARE | {"NN", "NNP"}:
        return False
    return index == 1 or _text(sentence, index - 2) in {"do", "does", "did", *_SIGNS, *LANGUAGES}


def _is_bare(sentence: Sentence, index: int, tags: frozenset[str]) -> bool:
    """Tell whether a word has one of the tags and does not belong to a noun after it."""
    word = _at(sentence, index)
    if word is None or word.tag not in tags or not word.text.isalpha() or word.lemma in AMOUNTS:
        return False
    following = next((w for w in sentence[index + 1 :] if w.tag not in _BETWEEN), None)
    return following is None or following.tag[:2] not in {"NN", "CD", "DT", "PR"}


def _is_quoted_alone(sentence: Sentence, index: int) -> bool:
    if not 0 < index < len(sentence) - 1:
        return False
    return sentence[index - 1].text in QUOTES and sentence[index + 1].text in QUOTES


def _is_exact_wording(sentence: Sentence, index: int) -> bool:
    """Tell whether a word stands in a short quotation that a sentence gives as a wording."""
    if not any(word.lemma in WORDING for word in sentence):
        return False
    marks = [i for i, word in enumerate(sentence) if word.text in _DOUBLE]
    pairs = zip(marks[::2], marks[1::2], strict=False)
    return any(a < index < b and b - a <= _QUOTATION_WORDS + 1 for a, b in pairs)


def _is_headword(sentence: Sentence, index: int) -> bool:
    """Tell whether a word begins an entry, as of a glossary: "rapid: in a short time"."""
    following = _behind_signs(sentence, index + 1)
    return _text(sentence, following) in _HEADWORD_ENDS and not any(
        word.text.isalpha() for word in sentence[:index]
    )


def _is_given(sentence: Sentence, index: int) -> bool:
    """Tell whether a word belongs to what follows "known as", "dubbed", "so-called"."""
    for place in range(index - 1, max(index - 1 - _NAME_WORDS, -1), -1):
        text = _text(sentence, place)
        if text in GIVEN or (text == "as" and _text(sentence, place - 1) == "known"):
            return True
        if text == "called" and _text(sentence, place - 1) in {"-", "also", "so"}:
            return True
        if not (text.isalpha() or text in _SIGNS) or sentence[place].tag.startswith("V"):
            return False
    return False


def _behind_signs(sentence: Sentence, index: int) -> int:
    while index < len(sentence) and sentence[index].text in _SIGNS:
        index += 1
    return index


def _at(sentence: Sentence, index: int) -> Word | None:
    return sentence[index] if 0 <= index < len(sentence) else None


def _text(sentence: Sentence, index: int) -> str:
    word = _at(sentence, index)
    return "" if word is None else word.text.lower()
