"""The sentences of the page: the verdict, what was done, what it does not say, the terms."""

from collections.abc import Mapping

from membership.audit.verdict import Verdict
from membership.evidence.result import Grade, TestResult, Words

GRADES: Mapping[Grade, str] = {
    "A": "Exact. The owner's own random draws decide who is compared with whom. Nothing is assumed "
    "about texts, models or the shape of any distribution.",
    "B": "Valid under an assumption that cannot be checked: that control documents differ from the "
    "documents in question only in that they were not trained on.",
    "C": "Descriptive. Numbers without a p-value, such as scores of single documents and AUROC. "
    "They decide nothing.",
}

HEADLINES: Mapping[Words, str] = {
    "trained on it": "Trained on it",
    "no evidence": "No evidence",
    "cannot tell": "Cannot tell",
}


def verdict_sentence(verdict: Verdict, planned_alpha: float) -> str:
    """Return the verdict in one sentence for a reader who knows no statistics.

    Args:
        verdict: The verdict.
        planned_alpha: The level that the plan fixed before publication.
    """
    test, level = verdict.primary, f"{verdict.alpha:g}"
    if verdict.words == "trained on it":
        return (
            "The model depends on our secret key, as it would after training on the marked texts: "
            "with a model that has nothing to do with them, a result this strong comes up for at "
            f"most one key in {_one_in(test.pvalue)}; {_level_words(verdict.alpha, planned_alpha)}."
        )
    if verdict.words == "no evidence":
        return (
            "The test found no evidence that the model depends on our secret key "
            f"(p = {test.pvalue:.2g}, evidence begins at {level}); it would have found an effect "
            f"of {test.detectable_effect:.3g} or more in four of five cases, and it says nothing "
            "about smaller ones."
        )
    return (
        f"This test cannot tell: its p-value is {test.pvalue:.2g} (evidence begins at {level}), "
        f"but it is too weak to be informative. {_too_weak(test)}"
    )


def _one_in(share: float) -> str:
    return f"{int(1 / share + 1e-6):,}"


def _level_words(alpha: float, planned: float) -> str:
    if alpha == planned:
        return f"the plan asks for one in {_one_in(planned)}"
    return (
        f"the level of this audit is one in {_one_in(alpha)} (the plan: one in {_one_in(planned)})"
    )


def _too_weak(test: TestResult) -> str:
    words = test.detectable_words
    if test.detectable_effect == float("inf"):
        return f"{words[0].upper()}{words[1:]}."
    return (
        f"Its {words} lies above {test.strong_effect:.3g}, a strong effect: even a model that was "
        "trained on the texts several times could have been missed."
    )


METHODS: Mapping[str, tuple[str, ...]] = {
    "redraw": (
        "Before the texts were published, a program found places where one of two or more words "
        "could stand, and a secret random key decided, as a coin does, which word was published.",
        "For this audit the model was given the unmarked text up to each place, and what it "
        "expects there was noted for every word that could have stood. This table is the same "
        "whatever the key had decided.",
        "The statistic T adds up how much better the published words did than their alternatives.",
        "The same sum was computed for many fresh keys, which could have been drawn as well. The "
        "p-value is the share of keys, the true one among them, that do at least as well.",
    ),
    "holdout": (
        "Before the texts were published, the secret key chose some documents at random, marked "
        "them like the others and withheld them from everyone.",
        "For this audit a score was computed for each document, which is higher where the model "
        "knows the text better.",
        "The p-value is the share of random divisions of the documents, the true one among them, "
        "in which the published part outscores the rest at least as clearly.",
    ),
    "twin": (
        "Before the texts were published, a secret random key decided, as a coin does, which of "
        "several versions of each text was published.",
        "For this audit a score was computed for the published version and for others that the "
        "key could have chosen; it is higher where the model knows a version better.",
        "Within each text the versions were exchanged at random, many times. The p-value is the "
        "share of exchanges, the true one among them, in which the versions called published "
        "score at least as well.",
    ),
    "remark": (
        "Before the texts were published, a program marked them as a secret random key decided.",
        "For this audit the texts were marked again with fresh keys, in the same way, and a score "
        "was computed for every version; it is higher where the model knows a version better.",
        "The p-value is the share of keys, the true one among them, whose versions score at least "
        "as well as those that were published.",
    ),
    "betting": (
        "Before the texts were published, a secret random key decided, as a coin does, which of "
        "two or more words was published at each place.",
        "For this audit the model was asked which word belongs at each place of the unmarked text.",
        "After each group of questions its answers were bet on the key's coins, at fair odds. "
        "Whoever bets without knowing the coins multiplies the stake by a large factor only with "
        "the probability of one over that factor, whenever they stop.",
    ),
}


def methods_of(test: str) -> tuple[str, ...]:
    """Return what a test does, step by step."""
    if test == "combined":
        both = (*METHODS["redraw"], *METHODS["holdout"])
        return (
            *both,
            "The two p-values come from independent parts of the key; Fisher's method makes one "
            "of them.",
        )
    return METHODS["redraw" if test == "stream" else test]


NOT_SAID = (
    "Who trained the model, when, under which licence, or how much of the text was used.",
    "That the text was taken from the publisher: a copy at a third party, or a teacher model that "
    "was trained on the text, has the same effect.",
    "That single documents were used, except as far as a list of documents is shown to matter.",
    "With the verdict no evidence or cannot tell: that the model was not trained on the text.",
    "The probability that the model was trained on the text. A p-value is the probability of such "
    "a result if it was not.",
)

TERMS: tuple[tuple[str, str], ...] = (
    ("Key", "32 secret random bytes that decided every draw; only its hash is in this report."),
    ("Draw", "One random decision of the key; the same draw may decide several places."),
    ("Site", "A place in a text where two or more words could stand, of which one was published."),
    ("Statistic T", "How much better the published words do than their alternatives, in total."),
    (
        "p-value",
        "The probability of a result at least as strong if the model does not depend on the key.",
    ),
    (
        "Level",
        "The p-value at which evidence begins. The plan fixes one before publication; an audit "
        "with another one says so.",
    ),
    (
        "Minimum detectable effect",
        "The smallest true effect that this test would find in four of five cases.",
    ),
    ("Reference", "A model that is known not to have seen the texts, to take out what any model "
     "would prefer."),
    (
        "Commitment",
        "A hash over key, texts and plan that can be published and stamped without showing them.",
    ),
    (
        "Time stamp",
        "A signature of an independent authority on the commitment, with the time; or a block of "
        "Bitcoin that holds it.",
    ),
    ("Custody log", "A list of all that the vault was used for, each line sealed by the next."),
    ("Fingerprint", "A hash over the files of a model, which tells it from any other."),
)  # fmt: skip
