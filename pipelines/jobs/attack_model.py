"""The job behind `leximark attack-model`: attack a model, write the new one."""

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tqdm import tqdm

from membership.models.checkpoint import find_checkpoint
from pipelines.loading.model_attacks import make_model_attacks
from watermark.atomic import atomic_folder, refuse_existing
from watermark.errors import ModelError


def attack_model_command(
    model: str,
    out: Path,
    names: Sequence[str],
    settings: Mapping[str, str],
    *,
    text_column: str = "text",
) -> None:
    """Attack a model and write the result into a new folder.

    Args:
        model: Folder or hub id of the model; it is left as it is.
        out: Folder to make; it appears complete or not at all.
        names: Attacks, each applied to the result of the one before.
        settings: See `make_attacks`.
        text_column: Column of the texts that some attacks read.

    Raises:
        ToolkitError: An attack, a setting or a value is invalid, or the target exists.
        ModelError: The model cannot be loaded, or the target lies in its folder.
    """
    refuse_existing(out)
    folder = find_checkpoint(model)
    if out.resolve().is_relative_to(folder.resolve()):
        raise ModelError(f"{out}: lies inside the model {model}; name a folder outside")
    attacks = make_model_attacks(names, settings, text_column)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as temporary:
        for number, attack in enumerate(tqdm(attacks, unit=" attacks", disable=None)):
            before, last = folder, number == len(attacks) - 1
            folder = out if last else Path(temporary) / str(number)
            with atomic_folder(folder) as draft:
                attack.transform(before, draft)
            if number:
                shutil.rmtree(before)
