"""ablate train-classifier: the network whose features fid uses."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ablate.commands.shared import Data, use_data


def train_feature_classifier(
    dataset: Annotated[str, typer.Argument(help="a labelled image dataset", show_default=False)],
    out: Annotated[Path | None, typer.Option(help="folder for the weights; default: beside the package's own")] = None,
    data: Data = None,
) -> None:
    """Train the classifier whose features fid uses on a dataset's images."""
    from ablate.datasets import load_dataset
    from ablate.metrics.classifier import WEIGHTS, train_classifier

    use_data(data)
    folder = out or WEIGHTS
    record = train_classifier(load_dataset(dataset, {}), folder)
    print(
        f"{folder / dataset}.safetensors: accuracy {100 * record['accuracy']:.2f} % on {record['tested_on']} images held "
        f"out; fingerprint {record['fingerprint']}"
    )
