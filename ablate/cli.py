"""The command line: its commands by name, and what becomes of an error. Heavy imports are made where they are used."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import typer

from ablate.commands.calibrate import calibrate
from ablate.commands.classifier import train_feature_classifier
from ablate.commands.compare import compare
from ablate.commands.report import promote, report
from ablate.commands.run import run
from ablate.commands.shared import DONE, FAULT, INTERRUPTED, USAGE
from ablate.commands.study import list_components, show, validate
from ablate.errors import AblateError

TRACEBACK_VARIABLE = "ABLATE_TRACEBACK"

app = typer.Typer(
    help="Settles, by experiment, what is claimed about training GANs.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    epilog="Exit codes: 0 all done, 1 ablate's own fault, 2 usage or study file, 3 some runs failed or results differ, "
    "4 incomplete, 130 interrupted.",
)

COMMANDS: dict[str, Callable[..., None]] = {
    "run": run,
    "report": report,
    "compare": compare,
    "promote": promote,
    "calibrate": calibrate,
    "validate": validate,
    "list": list_components,
    "show": show,
    "train-classifier": train_feature_classifier,
}
for name, command in COMMANDS.items():
    app.command(name)(command)


def main() -> None:
    """Entry point: whatever goes wrong becomes one message and an exit code."""
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
        print(f"ablate: a fault of its own: {type(error).__name__}: {error}", file=sys.stderr)
        print(f"please report it with what {TRACEBACK_VARIABLE}=1 shows", file=sys.stderr)
        sys.exit(FAULT)
