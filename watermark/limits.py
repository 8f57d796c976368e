"""The limits of everything that is read from outside. docs/suspects.md has the same table."""

from dataclasses import dataclass

MIB = 1 << 20
GIB = 1 << 30


@dataclass(frozen=True)
class JsonLimits:
    """How much a JSON text may hold; checked before it is parsed."""

    bytes: int
    values: int
    """Objects, lists, texts and numbers together."""
    depth: int = 64
    largest: int = 2**63
    """Every integer must be smaller, with or without its sign."""
    constants: frozenset[str] = frozenset()
    """Which of `Infinity`, `-Infinity` and `NaN` may stand for numbers."""
    duplicates: bool = False
    """Whether an object may have a key twice; two parsers may then see two different files."""


_INFINITIES = frozenset({"Infinity", "-Infinity"})
CONFIG = JsonLimits(16 * MIB, 500_000, largest=10**31, constants=_INFINITIES)
"""Configurations of models and adapters. Mamba's have an infinity, and many tokenizers' have 10^30
as the length of a text."""
TOKENIZER = JsonLimits(128 * MIB, 4_000_000)
"""Gemma 3's, the largest known, has 33 MB and 2 million values."""
REPLY = JsonLimits(64 * MIB, 2_000_000, constants=_INFINITIES | {"NaN"}, duplicates=True)
"""Where a server gives no number for a token, the text is unscored."""
PLAN = JsonLimits(16 * MIB, 500_000)
DECISION = JsonLimits(4 * MIB, 20_000)
"""A line of a file of rules or decisions: a site may have thousands of candidates."""
DECISION_LINES = 200_000
RECORD = JsonLimits(GIB, 2_000_000, largest=10**40, duplicates=True)
"""A line of a corpus, which may have more columns than the text."""
SHORT_RECORD = MIB
"""Characters of a line that is parsed without being measured: it cannot grow to much."""
NOTE = JsonLimits(MIB, 10_000)
"""Notes of a cache, and a line of its answers."""

TEXT_FILE_BYTES = 64 * MIB
"""Other small files beside a model: merges, SentencePiece vocabularies, chat templates."""
WEIGHT_BYTES = 4096 * GIB
"""All weights of a model together."""
ADAPTER_SHARE = 4
"""An adapter may be this many times as large as its base, or `SMALL_ADAPTER_BYTES`."""
SMALL_ADAPTER_BYTES = 64 * MIB
WEIGHT_HEADER_BYTES = 100_000_000
"""The same limit as that of the library safetensors."""

LAYERS = 4_096
"""Layers, blocks, experts or heads of each kind."""
PARTS = 200_000
"""Layers times experts."""
CONFIG_INTEGER = 2**31
UNDECLARED_NUMBERS = 4
"""A model may have this many times the numbers that its weights hold, and `SPARE_NUMBERS` more."""
SPARE_NUMBERS = 1 << 26

PATTERN_CHARACTERS = 2_000
PATTERN_STARS = 3
"""Unbounded repetitions in a pattern of an adapter."""
PATTERNS = 10_000
NORMALIZER_GROWTH = 32
"""How many characters a tokenizer may make of one."""
TEMPLATE_TOKENS = 256
"""How many tokens a tokenizer may put around a text."""

GGUF_ENTRIES = 65_536
GGUF_TENSORS = 262_144
GGUF_STRING_BYTES = 4 * MIB
GGUF_ARRAY_ITEMS = 4_000_000

REQUEST_WAIT = 120.0
"""Seconds that a server may ask to wait before the next try."""
REQUEST_WAITS = 600.0
"""Seconds of waiting in all the tries of a request."""
LEAST_CONTEXT, MOST_CONTEXT = 16, 2**27
"""What a server may say of its context length, in tokens."""
SERVER_TOKENS = 64
"""Tokens of a prompt beyond one a byte, such as start tokens."""
WRITTEN_CHARACTERS = 1_000
"""Characters of each token that a server generates."""

VAULT_ROWS = 200_000_000
ROW_GROUP_BYTES = GIB
"""Bytes of a group of rows in a table of a vault, unpacked."""
CANDIDATES = 10_000
"""Words that may stand at a site."""
COMMITMENT_BYTES = 1000
MODEL_NAMES = 100
"""References that a plan may name."""
MAX_ALPHA = 0.5
"""Exclusive upper bound of a test's level: at 0.5, half of all innocent models are found guilty."""


def is_level(alpha: float) -> bool:
    """Tell whether a number can be the level of a test."""
    return 0 < alpha < MAX_ALPHA
