"""A small classifier for a labelled set of images: its last hidden layer gives the features of fid.

Trained by `ablate train-classifier DATASET`; the weights are in the package, or in the user's folder under the
fingerprint of the images that they were trained on, as safetensors with how they were made.
"""

from __future__ import annotations

import json
import textwrap
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from ablate.datasets.base import Dataset, fingerprint_of_tensors, to_unit
from ablate.errors import AblateError, UsageError
from ablate.files.data_folder import data_folder
from ablate.files.whole_files import write_bytes
from ablate.registry.components import dataset_options

WEIGHTS = Path(__file__).parent / "weights"
USER_FOLDER = "classifiers"
FEATURES = 64
FEWEST = 60
"""Images that a classifier is trained and tested on, at least"""
HELD_OUT = 1 / 6
SEED = 0
ARCHITECTURE = "conv3x3 16, conv3x3 16, pool, conv3x3 32, pool, 64 features; batch norm, relu"


class MissingClassifier(AblateError):
    """There is no classifier for these images."""

    exit_code = 2


class Classifier(nn.Module):
    """Two convolutions with pooling, a hidden layer of 64 features, and a score for each class.

    Images [n, channels, height, width] in [-1, 1], sides divisible by 4.
    """

    def __init__(self, shape: tuple[int, ...], classes: int, width: int = 16):
        super().__init__()
        channels, height, side = shape
        self.body = nn.Sequential(
            nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(width, 2 * width, 3, padding=1), nn.BatchNorm2d(2 * width), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(2 * width * (height // 4) * (side // 4), FEATURES), nn.ReLU(),
        )  # fmt: skip
        self.head = nn.Linear(FEATURES, classes)

    def embed(self, images: Tensor) -> Tensor:
        """Features [n, 64]."""
        features: Tensor = self.body(images)
        return features

    def forward(self, images: Tensor) -> Tensor:
        scores: Tensor = self.head(self.embed(images))
        return scores


def train_classifier(
    dataset: Dataset, path: Path | None = None, epochs: int | None = None, seed: int = SEED
) -> dict[str, Any]:
    """Train on five sixths of a stored, labelled set, test on the rest, save the weights; gives their record.

    They are saved where `load_classifier` finds them, or as `path`. UsageError for a set that no classifier can be trained
    on: not stored, without labels, of too few images, or of sides that are not divisible by 4.

    Adam up to 4e-3 with a one-cycle schedule, random shifts by a pixel, label smoothing 0.05; repeatable on one machine.
    """
    images, labels = _trainable(dataset)
    generator = torch.Generator().manual_seed(seed)
    trained_on, held_out = split(len(images), generator)
    with torch.random.fork_rng(devices=[]):  # layers take their first weights from the global generator only
        torch.manual_seed(seed)
        model = Classifier(dataset.shape, dataset.n_classes)
    epochs = epochs or max(6, min(60, 100_000 // len(trained_on)))
    batch = 128 if len(trained_on) > 10_000 else min(64, len(trained_on))
    steps = epochs * (len(trained_on) // batch)
    optimizer = torch.optim.Adam(model.parameters(), weight_decay=1e-5)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=steps)
    for _ in range(epochs):
        shuffled = trained_on[torch.randperm(len(trained_on), generator=generator)]
        for chosen in shuffled.split(batch)[: len(trained_on) // batch]:
            shown = _shifted(to_unit(images[chosen], torch.float32), generator)
            loss = F.cross_entropy(model(shown), labels[chosen], label_smoothing=0.05)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    accuracy = accuracy_of(model, images[held_out], labels[held_out])
    return _save(model, dataset, path or path_of(dataset), accuracy, len(held_out), epochs, seed)


def _trainable(dataset: Dataset) -> tuple[Tensor, Tensor]:
    """The images and labels of a set that a classifier can be trained on; UsageError for another."""
    if dataset.images is None or dataset.labels is None:
        raise UsageError(f"{dataset.name} is not a stored set of labelled images; a classifier cannot be trained on it")
    if dataset.classifier:
        raise UsageError(
            f"{dataset.name} takes its features from the classifier of {dataset.classifier} that is in the package; "
            f"these images need none of their own"
        )
    if any(side % 4 or not side for side in dataset.shape[1:]):
        raise UsageError(
            f"{dataset.name} has images of shape {list(dataset.shape)}; a classifier needs sides divisible by 4: "
            f"pad or resize them"
        )
    if len(dataset.images) < FEWEST or dataset.n_classes < 2:
        raise UsageError(
            f"{dataset.name} has {len(dataset.images)} images of {dataset.n_classes} classes; a classifier needs at least "
            f"{FEWEST}, of 2 classes"
        )
    return dataset.images, dataset.labels


def split(n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Which of n images are trained on, and which are held out: the same for a generator of the record's seed."""
    order = torch.randperm(n, generator=generator)
    tested = int(n * HELD_OUT)
    return order[tested:], order[:tested]


def accuracy_of(model: Classifier, images: Tensor, labels: Tensor) -> float:
    """Share of uint8 images whose label the model gives."""
    model.eval()
    with torch.no_grad():
        judged = torch.cat([model(to_unit(part, torch.float32)).argmax(1) for part in images.split(2000)])
    return float((judged == labels).double().mean())


def path_of(dataset: Dataset) -> Path:
    """Where a dataset's classifier lies: in the package, if that one was trained on these images, or in the user's folder.

    The user's is below the folder of the data sets, named by the fingerprint of the images.
    """
    packaged = WEIGHTS / f"{dataset.classifier or dataset.name}.safetensors"
    if dataset.classifier:
        return packaged
    try:
        with safe_open(packaged, framework="pt") as file:
            if json.loads(file.metadata()["record"])["dataset_fingerprint"] == dataset.fingerprint:
                return packaged
    except (OSError, SafetensorError, ValueError, KeyError, TypeError):
        pass  # none in the package, or a damaged one: the user's takes its place
    return data_folder() / USER_FOLDER / f"{dataset.name}-{dataset.fingerprint}.safetensors"


def _shifted(images: Tensor, generator: torch.Generator) -> Tensor:
    down, right = (int(torch.randint(-1, 2, (), generator=generator)) for _ in range(2))
    padded = F.pad(images, (1, 1, 1, 1), value=-1.0)
    height, width = images.shape[-2:]
    return padded[..., 1 + down : 1 + down + height, 1 + right : 1 + right + width]


def _save(
    model: Classifier, dataset: Dataset, path: Path, accuracy: float, tested: int, epochs: int, seed: int
) -> dict[str, Any]:
    tensors = {name: value.contiguous() for name, value in model.state_dict().items()}
    record = {
        "dataset": dataset.name,
        "dataset_fingerprint": dataset.fingerprint,
        "shape": list(dataset.shape),
        "classes": dataset.n_classes,
        "architecture": ARCHITECTURE,
        "accuracy": round(accuracy, 6),
        "tested_on": tested,
        "epochs": epochs,
        "seed": seed,
        "ablate": _version(),
        "torch": str(torch.__version__),
        "fingerprint": fingerprint_of_tensors(tensors),
    }
    write_bytes(path, save(tensors, metadata={"record": json.dumps(record, sort_keys=True)}))
    return record


def _version() -> str:
    try:
        return version("ablate")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return ""


def training_command(dataset: Dataset) -> str:
    """What to type for a classifier of the dataset."""
    options = "".join(f" --set {o.name}=…" for o in dataset_options(dataset.name).values() if not o.silent_default)
    return f"`ablate train-classifier {dataset.name}{options}`"


def load_classifier(dataset: Dataset, path: Path | None = None) -> tuple[Classifier, dict[str, Any]]:
    """The classifier of a dataset, ready to use, and its record; of the file that is given, or where `path_of` says.

    AblateError where its file is missing, damaged, or of other images.
    """
    name, path = dataset.classifier or dataset.name, path or path_of(dataset)
    if not path.exists():
        raise MissingClassifier(
            f"{path}: no classifier for these images of {name}, without which they have no features; "
            f"{training_command(dataset)} trains one"
        )
    again = f"restore it, or train it again with {training_command(dataset)}"
    try:
        with safe_open(path, framework="pt") as file:
            record = json.loads(file.metadata()["record"])
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        expected, _, _ = record["fingerprint"], record["dataset"], record["dataset_fingerprint"]
        model = Classifier(tuple(record["shape"]), record["classes"])
        model.load_state_dict(tensors)
    except (OSError, SafetensorError, ValueError, KeyError, TypeError, RuntimeError) as error:
        reason = textwrap.shorten(str(error), 200)
        raise AblateError(f"{path}: not the weights of a classifier ({reason}); {again}") from error
    if record["dataset"] != name:
        raise AblateError(f"{path}: the classifier of {record['dataset']}, not of {name}; {again}")
    if tuple(record["shape"]) != dataset.shape:
        raise AblateError(
            f"{path}: for images of shape {record['shape']}, but {name} has {list(dataset.shape)}; {again}"
        )
    if fingerprint_of_tensors(tensors) != expected:
        raise AblateError(
            f"{path}: fingerprint is {fingerprint_of_tensors(tensors)}, its record says {expected}; {again}"
        )
    if not dataset.classifier and record["dataset_fingerprint"] != dataset.fingerprint:
        raise AblateError(
            f"{path}: trained on other images of {name} (fingerprint {record['dataset_fingerprint']}) than those here "
            f"({dataset.fingerprint}); {again}"
        )
    return model.eval(), record
