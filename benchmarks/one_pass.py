"""What a trace costs over a bare forward pass of the same batch, in time and in memory.

    python benchmarks/one_pass.py FOLDER [--dtype bfloat16] [--rows 8] [--tokens 256] [--threads 2]

Both run in one process by turns, and the fastest of each counts, by the clock and in
processor time (the steadier one on a busy machine). Peak memory is taken in processes
of their own, above what the loaded model holds; `base` is the model without its head, so what a
trace adds to a pass is what it takes above that. The bare pass makes dense logits in the model's
type, as `model(input_ids)` does.
"""

import argparse
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from itertools import pairwise
from pydoc_data.topics import topics
from typing import Any

import psutil
import torch

from membership.models.huggingface import HuggingFaceModel, load_huggingface
from membership.trace import Query


def main() -> None:
    """Measure and print JSON."""
    arguments = parse_arguments()
    torch.set_num_threads(arguments.threads)
    model = load_huggingface(arguments.folder, dtype=arguments.dtype, device="cpu")
    texts = texts_of(model, arguments.rows, arguments.tokens)
    jobs = {
        "trace": lambda: trace(model, texts),
        "bare": lambda: bare(model.model, model, texts),
        "base": lambda: bare(model.model.base_model, model, texts),
    }
    if arguments.memory_of:
        print(peak_mb(jobs[arguments.memory_of]))
        return
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in jobs}
    for _ in range(arguments.repeats):
        for name, job in jobs.items():
            spent[name].append(spend(job))
    clock, processor = (
        {name: min(times[kind] for times in spent[name]) for name in jobs} for kind in (0, 1)
    )
    memory = {name: peak_of(name) for name in jobs}
    report = {
        "settings": model.settings,
        "batch": f"{arguments.rows} x {arguments.tokens}",
        "threads": arguments.threads,
        "seconds": {name: round(best, 2) for name, best in clock.items()},
        "cpu_seconds": {name: round(best, 2) for name, best in processor.items()},
        "time_over_bare": round(clock["trace"] / clock["bare"], 2),
        "cpu_time_over_bare": round(processor["trace"] / processor["bare"], 2),
        "peak_mb": memory,
    }
    print(json.dumps(report, indent=2))


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--dtype", default="auto")
    parser.add_argument("--rows", type=int, default=8)
    parser.add_argument("--tokens", type=int, default=256)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--memory-of", choices=["trace", "bare", "base"], help=argparse.SUPPRESS)
    return parser.parse_args()


def texts_of(model: HuggingFaceModel, rows: int, tokens: int) -> list[str]:
    """Cut English into texts of so many tokens, the start token included."""
    text = " ".join(topics.values())[: 12 * rows * tokens]
    length = tokens - len(model.tokenizer.start)
    spans = model.tokenizer.encode([text])[0].spans
    edges = [int(spans[row * length, 0]) for row in range(rows + 1)]
    return [text[a:b] for a, b in pairwise(edges)]


def trace(model: HuggingFaceModel, texts: list[str]) -> None:
    """Make all traces."""
    for _ in model.trace([Query(text) for text in texts]):
        pass


@torch.inference_mode()
def bare(module: Any, model: HuggingFaceModel, texts: list[str]) -> None:
    """Run the model, or its base, and let go of what it returns."""
    start = list(model.tokenizer.start)
    rows = [start + tokens.ids.tolist() for tokens in model.tokenizer.encode(texts)]
    shortest = min(map(len, rows))
    module(input_ids=torch.tensor([row[:shortest] for row in rows]), use_cache=False)


def spend(job: Callable[[], None]) -> tuple[float, float]:
    """Return the seconds and the processor seconds that a job takes."""
    clock, processor = time.perf_counter(), time.process_time()
    job()
    return time.perf_counter() - clock, time.process_time() - processor


def peak_mb(job: Callable[[], None]) -> float:
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
    command = [sys.executable, *sys.argv, "--memory-of", name]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


if __name__ == "__main__":
    main()
