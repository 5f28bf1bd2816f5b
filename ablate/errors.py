"""The errors that a person is meant to read: what is wrong, where, and what to do."""

from __future__ import annotations


class AblateError(Exception):
    """A mistake or a failure that is explained to the user in one message, without a traceback."""

    exit_code = 1


class UsageError(AblateError):
    """A wrong flag, name or study file: nothing was run."""

    exit_code = 2


class MissingData(AblateError):
    """A data set that is not here and cannot be had; says what to download and where to put it."""

    exit_code = 2


class AblateWarning(UserWarning):
    """What a person should know of, though the work goes on: the command line prints it once, in one line."""


class StudyErrors(UsageError):
    """All mistakes of one study file, each as `file:line:column: path: what, what was expected`."""

    def __init__(self, problems: list[str]):
        super().__init__("\n".join(problems))
        self.problems = problems
