"""The fine-tuned model and its base behind a real server that is asked for words only.

    python -m pipelines.experiments.standalone.served_choices PROOF OUT NAME ADDRESS [--answers N]

PROOF is the folder of `pipelines.experiments.standalone.proof`, NAME what the server runs (such as
`trained` or `base`), ADDRESS a server that is asked for words, such as
`text+http://127.0.0.1:8000/v1#suspect`; `tests/support/vllm_server.py` serves a folder with vLLM.
The answers are tested without a reference, completions also with the base, and written to
OUT/served, where `pipelines.experiments.standalone.query_access` finds them for its table. A run
that was interrupted goes on.
"""

import argparse
from pathlib import Path
from typing import Any

from membership.audit.corpus import load_audit_corpus
from membership.audit.word_answers import (
    Asked,
    ask,
    questions_of,
    read_references,
)
from membership.choices.answers import answer_counts
from membership.choices.cache import CachedChooser
from membership.models.server.address import parse_address
from membership.models.server.open_chooser import open_chooser
from pipelines.experiments.standalone.proof import once
from pipelines.experiments.standalone.query_access import numbers_of, of_documents
from pipelines.experiments.standalone.query_access_page import SEED
from pipelines.jobs.verify_choices import Asking, window_of
from pipelines.loading.models import ModelOptions, load_model
from watermark.assets import find_model
from watermark.errors import ToolkitError
from watermark.vault.vault import open_vault


def main() -> None:
    """Ask what was not asked yet, then write the numbers."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("proof", type=Path, help="folder of the experiment `proof`")
    parser.add_argument("out", type=Path, help="folder of the experiment `query_access`")
    parser.add_argument("name", help="what the server runs, such as trained or base")
    parser.add_argument("address", help="the server, asked for words: text+ or chat+")
    parser.add_argument("--answers", type=int, default=1, help="answers to each question")
    parser.add_argument("--flip", action="store_true", help="show the options in reverse order")
    parser.add_argument("--power", action="store_true", help="measure the power on subsets")
    arguments = parser.parse_args()
    asking = Asking(answers=arguments.answers, flip=arguments.flip)
    api = arguments.address.partition("+")[0]
    flipped = ", options flipped" if asking.flip else ""
    name = f"{arguments.name}, {api}, {asking.answers} answers{flipped}"
    once(
        arguments.out / "served" / f"{name.replace(', ', '-').replace(' ', '-')}.json",
        lambda: {
            "name": name,
            **serve(
                arguments.proof,
                arguments.out,
                arguments.name,
                arguments.address,
                asking,
                power=arguments.power,
            ),
        },
    )


def serve(
    proof: Path, out: Path, name: str, server: str, asking: Asking, *, power: bool
) -> dict[str, Any]:
    """Return the tests of one model's answers, by reference.

    Raises:
        ToolkitError: The address is not one of a server that is asked for words.
    """
    address = parse_address(server)
    if address is None or address.api == "openai":
        raise ToolkitError(f"{server}: wanted text+http://HOST/v1#MODEL, or chat+")
    vault = open_vault(proof / "ours/vault", proof / "ours/key")
    corpus = load_audit_corpus(vault)
    questions = questions_of(corpus, window_of(address, asking), flip=asking.flip)
    chooser = open_chooser(address, [q.question for q in questions[:2]])
    asked = ask(
        corpus, CachedChooser(chooser, out / name), {}, questions, n=asking.answers, seed=SEED
    )
    read_by: dict[str, dict[str, Any]] = {"none": {}}
    if address.api == "text":  # the base reads the long questions of a chat too slowly
        base = load_model(str(find_model("smollm2-135m")), ModelOptions(cache=out / "cache"))
        read_by["base"] = read_references({"base": base}, questions)
    found = {}
    for reference, read in sorted(read_by.items()):
        table = of_documents(Asked(asked.questions, asked.answers, read, asked.language))
        found[reference] = numbers_of(table, corpus, vault.key, power=power)
    return {"way": chooser.way, "answers": answer_counts(asked.answers), "tests": found}


if __name__ == "__main__":
    main()
