"""Check the evidence bundle of an audit. Needs Python 3.11 and numpy, nothing else.

    python check_bundle.py case.zip [--seal HEX]

Recomputes the statistic and the p-value from the table of scores, and checks that everything in the
bundle belongs together: hashes, the commitment, outcomes of the key, time stamps, the words of the
report. It says what it checked and what it cannot check. The first thing that is wrong is named and
ends it with status 2.

This file is part of every bundle, but a forger can change it there: use your own copy.
"""

import csv
import hashlib
import hmac
import io
import json
import math
import re
import sys
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np

FORMAT = 2
EARLIER_FORMAT = 1  # its detectable effects come from another formula, with less than 80 % power
MAX_BYTES = 512 * 1024 * 1024
REQUIRED = (
    "README.txt", "check_bundle.py", "commitment.txt", "manifest.json", "plan.json", "proofs.json",
    "report.html", "report.json", "report.md",
)  # fmt: skip
OPTIONAL = (
    r"(table|draws|scores|bets)\.csv|(null|path)\.(png|svg)|stamps/\d{3}\.(tsr|ots)|"
    r"stamps/roots\.pem|key\.json|texts\.json|custody\.jsonl"
)
OPENTIMESTAMPS = b"\0OpenTimestamps\0\0Proof\0\xbf\x89\xe2\xe8\x84\xe8\x92\x94\x01\x08"
SITE_COLUMNS = ("site", "document", "draw", "n_candidates")
DRAW_COLUMNS = ("draw", "n_options", "outcome", "name_sha256")
STRONG_EFFECTS = {"redraw": 1.0, "combined": 1.0, "holdout": 0.9, "betting": 0.1}
STRONG_SHARE = 0.25  # of the re-draw test on answers in words
STRONG_AUROC = 0.9  # of versions of one text, as in membership/evidence/power.py
POWER, CLIP = 0.8, 3.0  # of a detectable effect; of score tables
STAKES = (0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9)  # as in membership/evidence/betting.py
BLOCK_CELLS = 4_000_000  # as in membership/evidence/redraw.py: another number gives other bits
DEFAULTS = {"n_resamples": 99_999, "seed": 0}


class RefusedError(Exception):
    """Raised when something in a bundle is not as it must be; the message names it."""


def need(holds: object, message: str) -> None:
    """Refuse the bundle unless something holds."""
    if not holds:
        raise RefusedError(message)


def sha256(content: bytes) -> str:
    """Return the SHA-256 of some bytes, in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


# The container


def pack(files: Mapping[str, bytes]) -> bytes:
    """Return a zip file that holds some files: the same files, the same bytes."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o100644 << 16
            archive.writestr(entry, files[name])
    return target.getvalue()


def unpack(path: Path) -> dict[str, bytes]:
    """Return the files of a bundle; nothing is written to the disk or decompressed."""
    need(path.is_file(), f"{path}: there is no such file")
    size = path.stat().st_size
    need(size <= MAX_BYTES, f"zip: has {size:,} bytes, a bundle at most {MAX_BYTES:,}")
    content = path.read_bytes()
    files: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            _check_entries(entries, size)
            files = {entry.filename: archive.read(entry) for entry in entries}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, EOFError) as error:
        raise RefusedError(f"zip: malformed ({error})") from error
    missing = [name for name in REQUIRED if name not in files]
    need(not missing, f"{', '.join(missing[:1])}: is missing")
    need(pack(files) == content, "zip: holds bytes that are not those of its files")
    return files


def _check_entries(entries: Sequence[zipfile.ZipInfo], size: int) -> None:
    seen: set[str] = set()
    need(len(entries) <= 200, "zip: holds more than 200 files")
    for entry in entries:
        name = entry.filename
        known = name in REQUIRED or re.fullmatch(OPTIONAL, name)
        need(name not in seen, f"{name}: comes twice")
        need(known, f"{name[:80]!r}: is not a file of a bundle")
        need(entry.external_attr >> 16 == 0o100644, f"{name}: is a link or no regular file")
        need(entry.compress_type == zipfile.ZIP_STORED, f"{name}: is compressed")
        seen.add(name)
    need(sum(entry.file_size for entry in entries) <= size, "zip: its files are larger than it is")


# Files


def read_json(files: Mapping[str, bytes], name: str) -> Any:
    """Return the object in a JSON file in which no name comes twice."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        need(len({key for key, _ in pairs}) == len(pairs), f"{name}: a name comes twice")
        return dict(pairs)

    try:
        text = files[name].decode()
        found = json.loads(text, object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise RefusedError(f"{name}: malformed ({type(error).__name__})") from error
    need(isinstance(found, dict), f"{name}: wanted a JSON object")
    return found


def check_manifest(files: Mapping[str, bytes]) -> str:
    """Check the hash of every file."""
    manifest = read_json(files, "manifest.json")
    known = manifest.get("format") in (EARLIER_FORMAT, FORMAT)
    need(known, f"manifest.json: wanted format {EARLIER_FORMAT} or {FORMAT}")
    listed = manifest.get("files")
    need(isinstance(listed, dict), "manifest.json: lists no files")
    need(set(listed) == set(files) - {"manifest.json"}, "manifest.json: lists other files")
    for name, wanted in listed.items():
        need(sha256(files[name]) == wanted, f"{name}: has another SHA-256 than the manifest says")
    return f"{len(files)} files have the hashes of the manifest"


def rise(leaf: bytes, path: Sequence[Sequence[str]]) -> bytes:
    """Return the Merkle root over a leaf, from the nodes beside its path (RFC 6962)."""
    node = hashlib.sha256(b"\0" + leaf).digest()
    for side, other in path:
        pair = bytes.fromhex(other) + node if side == "left" else node + bytes.fromhex(other)
        node = hashlib.sha256(b"\1" + pair).digest()
    return node


def check_commitment(files: Mapping[str, bytes]) -> str:
    """Check that plan and key commitment are the first two leaves of the committed tree."""
    found = re.fullmatch(
        rb"leximark-commitment-(\d+) sha256-merkle ([0-9a-f]{64})\n", files["commitment.txt"]
    )
    need(found, "commitment.txt: is not the line that `leximark mark` writes")
    assert found is not None
    root, proofs = bytes.fromhex(found[2].decode()), read_json(files, "proofs.json")
    plan, key = proofs["plan"], proofs["key"]
    need({side for side, _ in plan} == {"right"}, "proofs.json: the plan is not the first leaf")
    sides = [side for side, _ in key]
    need(sides[0] == "left" and set(sides[1:]) <= {"right"}, "proofs.json: the key is not second")
    need(len(plan) == len(key), "proofs.json: the two paths have other lengths")
    leaf = hashlib.sha256(files["plan.json"]).digest()
    need(rise(leaf, plan) == root, "plan.json: is not the plan that was committed to")
    commitment = read_json(files, "plan.json")["key_commitment"]
    need(
        rise(bytes.fromhex(commitment), key) == root,
        "plan.json: its key is not the one that was committed to",
    )
    return "plan and key are those of the commitment"


# The test

Numbers = dict[str, float | None]


class Draws:
    """The draws of the key and their outcomes."""

    def __init__(self, rows: Sequence[Sequence[str]], name: str) -> None:
        need(rows, f"{name}: has no draws")
        self.n_options = np.array([int(row[1]) for row in rows])
        self.outcome = np.array([int(row[2]) for row in rows])
        self.name_hash = [row[3] for row in rows]
        numbered = [row[0] for row in rows] == [str(i) for i in range(len(rows))]
        need(numbered, f"{name}: draws out of order")
        need(self.n_options.min() >= 2, f"{name}: a draw has less than two options")
        inside = (self.outcome >= 0) & (self.outcome < self.n_options)
        need(inside.all(), f"{name}: an outcome is not one of the options")


class Table:
    """The scores of all sites and the draws that decided them."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        rows = _rows(files, "table.csv", SITE_COLUMNS)
        draws = Draws(_rows(files, "draws.csv", DRAW_COLUMNS), "draws.csv")
        self.n_options, self.outcome = draws.n_options, draws.outcome
        self.document = np.array([int(row[1]) for row in rows])
        self.draw = np.array([int(row[2]) for row in rows])
        self.score = np.array([[float(cell) for cell in row[4:]] for row in rows])
        n = np.array([int(row[3]) for row in rows])
        numbers = np.arange(len(rows))
        need(len(rows), "table.csv: has no sites")
        need([row[0] for row in rows] == [str(i) for i in numbers], "table.csv: sites out of order")
        first = list(dict.fromkeys(self.draw.tolist()))
        need(
            first == list(range(len(draws.outcome))),
            "table.csv: its draws are not those of draws.csv",
        )
        need((n == self.n_options[self.draw]).all() and n.min() >= 2, "table.csv: n_candidates")
        need(np.isfinite(self.score).all(), "table.csv: a score is not a finite number")
        need(self.score.shape[1] == n.max(), "table.csv: has a column of scores too many")
        beyond = np.arange(self.score.shape[1]) >= n[:, None]
        need(not self.score[beyond].any(), "table.csv: there is a score after the last candidate")
        sums = np.abs(self.score.sum(1))
        scale = np.abs(self.score).max() or 1.0
        need(sums.max() <= 1e-9 * scale, "table.csv: the scores of a site do not sum to 0")
        self.n_sites = np.bincount(self.draw, minlength=len(self.outcome))
        value = np.zeros((len(self.outcome), self.score.shape[1]))
        np.add.at(value, self.draw, self.score)
        self.value = value / np.sqrt(self.n_sites)[:, None]


def read_scores(files: Mapping[str, bytes]) -> tuple[Any, Any]:
    """Return for each document whether it was published, and its score; NaN if it has none."""
    rows = _rows(files, "scores.csv", ("document", "published", "score"))
    need([row[0] for row in rows] == [str(i) for i in range(len(rows))], "scores.csv: out of order")
    need({row[1] for row in rows} <= {"0", "1"}, "scores.csv: published is neither 0 nor 1")
    score = np.array([float(row[2]) if row[2] else math.nan for row in rows])
    need(not np.isinf(score).any(), "scores.csv: a score is infinite")
    return np.array([row[1] == "1" for row in rows]), score


def read_bets(files: Mapping[str, bytes]) -> tuple[Draws, Any]:
    """Return the draws in the order of the bets, and what each option of each adds."""
    rows = _rows(files, "bets.csv", DRAW_COLUMNS)
    draws = Draws(rows, "bets.csv")
    gains = np.array([[float(cell) for cell in row[4:]] for row in rows])
    need(np.isfinite(gains).all(), "bets.csv: a gain is not a finite number")
    need(gains.shape[1] == draws.n_options.max(), "bets.csv: has a column too many")
    return draws, gains


def _rows(files: Mapping[str, bytes], name: str, header: Sequence[str]) -> list[list[str]]:
    rows = list(csv.reader(io.StringIO(files[name].decode(), newline=""), strict=True))
    need(rows and tuple(rows[0][: len(header)]) == tuple(header), f"{name}: has other columns")
    need(len({len(row) for row in rows}) == 1, f"{name}: a row is too short or too long")
    return rows[1:]


def null_statistics(table: Table, n_resamples: int, seed: int | list[int]) -> Any:
    """Return the statistic under fresh keys, with the bits of membership/evidence/redraw.py."""
    rng, null = np.random.default_rng(seed), np.zeros(n_resamples)
    for n in np.unique(table.n_options):
        value = table.value[table.n_options == n, :n]
        block = max(1, BLOCK_CELLS // len(value))
        for start in range(0, n_resamples, block):
            size = min(block, n_resamples - start)
            if n == 2:
                packed = rng.integers(0, 256, (size, -(-len(value) // 8)), dtype=np.uint8)
                bits = np.unpackbits(packed, axis=1, count=len(value))
                sums = bits.astype(np.float64) @ (value[:, 1] - value[:, 0]) + value[:, 0].sum()
            else:
                options = rng.integers(0, n, (size, len(value)))
                sums = value[np.arange(len(value)), options].sum(1)
            null[start : start + size] += sums
    return null


def chernoff_bound(table: Table, observed: float) -> float:
    """Return the least upper bound on the exact p-value that exponential moments give."""
    if observed <= 0:
        return 1.0
    inside = np.arange(table.value.shape[1]) < table.n_options[:, None]

    def log_bound(log_t: float) -> float:
        exponents = np.where(inside, np.exp(log_t) * table.value, -np.inf)
        top = exponents.max(1)
        mean = top + np.log(np.exp(exponents - top[:, None]).sum(1) / table.n_options)
        return float(mean.sum() - np.exp(log_t) * observed)

    middle = float(np.log(observed / np.square(table.value[inside]).sum()))
    low, high = middle - 5, middle + 8
    for _ in range(80):  # convex in t, so it falls and then rises
        one, two = low + (high - low) / 3, high - (high - low) / 3
        low, high = (low, two) if log_bound(one) < log_bound(two) else (one, high)
    return max(math.exp(min(log_bound((low + high) / 2), 0.0)), sys.float_info.min)


def redraw_numbers(files: Mapping[str, bytes], said: Mapping[str, Any], alpha: float) -> Numbers:
    """Recompute the re-draw test, whatever the scores are: log-probabilities or answers."""
    table, n, seed = Table(files), said["n_resamples"], said["seed"]
    observed = float(table.value[np.arange(len(table.outcome)), table.outcome].sum())
    null = null_statistics(table, n, seed)
    per_unit = float(((1 - 1 / table.n_options) * np.sqrt(table.n_sites)).sum())
    return {
        "statistic": observed,
        "pvalue": add_one_pvalue(observed, null),
        "zscore": float((observed - null.mean()) / null.std()) if null.std() else 0.0,
        "effect": observed / per_unit,
        "detectable_effect": detectable(table, said, [alpha]),
        "chernoff_bound": chernoff_bound(table, observed),
        "n_documents": len(set(table.document.tolist())),
        "n_sites": len(table.draw),
        "n_draws": len(table.outcome),
    }


def twin_numbers(files: Mapping[str, bytes], said: Mapping[str, Any], alpha: float) -> Numbers:
    """Recompute the twin test: the versions of a document are the outcomes of one draw."""
    found = redraw_numbers(files, said, alpha)
    del found["n_sites"], found["n_draws"]
    table = Table(files)
    return found | {"n_twins": int(table.n_options.sum()), "strong_effect": _strong(table)}


def remark_numbers(files: Mapping[str, bytes], said: Mapping[str, Any], alpha: float) -> Numbers:
    """Recompute the re-marking test: the published version of each text is the first one."""
    table, n = Table(files), said["n_resamples"]
    need(not table.outcome.any(), "draws.csv: the published version is not the first")
    width, n_blocks = table.score.shape[1], len(table.outcome)
    need((table.n_options == width).all(), "table.csv: a text has fewer versions than others")
    if n_blocks == 1:
        need(n == width - 1, f"report.json: n_resamples is {width - 1}, not {n}")
        null = table.value[0, 1:]
    else:
        null = null_statistics(table, n, [said["seed"], 2])
    observed = float(table.value[:, 0].sum())
    per_unit = float(np.sqrt(table.n_sites).sum()) * (width - 1) / width
    return {
        "statistic": observed,
        "pvalue": add_one_pvalue(observed, null),
        "zscore": float((observed - null.mean()) / null.std()) if null.std() else 0.0,
        "effect": observed / per_unit,
        "detectable_effect": (
            _of_ranks(table, null, alpha) if n_blocks == 1 else detectable(table, said, [alpha])
        ),
        "strong_effect": _strong(table),
        "chernoff_bound": None,
        "n_documents": len(set(table.document.tolist())),
        "n_texts": len(table.draw),
        "n_versions": width - 1,
        "n_blocks": n_blocks,
    }


def holdout_numbers(files: Mapping[str, bytes], said: Mapping[str, Any], alpha: float) -> Numbers:
    """Recompute the hold-out test: AUROC of published against withheld documents, permuted."""
    published, score = read_scores(files)
    known = np.isfinite(score)
    n, m = int((known & published).sum()), int((known & ~published).sum())
    need(min(n, m) >= 2, "scores.csv: has fewer than two scored documents in a group")
    ranks = _ranks(np.concatenate([score[known & published], score[known & ~published]]))
    observed = 1.0 - (float(ranks[n:].sum()) - m * (m + 1) / 2) / (n * m)
    rng, size, null = np.random.default_rng(said["seed"]), said["n_resamples"], np.zeros(0)
    block = max(1, BLOCK_CELLS // (n + m))
    while len(null) < size:
        drawn = rng.random((min(block, size - len(null)), n + m))
        sums = ranks[np.argpartition(drawn, m - 1, axis=1)[:, :m]].sum(1)
        null = np.concatenate([null, 1.0 - (sums - m * (m + 1) / 2) / (n * m)])
    found = reachable(alpha, 1 / math.comb(n + m, n), size)
    shift = max(0.0, _quantile(POWER) - _quantile(alpha)) * math.sqrt((n + m + 1) / (12 * n * m))
    return {
        "statistic": observed,
        "pvalue": add_one_pvalue(observed, null),
        "zscore": float((observed - null.mean()) / null.std()) if null.std() else 0.0,
        "effect": observed,
        "detectable_effect": min(1.0, 0.5 + shift) if found else None,
        "chernoff_bound": None,
        "n_published": n,
        "n_withheld": m,
    }


def combined_numbers(files: Mapping[str, bytes], said: Mapping[str, Any], alpha: float) -> Numbers:
    """Recompute both tests and Fisher's combination of them."""
    coins, holdout = redraw_numbers(files, said, alpha), holdout_numbers(files, said, alpha)
    one, two = float(coins["pvalue"] or 0), float(holdout["pvalue"] or 0)
    statistic = -2 * (math.log(one) + math.log(two))
    low, high = 0.0, alpha  # the product of both p-values at which Fisher's has p = alpha
    for _ in range(100):
        middle = (low + high) / 2
        below = fisher_pvalue(-2 * math.log(middle)) < alpha
        low, high = (middle, high) if below else (low, middle)
    levels = [min(1.0, low / ((i + 0.5) / 1_000)) for i in range(1_000)]
    counts = ("n_documents", "n_sites", "n_draws")
    return {
        "statistic": statistic,
        "pvalue": fisher_pvalue(statistic),
        "zscore": None,
        "effect": coins["effect"],
        "detectable_effect": detectable(Table(files), said, levels),
        "chernoff_bound": None,
        "redraw_pvalue": one,
        "holdout_pvalue": two,
        **{name: coins[name] for name in counts},
        **{name: holdout[name] for name in ("n_published", "n_withheld")},
    }


def betting_numbers(files: Mapping[str, bytes], said: Mapping[str, Any], alpha: float) -> Numbers:
    """Replay the bets, with the stakes of membership/evidence/betting.py."""
    need(said["n_resamples"] == 0, "report.json: bets need no re-draws")
    draws, gains = read_bets(files)
    stakes = np.array(STAKES)
    wealth, path, scale = np.zeros(len(stakes)), [0.0], 0.0
    for row, (n, outcome) in enumerate(zip(draws.n_options, draws.outcome, strict=True)):
        value = gains[row, :n]
        largest = float(np.abs(value).max())
        need(abs(float(value.mean())) <= 1e-9 * max(1.0, largest), "bets.csv: a bet is not fair")
        scale = max(scale, largest)
        wealth = wealth + np.log1p(stakes * (float(value[outcome]) / scale if scale else 0.0))
        path.append(_log_mean(wealth))
    n_draws = len(path) - 1
    best = _log_mean(n_draws * np.log1p(stakes))
    root = (_quantile(POWER) + math.sqrt(_quantile(POWER) ** 2 - 2 * math.log(alpha))) / 2**0.5
    return {
        "statistic": path[-1],
        "pvalue": math.exp(-max(path)),
        "zscore": None,
        "effect": path[-1] / n_draws,
        "detectable_effect": None if best < -math.log(alpha) else min(root**2, best) / n_draws,
        "chernoff_bound": None,
        "n_draws": n_draws,
    }


def detectable(table: Table, said: Mapping[str, Any], levels: Sequence[float]) -> float | None:
    """Return the effect that gives 80 % power, as in membership/evidence/power.py.

    Args:
        table: The scores.
        said: The test in report.json, with the coefficients of the table's adjustment.
        levels: What p must not exceed; several, if the mean of their powers counts.
    """
    chance, fitted = 1 / table.n_options, len(said["details"].get("adjustment", ()))
    rows = int((table.n_options - 1)[table.draw].sum())
    kept = max(0.0, 1 - fitted / rows) * (1 - (said["test"] != "remark") * _clipped(table))
    gain = kept * float(((1 - chance) * np.sqrt(table.n_sites)).sum())
    widening = kept * float((table.n_sites * chance * (1 - chance)).sum())
    noise = float((np.square(table.value).sum(1) * chance).sum())
    skew = float(((table.value**3).sum(1) * chance).sum()) / noise**1.5 if noise else 0.0
    least = math.exp(-float(np.log(table.n_options).sum()))
    known = [level for level in levels if reachable(level, least, said["n_resamples"])]
    critical = [_critical(level, max(0.0, skew)) for level in known]

    def power(ratio: float) -> float:
        null, own = math.sqrt(ratio + widening), math.sqrt(ratio + (1 - kept) * widening)
        distances = ((gain - each * null) / own for each in critical)
        return sum(0.5 * math.erfc(-each / 2**0.5) for each in distances) / len(levels)

    high = float(((1 - chance) * np.sqrt(table.n_sites)).sum()) ** 2
    low, most = 1e-12 * high, 1e12 * high
    if not noise or not kept or power(low) < POWER:
        return None
    while power(high) > POWER and high < most:
        high *= 4
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (low, middle) if power(middle) < POWER else (middle, high)
    return math.sqrt(noise / low)


def _critical(level: float, skew: float) -> float:
    """Return the critical value, expanded by Cornish and Fisher for a skewed null."""
    critical = -_quantile(level)
    return critical + skew * (critical**2 - 1) / 6 if critical > 1 else critical


def reachable(alpha: float, least: float, n_resamples: int) -> bool:
    """Tell whether the best outcome gives p at most alpha in 80 % of cases."""
    allowed = math.floor(alpha * (n_resamples + 1) * (1 + 1e-12)) - 1
    expected = n_resamples * least
    return allowed >= 0 and allowed + 0.5 >= expected + _quantile(POWER) * math.sqrt(expected)


def _clipped(table: Table) -> float:
    """Return the share of sites whose scores were clipped; known of pairs alone."""
    size = np.abs(table.score[:, 0])
    limit = CLIP * float(np.median(size))
    known = size.max() <= limit * (1 + 1e-9)
    return float((size >= limit * (1 - 1e-9)).mean()) if known else 0.0


def _of_ranks(table: Table, null: Any, alpha: float) -> float | None:
    """Return the effect that gives 80 % power to the rank among the versions of one block."""
    rank = math.floor(alpha * (len(null) + 1) * (1 + 1e-12))
    if not rank or not np.ptp(null):
        return None
    low = float(np.quantile(null, 1 - POWER))
    return (float(np.sort(null)[-rank]) - low) / math.sqrt(table.n_sites[0])


def _strong(table: Table) -> float:
    """Return the effect by which a published version outscores another one in 90 % of pairs."""
    variance = np.square(table.score).sum() / (table.n_options - 1)[table.draw].sum()
    return _quantile(STRONG_AUROC) * math.sqrt(2 * float(variance))


def _quantile(level: float) -> float:
    """Return the quantile of the normal distribution."""
    return NormalDist().inv_cdf(level) if 0 < level < 1 else math.copysign(math.inf, level - 0.5)


def add_one_pvalue(observed: float, null: Any) -> float:
    """Return (1 + #{null >= observed}) / (n + 1); differences by rounding count as equal."""
    slack = 1e-9 * max(1.0, abs(observed))
    return float((1 + len(null) - np.count_nonzero(null < observed - slack)) / (len(null) + 1))


def fisher_pvalue(statistic: float) -> float:
    """Return P(chi-squared with four degrees of freedom >= statistic)."""
    return math.exp(-statistic / 2) * (1 + statistic / 2)


def _log_mean(values: Any) -> float:
    top = float(values.max())
    return top + float(np.log(np.mean(np.exp(values - top))))


def _ranks(values: Any) -> Any:
    """Return ranks from 1; ties share the mean of their ranks."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[place]


TESTS: Mapping[str, tuple[Callable[..., Numbers], frozenset[str]]] = {
    "redraw": (redraw_numbers, frozenset({"table.csv", "draws.csv"})),
    "holdout": (holdout_numbers, frozenset({"scores.csv"})),
    "combined": (combined_numbers, frozenset({"table.csv", "draws.csv", "scores.csv"})),
    "betting": (betting_numbers, frozenset({"bets.csv"})),
    "twin": (twin_numbers, frozenset({"table.csv", "draws.csv"})),
    "remark": (remark_numbers, frozenset({"table.csv", "draws.csv"})),
}
"""How each test of evidence is recomputed, and from which files."""


SIZES = {
    "n_sites": "sites", "n_twins": "versions", "n_texts": "texts",
    "n_published": "published documents", "n_draws": "draws",
}  # fmt: skip
"""What the numbers of each test are numbers of."""


def check_test(files: Mapping[str, bytes]) -> str:
    """Recompute every number of the primary test."""
    report = read_json(files, "report.json")
    said, n, seed = report["primary"], report["primary"]["n_resamples"], report["primary"]["seed"]
    need(said["test"] in TESTS, "report.json: its primary test is not one of " + ", ".join(TESTS))
    least = 0 if said["test"] == "betting" else 99
    need(type(n) is int and least <= n <= 10_000_000, "report.json: n_resamples")
    need(type(seed) is int and seed >= 0, "report.json: seed")
    need(0 < report["alpha"] < 1, "report.json: alpha does not lie between 0 and 1")
    recompute, tables = TESTS[said["test"]]
    held = {name for name in files if name.endswith(".csv")}
    need(held == tables, f"{min(held ^ tables, default='')}: not of a {said['test']} test")
    found = recompute(files, said, report["alpha"]) | _known_strong(said)
    earlier = read_json(files, "manifest.json")["format"] == EARLIER_FORMAT
    for name in ("detectable_effect", "strong_effect") * earlier:
        found.pop(name, None)
    for name, wanted in found.items():
        shown = said["details"][name] if name not in said else said[name]
        if name == "chernoff_bound" and wanted is not None:
            one, two = math.log(shown), math.log(wanted)
            close = abs(one - two) <= 1e-3 * max(1.0, abs(two))
            need(close, f"report.json: chernoff_bound is {wanted:g}")
        else:
            near = 1e-9 if name.endswith("pvalue") else 1.0
            need(_close(shown, wanted, near), f"report.json: {name} is {wanted}, not {shown}")
    need(report["pvalue"] == said["pvalue"], "report.json: pvalue differs from the primary test's")
    sized = {
        "n_sites": "sites",
        "n_twins": "versions",
        "n_texts": "texts",
        "n_published": "published documents",
        "n_draws": "draws",
    }
    count, unit = next((found[name], unit) for name, unit in sized.items() if name in found)
    note = "; NOT CHECKED: the detectable effect, by a formula of an earlier version" * earlier
    return f"p = {found['pvalue']:.3g} follows from {count:,} {unit} and seed {seed}{note}"


def _close(one: object, other: float | None, near: float = 1.0) -> bool:
    """Tell whether two numbers differ by rounding alone; below `near`, of its size."""
    if other is None or not isinstance(one, float | int):
        return one is other
    return abs(one - other) <= 1e-9 * max(near, abs(other))


# What the report says


def check_report(files: Mapping[str, bytes]) -> str:
    """Check verdict, departures and the written report against plan and numbers."""
    report, plan = read_json(files, "report.json"), read_json(files, "plan.json")
    said, alpha = report["primary"], report["alpha"]
    verdict = _verdict(said, alpha)
    need(report["verdict"] == verdict, f"report.json: the verdict is {verdict!r}")
    references, details = report["run"]["inputs"]["references"], said["details"]
    detector = plan["detector_with_reference" if references else "detector"]
    bets = said["test"] == "betting"
    used = {
        "test": (plan["test"], said["test"]),
        "alpha": (plan["alpha"], alpha),
        "detector": (detector, ", ".join(details.get("detectors", [])) or detector),
        "candidates": (False, "way" in details),
        "references": (True, _as_planned(plan, references)),
        "seed of the re-draws": (DEFAULTS["seed"], said["seed"]),
        "number of re-draws": (DEFAULTS["n_resamples"] * (not bets), said["n_resamples"]),
    }
    wanted = {name for name, (one, other) in used.items() if one != other}
    listed = {line.partition(":")[0] for line in report["departures"]}
    if details.get("n_blocks") == 1:  # compared with all versions, whatever number was asked for
        wanted, listed = (names - {"number of re-draws"} for names in (wanted, listed))
    need(listed == wanted, f"report.json: departures from the plan are {sorted(wanted) or 'none'}")
    need(report["in_plan"] is not bool(report["departures"]), "report.json: in_plan")
    for name in ("corpus", "scheme"):
        need(report[name] == plan[name], f"report.json: {name} is not the plan's")
    for name, digest in report["run"]["inputs"]["vault"].items():
        need(sha256(files[name]) == digest, f"report.json: is about another {name}")
    need(report["run"]["seeds"]["resampling"] == said["seed"], "report.json: seeds")
    _check_markdown(files["report.md"].decode(), report)
    _check_page(files["report.html"].decode(), report)
    need(files["README.txt"] == readme(files), "README.txt: does not say what the bundle holds")
    return f"the verdict {verdict!r} follows from p, level {alpha:g} and plan"


def _as_planned(plan: Mapping[str, Any], used: list[str]) -> bool:
    """Tell whether an audit used the references that its plan named or left open."""
    named, public = plan["references"], plan.get("public_references")
    if named or public == []:
        return sorted(named) == sorted(used)
    return public is None or bool(used)


def _verdict(said: Mapping[str, Any], alpha: float) -> str:
    if said["pvalue"] <= alpha:
        return "trained on it"
    strong = _known_strong(said).get("strong_effect", said.get("strong_effect", math.inf))
    found = said["detectable_effect"]
    return "cannot tell" if found is None or found > strong else "no evidence"


def _known_strong(said: Mapping[str, Any]) -> Numbers:
    """Return the effect that a test calls strong, where it does not follow from the scores."""
    in_words = said["test"] == "redraw" and "way" in said["details"]
    strong = STRONG_SHARE if in_words else STRONG_EFFECTS.get(said["test"])
    return {} if strong is None else {"strong_effect": strong}


def _check_markdown(page: str, report: Mapping[str, Any]) -> None:
    first, _, rest = page.partition("\n\n# ")
    for line in report["beforehand"]["warnings"]:
        need(line in first, "report.md: does not begin with the warnings of report.json")
    heading, _, body = rest.partition("\n")
    need(heading.lower() == report["verdict"], "report.md: has another verdict than report.json")
    main = [line for line in body.splitlines() if "; level " in line]
    need(len(main) == 1, "report.md: does not name one level")
    need(f", p = {report['pvalue']:.2g}" in main[0], "report.md: has another p than report.json")
    level = f"; level {report['alpha']:g};"
    need(level in main[0], "report.md: has another level than report.json")
    for line in (*report["departures"], *report["primary"]["cautions"]):
        need(line in body, "report.md: leaves out a departure from the plan or a caution")


class _Page(HTMLParser):
    """Collects what the page repeats of report.json, and refuses what could change its look."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, list[str]] = {}
        self.open: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        need(tag not in ACTIVE, f"report.html: has an element <{tag}>")
        for name, value in attrs:
            active = name.startswith("on") or name in ("href", "src", "style", "hidden")
            need(not active, f"report.html: has an attribute {name}")
            if name == "data-field" and value:
                self.open.append((tag, value))
                self.fields.setdefault(value, []).append("")

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1][0] == tag:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open:
            self.fields[self.open[-1][1]][-1] += data


ACTIVE = {
    "script", "iframe", "object", "embed", "form", "input", "link", "img", "base", "video", "audio",
    "template", "noscript", "frame", "frameset",
}  # fmt: skip


def _check_page(text: str, report: Mapping[str, Any]) -> None:
    """Check the fields that the page repeats; its other words are fixed by the seal alone."""
    page = _Page()
    page.feed(text)
    page.close()
    fields = {name: values for name, values in page.fields.items() if name != "fixed"}
    known = report["beforehand"]
    wanted = {
        "warning": [f"{line}." for line in known["warnings"]],
        "verdict": [report["verdict"].capitalize()],
        "grade": [report["primary"]["grade"]],
        "pvalue": [f"{report['pvalue']:.2g}"],
        "level": [f"{report['alpha']:g}"],
        "caution": [f"{line}." for line in report["primary"]["cautions"]],
        "departure": [f"Not in the plan: {line}" for line in report["departures"]],
    }
    for name, values in wanted.items():
        need(fields.pop(name, []) == values, f"report.html: has another {name} than report.json")
    need(not fields, f"report.html: has unknown fields {sorted(fields)[:3]}")
    need(known["fixed_beforehand"] or "fixed" not in page.fields, "report.html: says it was fixed")


def check_stamps(files: Mapping[str, bytes]) -> str:
    """Check that stamps are of this commitment and as old as the report says."""
    known = read_json(files, "report.json")["beforehand"]
    listed = {stamp["file"]: stamp for stamp in known["stamps"]}
    held = {name for name in files if name.endswith((".tsr", ".ots"))}
    need(held == set(listed), "report.json: lists other stamps than the bundle holds")
    counted = [
        (name.endswith(".ots"), _time_of_stamp(files, name, stamp), name)
        for name, stamp in listed.items()
        if not stamp["problem"]
    ]
    model = known["model_date"] and date.fromisoformat(known["model_date"])
    older = [each for each in counted if model and each[1].date() < model]
    need(
        known["fixed_beforehand"] is bool(older),
        f"report.json: fixed_beforehand must be {bool(older)}",
    )
    warned = any(line.startswith("Not fixed beforehand") for line in known["warnings"])
    need(older or warned, "report.json: does not say that nothing shows it was fixed beforehand")
    reviewed = "review" in read_json(files, "plan.json")["corpus"]
    need(known["reviewed"] is reviewed, f"report.json: reviewed must be {reviewed}")
    if not counted:
        return "NOT FIXED BEFOREHAND: no time stamp, so all of it can have been made up afterwards"
    unchecked, time, name = min(older or counted)
    words = "which is older than" if older else "NOT FIXED BEFOREHAND: which is not older than"
    begin = f"NOT CHECKED, its time is the report's ({name}): " if unchecked else ""
    return f"{begin}the commitment is stamped {time}, {words} the model ({model or 'no date'})"


def _time_of_stamp(files: Mapping[str, bytes], name: str, stamp: Mapping[str, Any]) -> datetime:
    """Return the time of a stamp on the commitment; of a proof with Bitcoin, what is reported."""
    content, commitment = files[name], files["commitment.txt"]
    reported = datetime.fromisoformat(stamp["time"])
    if name.endswith(".ots"):
        begin = OPENTIMESTAMPS + hashlib.sha256(commitment).digest()
        need(content.startswith(begin), f"{name}: is a proof of another commitment")
        return reported
    imprint, time = read_stamp(content, name)
    digests = {hashlib.new(a, commitment).digest() for a in ("sha256", "sha512")}
    need(imprint in digests, f"{name}: is a stamp of another commitment")
    need(reported == time, f"{name}: is of {time}, not as reported")
    return time


def read_stamp(content: bytes, name: str) -> tuple[bytes, datetime]:
    """Return the hash that an RFC 3161 answer stamps, and its time; signatures are not checked."""
    try:
        _, token = _parts(content, *_parts(content, 0, len(content))[0][1:])[:2]
        signed = _parts(content, *_parts(content, *_parts(content, *token[1:])[1][1:])[0][1:])
        octets = _parts(content, *_parts(content, *signed[2][1:])[1][1:])[0]
        info = _parts(content, *_parts(content, *octets[1:])[0][1:])
        imprint, time = _parts(content, *info[2][1:])[1], info[4]
        text = re.fullmatch(rb"(\d{14})(?:\.\d+)?Z", content[time[1] : time[2]])
        need(text and time[0] == 0x18, f"{name}: holds no time")
        assert text is not None
        moment = datetime.strptime(text[1].decode(), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        return content[imprint[1] : imprint[2]], moment
    except (IndexError, ValueError) as error:
        raise RefusedError(f"{name}: is not a time stamp") from error


def _parts(content: bytes, start: int, end: int) -> list[tuple[int, int, int]]:
    """Return tag, start and end of each DER value between two offsets."""
    found = []
    while start < end:
        tag, length, start = content[start], content[start + 1], start + 2
        if length >= 0x80:
            n = length & 0x7F
            length, start = int.from_bytes(content[start : start + n], "big"), start + n
        if start + length > end:
            raise ValueError("a value is longer than what holds it")
        found.append((tag, start, start + length))
        start += length
    return found


# What may be disclosed


def check_key(files: Mapping[str, bytes]) -> str:
    """Check that the outcome of every draw is the one that the key draws, if the key is there."""
    if "key.json" not in files:
        return "NOT CHECKED: that outcomes follow from the key, which stays sealed"
    opened = read_json(files, "key.json")
    key, names = bytes.fromhex(opened["key"]), opened["names"]
    commitment = sha256(b"leximark/commitment\0" + key)
    wanted = read_json(files, "plan.json")["key_commitment"]
    need(commitment == wanted, "key.json: is not the key that was committed to")
    held = next((name for name in ("draws.csv", "bets.csv") if name in files), None)
    draws = Draws(_rows(files, held, DRAW_COLUMNS), held) if held else None
    need(len(names) == (len(draws.outcome) if draws else 0), "key.json: has other draws than held")
    need(len(set(names)) == len(names), "key.json: a draw comes twice")
    whole_versions = read_json(files, "report.json")["primary"]["test"] in ("twin", "remark")

    def digest(purpose: str, name: str) -> bytes:
        return hmac.new(key, f"leximark/{purpose}\0{name}".encode(), hashlib.sha256).digest()

    for i, name in enumerate(names):
        assert draws is not None
        sealed = sha256(digest("draw-name", name) + name.encode())
        need(sealed == draws.name_hash[i], f"key.json: draw {i} has another name than sealed")
        outcome = int.from_bytes(digest("draw", name), "big") % int(draws.n_options[i])
        drawn = whole_versions or outcome == draws.outcome[i]
        need(drawn, f"{held}: the key draws {outcome} in draw {i}")
    if whole_versions:
        return "NOT CHECKED: that the published versions follow from the key, which needs the texts"
    said = [f"all {len(names):,} outcomes follow from the key"] if names else []
    if "scores.csv" in files:
        published, ids = read_scores(files)[0], opened["documents"]
        need(len(ids) == len(set(ids)) == len(published), "key.json: has other documents")
        order = sorted(range(len(ids)), key=lambda i: digest("hold-out", ids[i])[:8])
        chosen = set(order[: int((~published).sum())])
        own = {i for i in range(len(ids)) if not published[i]}
        need(chosen == own, "scores.csv: the key withholds other documents")
        said.append(f"the {len(own):,} withheld documents are those that the key chooses")
    return " and ".join(said)


def check_texts(files: Mapping[str, bytes]) -> str:
    """Check that disclosed documents belong to the commitment."""
    if "texts.json" not in files:
        return "no text of the corpus is in the bundle"
    root = bytes.fromhex(files["commitment.txt"].split()[-1].decode())
    documents = read_json(files, "texts.json")["documents"]
    for document in documents:
        digest = sha256(document["published"].encode())
        salted = bytes.fromhex(document["salt"]) + document["id"].encode()
        leaf = hashlib.sha256(salted + b"\0" + digest.encode()).digest()
        path = document["path"]
        need(rise(leaf, path) == root, f"texts.json: {document['id']!r} was not committed to")
    return f"{len(documents)} disclosed documents belong to the commitment"


def check_custody(files: Mapping[str, bytes]) -> str:
    """Check the chain of the custody log, and how many audits came before."""
    report, previous, others = read_json(files, "report.json"), "0" * 64, set()
    inputs, said = report["run"]["inputs"], report["primary"]
    this = {
        "suspect": inputs["suspect"]["fingerprint"],
        "references": sorted(each["fingerprint"] for each in inputs["references"].values()),
        "test": said["test"],
        "alpha": report["alpha"],
        "n_resamples": said["n_resamples"],
        "seed": said["seed"],
        **{name: inputs[name] for name in ("asking",) if name in inputs},
    }
    lines = files.get("custody.jsonl", b"").splitlines(keepends=True)
    for number, line in enumerate(lines, 1):
        entry = json.loads(line)
        need(entry["previous"] == previous, f"custody.jsonl: the chain breaks at line {number}")
        previous = sha256(line)
        if entry["event"] == "audit":
            others.add(json.dumps([entry["settings"], entry["pvalue"]], sort_keys=True))
    n = len(others - {json.dumps([this, report["pvalue"]], sort_keys=True)})
    need(report["beforehand"]["audits_before"] == n, f"report.json: audits_before is {n}")
    audits = "1 other audit" if n == 1 else f"{n} other audits"
    return f"the custody log counts {audits} before this one, and ends at {previous}"


def readme(files: Mapping[str, bytes]) -> bytes:
    """Return what a bundle with these files says of itself."""
    texts = "texts.json" in files
    lines = [
        "Evidence bundle of leximark, an audit of a language model with a marked data set.",
        "",
        "Read report.html first. Check everything with Python and numpy alone:",
        "    python check_bundle.py case.zip",
        "Use a copy of check_bundle.py that you have from the project, not the one in here.",
        "",
        "It holds: the report, the plan, the commitment to key, documents and ledger, its time",
        "stamps, and the numbers that p follows from: scores of sites and the outcome of each",
        "draw, scores of documents, or bets.",
        "The key: " + ("IS IN IT (key.json)." if "key.json" in files else "is not in it."),
        "Texts: " + ("SOME ARE IN IT (texts.json)." if texts else "none of the corpus is in it."),
    ]
    return "\n".join([*lines, ""]).encode()


CHECKS: tuple[tuple[str, Callable[[Mapping[str, bytes]], str]], ...] = (
    ("manifest.json", check_manifest),
    ("proofs.json", check_commitment),
    ("table.csv", check_test),
    ("report.json", check_report),
    ("stamps", check_stamps),
    ("key.json", check_key),
    ("texts.json", check_texts),
    ("custody.jsonl", check_custody),
)


def check(path: Path, seal: str = "") -> list[str]:
    """Return what was found to hold, or refuse the bundle."""
    files, confirmed = unpack(path), []
    own = sha256(files["manifest.json"])
    need(seal in ("", own), f"manifest.json: the seal is {own}, not {seal}")
    for subject, run in CHECKS:
        try:
            confirmed.append(run(files))
        except (LookupError, TypeError, ValueError, AttributeError, OverflowError, csv.Error) as e:
            raise RefusedError(f"{subject}: malformed ({type(e).__name__}: {e})") from e
    held = "which is the one given" if seal else "compare it with the one that you were told"
    return [*confirmed, f"seal {own}: {held}"]


def main(arguments: Sequence[str]) -> int:
    """Check the bundle that is named, and print what was found."""
    paths = [a for a in arguments if not a.startswith("--") and a != _seal(arguments)]
    if len(paths) != 1:
        print("usage: python check_bundle.py case.zip [--seal HEX]", file=sys.stderr)
        return 2
    try:
        for line in check(Path(paths[0]), _seal(arguments)):
            print(line)
    except RefusedError as error:
        print(f"refused: {error}", file=sys.stderr)
        return 2
    return 0


def _seal(arguments: Sequence[str]) -> str:
    return arguments[list(arguments).index("--seal") + 1] if "--seal" in arguments[:-1] else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
