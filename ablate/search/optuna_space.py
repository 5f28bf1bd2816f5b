"""A search space as Optuna describes it. Optuna is an optional extra, imported when it is first needed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from ablate.errors import UsageError
from ablate.study.search_space import Draw, Parameter

EXTRA = "Optuna is not installed; pip install 'ablate[search]'"


def installed() -> bool:
    """Whether Optuna can be imported."""
    return find_spec("optuna") is not None


def load_optuna() -> Any:
    """The module; UsageError with what to install where it is missing."""
    if not installed():
        raise UsageError(EXTRA)
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


def distribution(parameter: Parameter) -> Any:
    """The parameter as Optuna's distribution. Choices that are lists stand as JSON, which its storages can hold."""
    from optuna import distributions

    if parameter.choices:
        return distributions.CategoricalDistribution([_as_json_choice(choice) for choice in parameter.choices])
    if parameter.whole:
        return distributions.IntDistribution(int(parameter.low), int(parameter.high), log=parameter.log)
    return distributions.FloatDistribution(parameter.low, parameter.high, log=parameter.log)


def space_of(parameters: Sequence[Parameter]) -> dict[str, Any]:
    """Parameter's name → Optuna's distribution."""
    return {parameter.name: distribution(parameter) for parameter in parameters}


def distribution_text(space: Any) -> str:
    """A distribution as text that two of them share only if they are the same."""
    from optuna.distributions import distribution_to_json

    return str(distribution_to_json(space))


def _as_json_choice(choice: Any) -> Any:
    """The choice as Optuna's storages can hold it: a list stands as JSON."""
    return json.dumps(choice) if isinstance(choice, tuple) else choice


def trial_of(
    draw: Draw, parameters: Sequence[Parameter], value: float | None, pruned: tuple[int, float] | None = None
) -> Any:
    """A finished trial; one without a value failed, or was pruned: then at that step, with that value."""
    from optuna.trial import TrialState, create_trial

    named = {parameter.name: parameter for parameter in parameters if parameter.name in draw}
    return create_trial(
        params={name: _as_json_choice(draw[name]) for name in named},
        distributions={name: distribution(parameter) for name, parameter in named.items()},
        value=value,
        state=TrialState.PRUNED if pruned else TrialState.FAIL if value is None else TrialState.COMPLETE,
        intermediate_values=dict([pruned]) if pruned else {},
    )


def draw_of(params: dict[str, Any], parameters: Sequence[Parameter]) -> Draw:
    """What a trial proposes, numbers rounded as all draws are."""
    draw: Draw = {}
    for parameter in parameters:
        value = params[parameter.name]
        if parameter.choices:
            draw[parameter.name] = next(choice for choice in parameter.choices if _as_json_choice(choice) == value)
        else:
            draw[parameter.name] = value if parameter.whole else parameter.rounded(value)
    return draw
