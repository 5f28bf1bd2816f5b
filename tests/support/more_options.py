"""`ablate run` with one option more, declared in one place, as an option of ablate's own would be."""

from __future__ import annotations

from dataclasses import dataclass

import typer

from ablate.commands.option_flags import with_flags
from ablate.commands.run import train
from ablate.config.option import option
from ablate.execution.options import Options


@dataclass(frozen=True)
class MoreOptions(Options):
    patience: int = option(3, "how many evaluations without progress are borne", least=1)


def main() -> None:
    """The command, with the arguments of this process."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command()(with_flags(train, MoreOptions))
    app()
