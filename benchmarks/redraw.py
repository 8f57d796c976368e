"""Time of the re-draw test against the bare arithmetic it cannot do without.

    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python -m benchmarks.redraw

99,999 re-draws of 20,000 draws with 2, 3 and 4 candidates. The baseline draws as many random
numbers and adds up as many floats, and does nothing else.
"""

import time

import numpy as np
from numpy.typing import NDArray

from membership.evidence.redraw import DrawTable, chernoff_bound, null_statistics

N_DRAWS, N_RESAMPLES = 20_000, 99_999


def main() -> None:
    """Measure and print."""
    rng = np.random.default_rng(0)
    for n in (2, 3, 4):
        value = rng.normal(size=(N_DRAWS, n))
        value -= value.mean(1, keepdims=True)
        table = DrawTable(
            tuple(map(str, range(N_DRAWS))),
            np.full(N_DRAWS, n),
            value,
            np.ones(N_DRAWS, dtype=np.int64),
        )
        began = time.perf_counter()
        null = null_statistics(table, N_RESAMPLES, rng)
        ours = time.perf_counter() - began
        began = time.perf_counter()
        chernoff_bound(table, 6 * float(null.std()))
        bound = time.perf_counter() - began
        baseline = _baseline(value[:, 0], n, rng)
        print(
            f"{n} candidates: {ours:.1f} s, {ours / baseline:.2f} times the bare arithmetic "
            f"({baseline:.1f} s); Chernoff bound {bound:.2f} s"
        )


def _baseline(value: NDArray[np.float64], n: int, rng: np.random.Generator) -> float:
    block = 200
    began = time.perf_counter()
    for _ in range(N_RESAMPLES // block):
        if n == 2:
            bits = np.unpackbits(rng.integers(0, 256, (block, N_DRAWS // 8), dtype=np.uint8))
            bits.reshape(block, -1).astype(np.float64) @ value
        else:
            rng.integers(0, n, (block, N_DRAWS))
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
