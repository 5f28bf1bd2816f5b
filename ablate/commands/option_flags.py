"""The flags of a command that follow from a dataclass of options: name, type, default, bounds and help of each."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any, get_type_hints

import typer

from ablate.config.option import Option, options_of

MAKE = "make_options"
"""The parameter of the command in whose place the flags stand"""


def with_flags(command: Callable[..., None], options: type) -> Callable[..., None]:
    """The command with a flag for each option; it is given `make_options(folder, …)`, which makes them of the flags."""
    flags = {known.name: known for known in options_of(options)}

    @functools.wraps(command)
    def run(**given: Any) -> None:
        values = {name: given.pop(name) for name in flags}
        command(**given, **{MAKE: functools.partial(options, **values)})

    hints = get_type_hints(command, include_extras=True)
    parameters: list[inspect.Parameter] = []
    for parameter in inspect.signature(command).parameters.values():
        if parameter.name == MAKE:
            parameters += map(_parameter, flags.values())
        else:
            parameters.append(parameter.replace(annotation=hints[parameter.name]))
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def _parameter(known: Option) -> inspect.Parameter:
    words = known.words
    kind: Any = StrEnum(known.name, {choice: choice for choice in known.choices}) if known.choices else known.kind
    default = kind(known.default) if known.choices else known.default
    flag = typer.Option(known.flag, help=words.help, min=words.least, max=words.most, metavar=words.metavar)
    optional: Any = kind | None if default is None else kind
    return inspect.Parameter(
        known.name,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
        default=default,
        annotation=Annotated[optional, flag],
    )
