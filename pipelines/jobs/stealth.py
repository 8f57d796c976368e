"""Whether the marks are noticeable to a reader who does not know them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline, make_union

from membership.evidence.permutation import auroc

FOLDS = 5
FAR_OUT = 0.99


def blind_classifier_auc(originals: Sequence[str], marked: Sequence[str]) -> float | None:
    """Return how well a bag of words and of letters tells marked texts from originals, an AUROC.

    Logistic regression, trained on four fifths of the documents and tried on the others; both
    versions of a document are in the same fifth. About 0.5: the marks cannot be told from the
    text. None if there are fewer than ten documents.
    """
    n = len(originals)
    if n < 2 * FOLDS:
        return None
    model = make_pipeline(
        make_union(
            TfidfVectorizer(token_pattern=r"\S+", sublinear_tf=True, max_features=50_000),
            TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 3), max_features=50_000),
        ),
        LogisticRegression(C=10.0, max_iter=1000),
    )
    labels = np.repeat([0, 1], n)
    groups = np.tile(np.arange(n), 2)
    scores: NDArray[np.float64] = cross_val_predict(
        model,
        [*originals, *marked],
        labels,
        groups=groups,
        cv=GroupKFold(FOLDS),
        method="decision_function",
    )
    return auroc(scores[n:], scores[:n])


def outliers(original: Sequence[float], marked: Sequence[float]) -> dict[str, float]:
    """Return how far marked texts stick out among the originals in one number a text.

    `auroc` is the chance that a marked text has the larger value of two at random; `far_out` the
    share of marked texts above 99 % of the originals, 0.01 if marking changed nothing.
    """
    before, after = np.asarray(original, float), np.asarray(marked, float)
    return {
        "auroc": auroc(after, before),
        "far_out": float(np.mean(after > np.quantile(before, FAR_OUT))),
    }
