"""The command line: its commands by name, and how errors are shown. Commands import what is heavy where they use it."""

from __future__ import annotations

import functools
import os
import sys
import warnings
from collections.abc import Callable
from typing import Any

import typer

from ablate.commands.best import best
from ablate.commands.calibrate import calibrate
from ablate.commands.classifier import train_feature_classifier
from ablate.commands.compare import compare
from ablate.commands.listing import list_components
from ablate.commands.merge import merge
from ablate.commands.options import DONE, INTERNAL, INTERRUPTED, USAGE
from ablate.commands.promote import promote
from ablate.commands.report import report
from ablate.commands.run import run
from ablate.commands.sample import animate, sample
from ablate.commands.show import show
from ablate.commands.validate import validate
from ablate.commands.verify import verify
from ablate.errors import AblateError, AblateWarning
from ablate.registry.plugins import described, plugin_line

TRACEBACK_VARIABLE = "ABLATE_TRACEBACK"

app = typer.Typer(
    help="Settles, by experiment, what is claimed about training GANs.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    epilog="Exit codes: 0 all done, 1 an internal error, 2 usage or study file, 3 some runs failed or results differ, "
    "4 incomplete, 130 interrupted.",
)


def _interruptible(command: Callable[..., None]) -> Callable[..., None]:
    """The command with our message on Ctrl-C: typer would exit with its own code and say nothing."""

    @functools.wraps(command)
    def run(*arguments: Any, **named: Any) -> None:
        try:
            command(*arguments, **named)
        except KeyboardInterrupt:
            raise typer.Abort from None

    return run


COMMANDS: dict[str, Callable[..., None]] = {
    "run": run,
    "report": report,
    "merge": merge,
    "promote": promote,
    "verify": verify,
    "best": best,
    "sample": sample,
    "animate": animate,
    "compare": compare,
    "calibrate": calibrate,
    "validate": validate,
    "list": list_components,
    "show": show,
    "train-classifier": train_feature_classifier,
}
for name, command in COMMANDS.items():
    app.command(name)(_interruptible(command))


def _shown_once() -> Callable[..., None]:
    """Shows a warning of ours in one line, once, without its place in the code; others as Python shows them."""
    seen: set[str] = set()
    others = warnings.showwarning

    def show(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
        if not issubclass(category, AblateWarning):
            others(message, category, *place, **more)
        elif str(message) not in seen:
            seen.add(str(message))
            print(f"ablate: {message}", file=sys.stderr)

    return show


def main() -> None:
    """Entry point: every error becomes one message and an exit code."""
    warnings.showwarning = _shown_once()
    try:
        sys.exit(app(standalone_mode=False))
    except AblateError as error:
        print(error if "\n" in str(error) else f"ablate: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except (typer.Abort, KeyboardInterrupt):
        print("ablate: interrupted; run the same command again to go on", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(DONE)
    except Exception as error:
        if hasattr(error, "show"):  # a wrong flag or argument, in the words of the command line library
            error.show()
            sys.exit(USAGE)
        if os.environ.get(TRACEBACK_VARIABLE):
            raise
        if plugin_line(error):
            print(f"ablate: a plugin failed: {described(error)}; {TRACEBACK_VARIABLE}=1 shows more", file=sys.stderr)
            sys.exit(USAGE)
        print(f"ablate: an internal error: {type(error).__name__}: {error}", file=sys.stderr)
        print(f"please report it with what {TRACEBACK_VARIABLE}=1 shows", file=sys.stderr)
        sys.exit(INTERNAL)
