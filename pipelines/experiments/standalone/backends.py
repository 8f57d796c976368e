"""One model, run in every way: does `verify` reach the same verdict?

    python -m pipelines.experiments.standalone.backends PROOF OUT [--server ADDRESS]

PROOF is what `python -m pipelines.experiments.standalone.proof` made: a model fine-tuned on marked
passages, and their key. ADDRESS is a server, such as `openai+http://host:port/v1#model`. The first
passages are marked again with that key, and the model is audited

    folder    as it is
    gguf      in 8 bits, from a GGUF file, expanded
    llama.cpp the same file run by llama.cpp, if that is installed
    server    behind a server (see `tests/support/vllm_server.py`), if one is named

with the base as reference. No start token goes before the texts: the server puts none. An
interrupted run continues where it stopped.
"""

import argparse
import json
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from membership.evidence.result import rounded_up
from membership.models.local.llama_cpp import PREFIX
from pipelines.experiments.standalone.proof import CORPUS, SEED
from pipelines.experiments.trials.gguf_writer import write_gguf
from pipelines.experiments.trials.passages import passages
from pipelines.jobs.mark import make_intent, mark_command
from pipelines.jobs.verify import verify_command
from pipelines.loading.models import ModelOptions
from pipelines.reporting.report import Report
from watermark.assets import find_model
from watermark.schemes.leximark import LexiMark


def main() -> None:
    """Run the audits and write `results.json` and `README.md`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("proof", type=Path, help="folder of the experiment `proof`")
    parser.add_argument("out", type=Path, help="folder for everything; an earlier run is gone on")
    parser.add_argument("--server", help="address of the fine-tuned model behind a server")
    parser.add_argument("--passages", type=int, default=60, help="how many are marked")
    parser.add_argument("--dtype", default="bfloat16", choices=["bfloat16", "float32"])
    arguments = parser.parse_args()
    results = run(
        arguments.proof, arguments.out, arguments.server, arguments.passages, arguments.dtype
    )
    (arguments.out / "results.json").write_text(json.dumps(results, indent=2) + "\n")
    (arguments.out / "README.md").write_text(describe(results), encoding="utf-8")


def run(proof: Path, out: Path, server: str | None, n: int, dtype: str) -> dict[str, Any]:
    """Audit the model in each way of running it; compare each report with the first."""
    out.mkdir(parents=True, exist_ok=True)
    key_file = proof / "ours/key"
    vault = mark(out, key_file, n)
    trained = proof / "models/trained"
    backends = {"folder": str(trained), "gguf": str(out / "trained.Q8_0.gguf")}
    if not Path(backends["gguf"]).exists():
        write_gguf(trained, Path(backends["gguf"]))
    if find_spec("llama_cpp"):
        backends["llama.cpp"] = PREFIX + backends["gguf"]
    if server:
        backends["server"] = server
    options = ModelOptions(dtype=dtype, start_token="none", cache=out / "cache")  # type: ignore[arg-type]
    reports, seconds = dict[str, Report](), dict[str, float]()
    base = str(find_model("smollm2-135m"))
    for backend, name in backends.items():
        folder = out / f"report-{backend}-{time.time_ns()}"
        began = time.monotonic()
        reports[backend] = verify_command(vault, name, (base,), folder, options, key_file=key_file)
        seconds[backend] = round(time.monotonic() - began, 1)
    return {
        "passages": n,
        "dtype": dtype,
        "seconds": seconds,
        "backends": {b: compare(report, reports["folder"]) for b, report in reports.items()},
    }


def mark(out: Path, key_file: Path, n: int) -> Path:
    """Mark the first passages of the proof with its key."""
    corpus = out / "passages.jsonl"
    if not (out / "vault").exists():
        rows = (d.__dict__ for d in passages(CORPUS, n, seed=SEED))
        corpus.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        intent = make_intent(LexiMark(sources=("wordnet",)))
        mark_command(
            corpus, out / "published", out / "vault", intent, id_column="id", key_file=key_file
        )
    return out / "vault"


def compare(report: Report, with_this: Report) -> dict[str, Any]:
    """Return what a report concludes, and how far its scores are from those of another."""
    verdict = report.audit.verdict
    scores = {}
    for name, ours in report.audit.observations.scores.items():
        theirs = with_this.audit.observations.scores[name]
        pair = np.array([[a.value, b.value] for a, b in zip(ours, theirs, strict=True)])
        pair = pair[np.isfinite(pair).all(1)]
        if len(pair) > 2:
            scores[name] = {
                "n": len(pair),
                "largest_difference": float(np.abs(pair[:, 0] - pair[:, 1]).max()),
                "correlation": float(np.corrcoef(pair.T)[0, 1]),
            }
    return {
        "settings": report.run.inputs["suspect"]["settings"],
        "verdict": verdict.words,
        "test": verdict.primary.test,
        "pvalue": verdict.primary.pvalue,
        "bound": verdict.primary.bound,
        "zscore": verdict.primary.zscore,
        "n_sites": verdict.primary.n_units if verdict.primary.test == "redraw" else None,
        "skipped": verdict.skipped,
        "preferences": _preferences(report, with_this),
        "scores": scores,
    }


def _preferences(report: Report, with_this: Report) -> dict[str, float]:
    """Compare what the suspect says of candidates, before any adjustment."""
    pairs = zip(
        report.audit.observations.site_logprobs.suspect,
        with_this.audit.observations.site_logprobs.suspect,
        strict=True,
    )
    both = [
        (a.logprob[1] - a.logprob[0], b.logprob[1] - b.logprob[0])
        for a, b in pairs
        if not a.reason and not b.reason
    ]
    ours, theirs = np.array(both).T
    return {
        "n": len(ours),
        "median_difference": float(np.median(np.abs(ours - theirs))),
        "largest_difference": float(np.abs(ours - theirs).max()),
        "correlation": float(np.corrcoef(ours, theirs)[0, 1]),
    }


def describe(results: Mapping[str, Any]) -> str:
    """Return the page that stands beside the numbers."""
    lines = [
        "# One model, run in every way",
        "",
        "SmolLM2-135M fine-tuned for one epoch on marked news "
        "(`pipelines/experiments/standalone/proof.py`), "
        f"audited on {results['passages']} of its passages with the base as reference; models that "
        f"run here in {results['dtype']}. Differences are from the model in its folder.",
        "",
        "| run from | verdict | p | Chernoff bound | z | sites | candidates: median (largest) "
        "difference in nats, correlation | loss of documents: largest difference, correlation "
        "| seconds |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for backend, found in results["backends"].items():
        near, loss = found["preferences"], found["scores"].get("loss", {})
        lines.append(
            f"| {backend} | {found['verdict']} | {found['pvalue']:.2g} "
            f"| {rounded_up(found['bound'])} "
            f"| {found['zscore']:.1f} | {found['n_sites']} | {near['median_difference']:.3f} "
            f"({near['largest_difference']:.2f}), {near['correlation']:.4f} "
            f"| {loss.get('largest_difference', np.nan):.3f}, "
            f"{loss.get('correlation', np.nan):.4f} | {results['seconds'][backend]} |"
        )
    lines += ["", "How each was run:", ""]
    lines += [f"- {backend}: {found['settings']}" for backend, found in results["backends"].items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
