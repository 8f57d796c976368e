from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import typer

from pipelines.commands.options.model import ModelFlags
from pipelines.loading.models import ModelOptions, cache_folder

NOT_GIVEN = {"texts": (), "opener": None}
"""Options that are not the user's to give."""


def test_each_option_of_a_model_is_a_flag_with_the_same_default():
    options = {f.name: f.default for f in fields(ModelOptions) if f.name not in NOT_GIVEN}
    assert {f.name: f.default for f in fields(ModelFlags) if f.name != "no_cache"} == options


def test_every_flag_reaches_the_options():
    given: dict[str, Any] = {
        "dtype": "float16",
        "device": "cpu",
        "max_length": 64,
        "start_token": "bos",
        "base": "org/base",
        "timeout": 3.0,
        "requests_per_second": 0.5,
        "connections": 2,
        "cache": Path("traces"),
    }
    assert vars(ModelFlags(**given).options()) == given | NOT_GIVEN


def test_traces_are_kept_in_the_usual_folder_unless_they_are_not_wanted():
    assert ModelFlags().options().cache == cache_folder()
    assert ModelFlags(no_cache=True).options().cache is None
    with pytest.raises(typer.BadParameter, match="choose one of --cache and --no-cache"):
        ModelFlags(cache=Path("traces"), no_cache=True).options()
