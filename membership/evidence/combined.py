"""One p-value from two independent randomisations of the owner: the coins and the hold-out.

The key decides which words are published, and, by digests that share nothing with those, which
documents are withheld. The hold-out test here scores *original* texts, so its p-value does not
change with the coins. Given who is withheld, the re-draw p-value is valid whatever that choice was;
so both p-values are valid at once and Fisher's combination of them is too.
"""

import numpy as np
from scipy.stats import chi2


def fisher_pvalue(first: float, second: float) -> float:
    """Return Fisher's combination of two independent p-values, in (0, 1].

    Monte Carlo p-values take few values and are never too small, which makes the combination
    conservative.

    Source: R. A. Fisher, "Statistical Methods for Research Workers", 1932, section 21.1.

    Raises:
        ValueError: One of them is not in (0, 1].
    """
    for pvalue in (first, second):
        if not 0 < pvalue <= 1:
            raise ValueError(f"a p-value lies in (0, 1], got {pvalue}")
    return float(chi2.sf(-2 * (np.log(first) + np.log(second)), df=4))
