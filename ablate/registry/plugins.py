"""Plugins: files and modules of other people whose decorators register components."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import sys
import traceback
from pathlib import Path

from ablate.errors import UsageError
from ablate.registry import registry

ENTRY_POINT_GROUP = "ablate.plugins"
MAIN = "__main__"


def load_plugin(name: str) -> None:
    """Import a file (`my_module.py`) or a module whose decorators register components. Runs its code.

    UsageError where there is none, where it fails, and where a file has the name of another module; nothing that it
    registered stays then.
    """
    path, before = Path(name), registry.plugin_entries()
    registry.loading.append(name)
    try:
        if path.suffix == ".py":
            _load_file(name, path)
        elif not all(part.isidentifier() for part in name.split(".")):
            raise UsageError("neither a .py file nor the name of a module that can be imported")
        else:
            importlib.import_module(name)
    except UsageError as error:
        registry.keep_only(before)
        raise UsageError(f"--plugin {name}: {error}") from error
    except Exception as error:  # the plugin is the user's code: whatever it raises is reported as its failure
        registry.keep_only(before)
        raise UsageError(f"--plugin {name}: {described(error)}") from error
    finally:
        registry.loading.pop()
    if not registry.loading:
        registry.sources[name] = None


def _load_file(name: str, path: Path) -> None:
    if not path.is_file():
        raise UsageError("no such file")
    _refuse_taken(path)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise UsageError("not a Python file")
    module = importlib.util.module_from_spec(spec)
    before = sys.modules.get(path.stem)
    sys.modules[path.stem] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        if before is None:
            del sys.modules[path.stem]
        else:
            sys.modules[path.stem] = before
        raise


def _refuse_taken(path: Path) -> None:
    """A plugin can be imported under its file's name, which therefore must not be another module's."""
    if "." in path.stem:
        raise UsageError(f"a module cannot be named {path.stem}, with a dot; rename the file")
    if path.stem in sys.modules:
        origin = getattr(sys.modules[path.stem], "__file__", None)
    else:
        spec = importlib.util.find_spec(path.stem)
        if spec is None:
            return
        origin = spec.origin
    if origin is None or Path(origin).resolve() != path.resolve():
        raise UsageError(f"there is another module named {path.stem} ({origin or 'built in'}); rename the file")


def described(error: BaseException) -> str:
    """An error in one text: its kind and message, and the deepest line of a plugin that it came through, if any."""
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    place = plugin_line(error)
    return f"{text} ({place})" if place else text


def plugin_line(error: BaseException) -> str:
    """`my_loss.py:7`, where the error came out of a plugin or passed through it; empty where it did not."""
    modules = {entry.module for entry in registry.plugin_entries()}
    files = {Path(name).resolve() for name in (*registry.loading, *registry.sources) if name.endswith(".py")}
    files |= {Path(file).resolve() for name in modules if (file := getattr(sys.modules.get(name), "__file__", None))}
    lines = [(Path(frame.filename), frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    return next((f"{file.name}:{line}" for file, line in reversed(lines) if file.resolve() in files), "")


def load_entry_points() -> None:
    """Load the plugins that installed packages declare under the entry point group `ablate.plugins`."""
    for point in importlib.metadata.entry_points(group=ENTRY_POINT_GROUP):
        load_plugin(point.module)


def sources() -> tuple[str, ...]:
    """What another process must load, by `load_plugin`, to have the components that this one has, in order.

    MAIN is among them where the main script registers components: no other process has those.
    """
    return tuple(registry.sources)
