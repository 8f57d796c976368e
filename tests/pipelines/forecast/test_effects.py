from typing import get_args

import pytest

from pipelines.forecast.effects import load_effects
from pipelines.loading.option_values import PlannedSuspect, PlannedTraining


def test_every_choice_of_the_command_has_a_row_with_a_source():
    effects = load_effects()
    assert tuple(effects.suspects) == get_args(PlannedSuspect)
    assert tuple(effects.trainings) == get_args(PlannedTraining)
    assert all(kind.source for kind in effects.suspects.values())
    assert all(training.source for training in effects.trainings.values())
    assert [t.measured for t in effects.trainings.values()] == [True, False, False]


def test_noise_grows_with_the_spread_where_no_base_takes_it_out():
    effects = load_effects()
    usual, wide = (
        effects.sensitivity("none", "fine-tuning", k * effects.spread) for k in (1.0, 2.0)
    )
    assert wide.noise == pytest.approx(2 * usual.noise)
    assert wide.effect == usual.effect
    base = [effects.sensitivity("base", "fine-tuning", k * effects.spread) for k in (1.0, 2.0)]
    assert base[0] == base[1]


def test_fewer_copies_leave_less():
    shown = [load_effects().sensitivity("base", t, 1.6).effect for t in get_args(PlannedTraining)]
    assert shown == sorted(shown, reverse=True)
