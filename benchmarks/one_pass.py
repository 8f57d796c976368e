"""What all one-pass detectors cost over a bare forward pass of the same batch, in time and memory.

    python -m benchmarks.one_pass FOLDER [--dtype bfloat16] [--rows 8] [--tokens 512] [--threads 1]

`detectors` makes the traces of all texts and scores them with every detector that needs one pass;
`bare` runs the model on the same batch, as `model(input_ids)` does, with dense logits in the
model's type; `base` is the model without its head; `peers` is how published code does it: one text
at a time, one pass for each detector, whole softmax and log-softmax side by side. `peers` gets two
of the texts, as its time is that of a text times their number, and must come to the same scores.

All run in one process by turns, and the fastest of each counts, by the clock and in processor time
(the steadier one on a busy machine). Peak memory is taken in processes of their own, above what
the loaded model holds.
"""

import argparse
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from itertools import pairwise
from pydoc_data.topics import topics
from typing import Any

import numpy as np
import psutil
import torch
from numpy.typing import NDArray

from membership.detector import Detector, score_document
from membership.detectors import default_detectors
from membership.models.local.huggingface import HuggingFaceModel, load_huggingface
from membership.models.local.inference_settings import InferenceSettings
from membership.traces.trace import Query, Trace
from watermark.document import Document

PEER_ROWS = 2


def main() -> None:
    """Measure and print JSON."""
    arguments = parse_arguments()
    torch.set_num_threads(arguments.threads)
    model = load_huggingface(
        arguments.folder,
        InferenceSettings(
            dtype=arguments.dtype, device="cpu", batch_tokens=arguments.rows * arguments.tokens
        ),
    )
    texts = texts_of(model, arguments.rows, arguments.tokens)
    detectors = one_pass_detectors()
    jobs: dict[str, Callable[[], Any]] = {
        "detectors": lambda: score(model, detectors, texts),
        "bare": lambda: bare(model.model, model, texts),
        "base": lambda: bare(model.model.base_model, model, texts),
        "peers": lambda: score_as_peers(model, detectors, texts[:PEER_ROWS]),
    }
    if arguments.memory_of:
        print(peak_mb(jobs[arguments.memory_of]))
        return
    clock, processor, results = fastest(jobs, {"peers": 1}, arguments.repeats)
    apart = np.abs(results["detectors"][:PEER_ROWS] - results["peers"]).max()
    more = len(texts) / len(texts[:PEER_ROWS])
    memory = {name: peak_of(name) for name in jobs}
    report = {
        "settings": model.settings,
        "batch": f"{arguments.rows} x {arguments.tokens}",
        "vocabulary": len(model.head.weight),
        "detectors": sorted(detectors),
        "threads": arguments.threads,
        "repeats": arguments.repeats,
        "seconds": clock,
        "cpu_seconds": processor,
        "time_over_bare": round(clock["detectors"] / clock["bare"], 2),
        "cpu_time_over_bare": round(processor["detectors"] / processor["bare"], 2),
        "peers_time_over_ours": round(more * clock["peers"] / clock["detectors"], 1),
        "peers_cpu_time_over_ours": round(more * processor["peers"] / processor["detectors"], 1),
        "largest_difference_of_scores_to_peers": float(apart),
        "peak_mb": memory,
        "peak_mb_over_bare": round(memory["detectors"] - memory["bare"], 1),
        "peak_mb_over_base": round(memory["detectors"] - memory["base"], 1),
    }
    print(json.dumps(report, indent=2))


def fastest(
    jobs: Mapping[str, Callable[[], Any]], only: Mapping[str, int], repeats: int
) -> tuple[dict[str, float], dict[str, float], dict[str, Any]]:
    """Return the least seconds and processor seconds of each job, and what it came to.

    Args:
        jobs: By name.
        only: Jobs that are run less often than the others.
        repeats: How often the others are run, by turns.
    """
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in jobs}
    results: dict[str, Any] = {}
    for number in range(repeats):
        for name, job in jobs.items():
            if number < only.get(name, repeats):
                seconds, results[name] = spend(job)
                spent[name].append(seconds)
    clock, processor = (
        {name: round(min(each[kind] for each in times), 3) for name, times in spent.items()}
        for kind in (0, 1)
    )
    return clock, processor, results


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--dtype", default="auto")
    parser.add_argument("--rows", type=int, default=8)
    parser.add_argument("--tokens", type=int, default=512)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument(
        "--memory-of", choices=["detectors", "bare", "base", "peers"], help=argparse.SUPPRESS
    )
    return parser.parse_args()


def texts_of(model: HuggingFaceModel, rows: int, tokens: int) -> list[str]:
    """Cut English into texts of so many tokens, the start token included."""
    text = " ".join(topics.values())[: 12 * rows * tokens]
    length = tokens - len(model.tokenizer.start)
    spans = model.tokenizer.encode([text])[0].spans
    edges = [int(spans[row * length, 0]) for row in range(rows + 1)]
    return [text[a:b] for a, b in pairwise(edges)]


def one_pass_detectors() -> dict[str, Detector]:
    """Return the detectors that need one pass over the document with one model."""
    alone = frozenset({"logprobs", "moments"})
    return {name: d for name, d in default_detectors().items() if d.needs <= alone}


def score(
    model: HuggingFaceModel, detectors: Mapping[str, Detector], texts: list[str]
) -> NDArray[np.float64]:
    """Score all texts with all detectors, from one pass."""
    traces = dict(model.trace([Query(text) for text in texts]))
    return np.array(
        [
            [score_document(d, Document("", text), [traces[i]]).value for d in detectors.values()]
            for i, text in enumerate(texts)
        ]
    )


def score_as_peers(
    model: HuggingFaceModel, detectors: Mapping[str, Detector], texts: list[str]
) -> NDArray[np.float64]:
    """Score as published code does: a pass for each text and detector, everything dense."""
    return np.array(
        [
            [
                score_document(d, Document("", text), [dense_trace(model, text)]).value
                for d in detectors.values()
            ]
            for text in texts
        ]
    )


@torch.inference_mode()
def dense_trace(model: HuggingFaceModel, text: str) -> Trace:
    """Make a trace as published code computes what is in it.

    Source: zjysteven/mink-plus-plus run.py, which keeps logits, softmax, log-softmax and two
    products of them.
    """
    (tokens,) = model.tokenizer.encode([text])
    start = model.tokenizer.start
    ids = torch.tensor([[*start, *tokens.ids.tolist()]])
    logits = model.model(input_ids=ids).logits[0, len(start) - 1 : -1].float()
    target = ids[0, len(start) :, None]
    probs, logprobs = logits.softmax(-1), logits.log_softmax(-1)
    own = logprobs.gather(1, target)
    mean = (probs * logprobs).sum(-1)
    std = ((probs * logprobs.square()).sum(-1) - mean.square()).sqrt()
    return Trace(
        token_ids=tokens.ids,
        spans=tokens.spans,
        logprob=own[:, 0].numpy(),
        mean=mean.numpy(),
        std=std.numpy(),
        top1=logprobs.amax(-1).numpy(),
        rank=(logprobs > own).sum(-1).int().numpy(),
    )


@torch.inference_mode()
def bare(module: Any, model: HuggingFaceModel, texts: list[str]) -> None:
    """Run the model, or its base, and let go of what it returns."""
    start = list(model.tokenizer.start)
    rows = [start + tokens.ids.tolist() for tokens in model.tokenizer.encode(texts)]
    shortest = min(map(len, rows))
    module(input_ids=torch.tensor([row[:shortest] for row in rows]), use_cache=False)


def spend(job: Callable[[], Any]) -> tuple[tuple[float, float], Any]:
    """Return the seconds and the processor seconds that a job takes, and what it returns."""
    clock, processor = time.perf_counter(), time.process_time()
    result = job()
    return (time.perf_counter() - clock, time.process_time() - processor), result


def peak_mb(job: Callable[[], object]) -> float:
    """Return by how many megabytes a job raises the memory of this process at its peak."""
    process, done = psutil.Process(), threading.Event()
    before: int = process.memory_info().rss
    peak = before

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.002):
            peak = max(peak, process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    job()
    done.set()
    watcher.join()
    return round((peak - before) / 2**20, 1)


def peak_of(name: str) -> float:
    """Take the peak of a job in a fresh process."""
    command = [sys.executable, "-m", "benchmarks.one_pass", *sys.argv[1:], "--memory-of", name]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


if __name__ == "__main__":
    main()
