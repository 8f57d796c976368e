"""Check what an experiment needs and this machine lacks."""

from collections.abc import Callable, Iterator
from pathlib import Path

from huggingface_hub import HfApi, constants, try_to_load_from_cache
from huggingface_hub.errors import HfHubHTTPError

from membership.models.local.inference_settings import gpu_gigabytes
from pipelines.experiments.runner.experiment import Needs
from pipelines.experiments.trials.paper_corpora import DATA, find_dataset
from watermark.assets import find_model, find_spacy, find_texts, find_wordnet
from watermark.errors import ToolkitError

FIND: dict[str, Callable[[], Path]] = {
    "wordnet": find_wordnet,
    "spacy-en": find_spacy,
    "texts": find_texts,
}
MARKING = ("wordnet", "spacy-en")
"""Assets that every experiment needs, since all of them mark texts."""


def missing(needs: Needs) -> list[str]:
    """Return one line for each thing that is missing, with how to get it."""
    return [*_assets(needs), *_models(needs), *_datasets(needs), *_gpu(needs)]


def _assets(needs: Needs) -> Iterator[str]:
    for asset in (*MARKING, *needs.assets):
        try:
            FIND[asset]() if asset in FIND else find_model(asset)
        except ToolkitError as error:
            yield str(error)


def _models(needs: Needs) -> Iterator[str]:
    for name in needs.models:
        if not isinstance(try_to_load_from_cache(name, "config.json"), str):
            problem = _ask_hub(lambda: HfApi().model_info(name))  # noqa: B023 - called at once
            if problem:
                yield f"model {name}: not in the cache of the hub, and {problem}"


def _datasets(needs: Needs) -> Iterator[str]:
    for name in needs.datasets:
        if find_dataset(name) == name:
            problem = _ask_hub(lambda: HfApi().dataset_info(name))  # noqa: B023 - called at once
            if problem:
                yield f"data set {name}: no copy in the folder that {DATA} names, and {problem}"
    for name in needs.local_datasets:
        if find_dataset(name) == name:
            yield f"data set {name}: put a copy into the folder that {DATA} names"


def _ask_hub(ask: Callable[[], object]) -> str:
    """Return why the hub does not give something; nothing if it does."""
    if constants.HF_HUB_OFFLINE:
        return "HF_HUB_OFFLINE is set"
    try:
        ask()
    except (HfHubHTTPError, OSError) as error:
        return f"the hub does not give it ({str(error).splitlines()[0]})"
    return ""


def _gpu(needs: Needs) -> Iterator[str]:
    there = gpu_gigabytes()
    if there < needs.gpu_gigabytes:
        has = f"this one has {there:.0f} GB" if there else "no GPU was found"
        yield f"a CUDA GPU of {needs.gpu_gigabytes} GB: {has}"
