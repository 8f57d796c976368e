"""Every one-pass detector against its formula over full rows of logits, in float64, unchunked."""

import zlib
from functools import cache

import numpy as np
import pytest
import torch
import transformers
from scipy.stats import spearmanr

from membership.detector import score_document
from membership.detectors import default_detectors
from membership.detectors.camia import Camia
from membership.detectors.dc_pdd import DcPdd
from membership.detectors.surp import Surp
from membership.detectors.tag_and_tab import find_keywords
from membership.models.local.huggingface import load_huggingface
from membership.models.local.inference_settings import InferenceSettings
from membership.token_frequencies import count_tokens
from membership.traces.trace import Query
from tests.support.tiny import TEXTS, save_tiny_model
from watermark.document import Document

ARCHITECTURES = ("gpt_neox", "llama", "gemma2")
TEXT = "The try statement of Python names a handler; the else clause runs. If not, the café shuts."
DOCUMENT = Document("a", TEXT)
REFUSALS = (
    "no token was scored",
    "no token is unlikely",
    "no keyword was scored",
    "fewer than",
    "the suspect predicts every token",
)
SURE = 7.0  # a random model is never as sure as 2 nats


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("dense")

    @cache
    def folder(architecture, seed=0):
        return save_tiny_model(root / f"{architecture}{seed}", architecture, seed=seed)

    return folder


@torch.inference_mode()
def dense(folder):
    """Ids, spans and log-softmax rows of the text, from the model in float64."""
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    cut = tokenizer(TEXT, add_special_tokens=False, return_offsets_mapping=True)
    ids = np.array(cut["input_ids"])
    logits = model(input_ids=torch.tensor([[tokenizer.bos_token_id, *ids]])).logits[0, :-1]
    return ids, np.array(cut["offset_mapping"]), logits.double().log_softmax(-1).numpy()


def lowest(values, k=0.2):
    return np.sort(values)[: max(1, int(k * len(values)))].mean()


def formulas(folder):
    """Each detector as its paper writes it."""
    ids, spans, rows = dense(folder)
    p, own, n = np.exp(rows), rows[np.arange(len(ids)), ids], len(ids)
    mu = (p * rows).sum(1)
    sigma = np.sqrt((p * rows**2).sum(1) - mu**2)
    gap = (own - rows.max(1)) / sigma
    rare = np.sort(own)[int(0.4 * n) - 1]
    keyword = [
        any(a < end and b > start for start, end in find_keywords(TEXT, 4)) for a, b in spans
    ]
    table = tokens_of_texts(folder)
    frequency = (np.array([table.counts[i] for i in ids]) + 1) / (
        table.counts.sum() + rows.shape[1]
    )
    cross = np.minimum(np.exp(own) * -np.log(frequency), 0.01)
    return own, {
        "loss": own.mean(),
        "zlib": own.mean() / len(zlib.compress(TEXT.encode())),
        "min_k": lowest(own),
        "min_k_plus_plus": lowest((own - mu) / sigma),
        "perplexity": -np.exp(-own.mean()) * 1e-3,
        "max_k": -lowest(-own),
        "surp": own[(own <= rare) & (-mu < SURE)].mean(),
        "gap_k": lowest([gap[i : i + 3].mean() for i in range(n - 2)]),
        "tag_and_tab": own[keyword].mean(),
        "entropy": mu.mean(),
        "log_rank": -np.log((rows >= own[:, None]).sum(1)).mean(),
        "surprise_gap": (own - mu).mean(),
        "camia_cut_off": own.mean(),
        "camia_diversity": own.mean() / (len(set(ids)) / n),
        "camia_slope": np.polyfit(np.arange(n), own, 1)[0],
        "camia_below_prior": np.mean([own[i] > own[:i].mean() for i in range(1, n)]),
        "dc_pdd": np.mean([cross[i] for i in range(n) if ids[i] not in ids[:i]]),
    }


def tokens_of_texts(folder):
    tokenizer = load_huggingface(folder, InferenceSettings(dtype="float32")).tokenizer
    documents = [Document(str(i), text) for i, text in enumerate(TEXTS)]
    return count_tokens(
        documents, tokenizer, vocabulary=0, corpus_name="topics", tokenizer_name="tiny"
    )


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_one_pass_detector_equals_the_dense_computation(folders, architecture):
    folder, other = folders(architecture), folders(architecture, 1)
    suspect, reference = (
        load_huggingface(f, InferenceSettings(dtype="float32")) for f in (folder, other)
    )
    traces = {
        role: next(iter(model.trace([Query(TEXT)])))[1]
        for role, model in (("suspect", suspect), ("reference", reference))
    }
    table = tokens_of_texts(folder)
    fingerprint = suspect.tokenizer.fingerprint()
    detectors = {**default_detectors(), "dc_pdd": DcPdd(table, fingerprint)}
    detectors["surp"] = Surp(max_entropy=SURE)
    own, expected = formulas(folder)
    theirs, without = formulas(other)
    for name in ("loss", "zlib", "min_k", "min_k_plus_plus"):
        expected[f"{name}_minus_reference"] = expected[name] - without[name]
    gain = own - theirs
    lengths = (2, 3, 4, 6, 9, 13, 18, 25, 32, 40)
    expected["window_comparison"] = np.mean(
        [
            np.mean([gain[i : i + w].sum() > 0 for i in range(len(gain) - w + 1)])
            for w in lengths
            if w <= len(gain)
        ]
    )
    wrong = gain[(dense(folder)[2] > own[:, None]).sum(1) > 0]
    expected["ez"] = wrong[wrong > 0].sum() / np.abs(wrong).sum()
    for name, detector in detectors.items():
        if name in ("camia_lempel_ziv", "camia_approximate_entropy"):
            continue  # below
        asked = [traces[query.role] for query in detector.queries(DOCUMENT)]
        found = score_document(detector, DOCUMENT, asked)
        scale = 1e-3 if name == "perplexity" else 1.0  # of hundreds of words
        assert found.value * scale == pytest.approx(expected[name], abs=1e-4), name


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_signals_that_jump_equal_themselves_on_the_dense_sequence(folders, architecture):
    folder = folders(architecture)
    trace = next(
        iter(load_huggingface(folder, InferenceSettings(dtype="float32")).trace([Query(TEXT)]))
    )[1]
    own = formulas(folder)[0]
    for signal in ("lempel_ziv", "approximate_entropy"):
        detector = Camia(signal)
        found = detector.score(DOCUMENT, [trace])
        exact = type(trace)(**{**trace.__dict__, "logprob": own})
        assert found == pytest.approx(detector.score(DOCUMENT, [exact]), abs=1e-4)


def pieces(n):
    """Texts of many lengths, cut out of the documentation of Python."""
    words = " ".join(TEXTS).split()
    rng = np.random.default_rng(0)
    starts, lengths = rng.integers(0, len(words) - 90, n), rng.integers(20, 90, n)
    return [" ".join(words[a : a + b]) for a, b in zip(starts, lengths, strict=True)]


def scores_of(folder, dtype, texts, names):
    model = load_huggingface(folder, InferenceSettings(dtype=dtype))
    traces = dict(model.trace([Query(text) for text in texts]))
    detectors = default_detectors()
    return {
        name: np.array(
            [
                score_document(detectors[name], Document(str(i), text), [traces[i]]).value
                for i, text in enumerate(texts)
            ]
        )
        for name in names
    }


def test_bf16_and_fp32_rank_documents_alike(folders):
    smooth = ["loss", "zlib", "min_k", "min_k_plus_plus", "max_k", "gap_k", "entropy"]
    smooth += ["log_rank", "surprise_gap", "tag_and_tab", "camia_slope"]
    texts = pieces(80)
    exact, short = (
        scores_of(folders("llama"), dtype, texts, smooth) for dtype in ("float32", "bfloat16")
    )
    for name in smooth:
        assert spearmanr(exact[name], short[name]).statistic > 0.99, name


def test_random_bytes_never_give_a_number_that_is_none(folders):
    rng = np.random.default_rng(0)
    texts = [
        rng.bytes(int(rng.integers(1, 60))).decode("utf-8", errors="surrogateescape")
        for _ in range(1000)
    ]
    model = load_huggingface(folders("gpt_neox"), InferenceSettings(dtype="float32"))
    traces = dict(model.trace([Query(text) for text in texts]))
    detectors = {
        **default_detectors(),
        "dc_pdd": DcPdd(tokens_of_texts(folders("gpt_neox")), model.tokenizer.fingerprint()),
    }
    for name, detector in detectors.items():
        for index, text in enumerate(texts):
            document = Document(str(index), text)
            asked = [traces[index] for _ in detector.queries(document)]
            found = score_document(detector, document, asked)
            assert np.isfinite(found.value) or found.reason.startswith(REFUSALS), name
