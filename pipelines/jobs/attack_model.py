"""The job behind `leximark attack-model`: attack a model, write the new one."""

from collections.abc import Mapping
from pathlib import Path

from membership.models.checkpoint import find_checkpoint
from pipelines.loading.model_attacks import make_model_attack
from watermark.atomic import atomic_folder, refuse_existing
from watermark.errors import ModelError


def attack_model_command(
    model: str, out: Path, name: str, settings: Mapping[str, str], *, text_column: str = "text"
) -> None:
    """Attack a model and write the result into a new folder.

    Args:
        model: Folder or hub id of the model; it is left as it is.
        out: Folder to make; it is there whole or not at all.
        name: Name of the attack.
        settings: Values by the name of the setting.
        text_column: Column of the texts that some attacks read.

    Raises:
        ToolkitError: The attack, a setting or a value is invalid, or the target exists.
        ModelError: The model cannot be loaded, or the target lies in its folder.
    """
    refuse_existing(out)
    folder = find_checkpoint(model)
    if out.resolve().is_relative_to(folder.resolve()):
        raise ModelError(f"{out}: lies inside the model {model}; name a folder outside")
    attack = make_model_attack(name, settings, text_column)
    with atomic_folder(out) as draft:
        attack.transform(folder, draft)
