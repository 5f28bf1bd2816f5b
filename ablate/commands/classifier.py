"""ablate train-classifier: the network whose features fid uses."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ablate.commands.options import Data, use_data

Options = Annotated[list[str], typer.Option("--set", metavar="OPTION=VALUE", help="an option of the dataset")]


def train_feature_classifier(
    dataset: Annotated[str, typer.Argument(help="a labelled image dataset", show_default=False)],
    options: Options = [],  # noqa: B006
    out: Annotated[
        Path | None, typer.Option(help="folder for the weights; default: where `ablate run` looks for them")
    ] = None,
    data: Data = None,
) -> None:
    """Train the classifier whose features fid uses on a dataset's images."""
    chosen = dataset_options(dataset, options)
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


def dataset_options(dataset: str, given: list[str]) -> dict[str, Any]:
    """The options of a dataset from texts such as size=64; UsageError for one that it does not have, or cannot have."""
    from ablate import registry
    from ablate.errors import UsageError
    from ablate.registry import components
    from ablate.registry.setting import KINDS

    registry.entry("dataset", dataset)
    known = components.dataset_options(dataset)
    options: dict[str, Any] = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not sign:
            raise UsageError(f"--set {text}: expected OPTION=VALUE")
        kind = KINDS[known[name].kind] if name in known else str
        try:
            options[name] = kind(value)
        except ValueError:
            options[name] = value
    problems = [message for _, message in components.wrong_options(dataset, options)]
    if problems:
        raise UsageError(f"{dataset}: {'; '.join(problems)}")
    return options
