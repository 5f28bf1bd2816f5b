"""ablate train-classifier: the network whose features fid uses."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ablate.commands.options import Data, Plugin, load_plugins, use_data

Options = Annotated[list[str], typer.Option("--set", metavar="OPTION=VALUE", help="an option of the dataset")]


def train_feature_classifier(
    dataset: Annotated[str, typer.Argument(help="a labelled image dataset", show_default=False)],
    options: Options = [],  # noqa: B006
    out: Annotated[
        Path | None, typer.Option(help="folder for the weights; default: where `ablate run` looks for them")
    ] = None,
    data: Data = None,
    plugin: Plugin = [],  # noqa: B006
) -> None:
    """Train the classifier whose features fid uses on a dataset's images."""
    load_plugins(plugin)
    chosen = read_options(dataset, options)
    from ablate.datasets import load_dataset
    from ablate.metrics.classifier import path_of, train_classifier

    use_data(data)
    loaded = load_dataset(dataset, chosen)
    path = out / f"{dataset}.safetensors" if out else path_of(loaded)
    record = train_classifier(loaded, path)
    print(
        f"{path}: accuracy {100 * record['accuracy']:.2f} % on {record['tested_on']} images held out; "
        f"fingerprint {record['fingerprint']}"
    )


def read_options(dataset: str, given: list[str]) -> dict[str, Any]:
    """The options of a dataset from texts such as size=64; UsageError for one that it does not have, or cannot have."""
    from ablate import registry
    from ablate.errors import UsageError
    from ablate.registry.components import dataset_options, wrong_options

    registry.entry("dataset", dataset)
    known = dataset_options(dataset)
    options: dict[str, Any] = {}
    for text in given:
        name, sign, written = text.partition("=")
        if not sign:
            raise UsageError(f"--set {text}: expected OPTION=VALUE")
        options[name] = written if name in known and known[name].kind == "text" else _value(written)
    problems = [message for _, message in wrong_options(dataset, options)]
    if problems:
        raise UsageError(f"{dataset}: {'; '.join(problems)}")
    return options


def _value(written: str) -> Any:
    """What the text would be in a study file; the text itself where it is not YAML."""
    from ablate.errors import StudyErrors
    from ablate.study.yaml_file import parse_yaml

    try:
        return parse_yaml(written, Path("--set")).value
    except StudyErrors:
        return written
