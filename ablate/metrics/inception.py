"""fid with pytorch-fid's Inception network, beside that of the classifier: the number that papers report.

The network is pytorch-fid's port of TensorFlow's (Heusel et al. 2017); its weights are read from a file and are never
downloaded here. It is slow, some 5 to 20 images a second on a processor's core, so it is computed only when a run ends.
"""

from __future__ import annotations

import hashlib
import importlib.util
import pickle
import textwrap
from functools import cached_property
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ablate.errors import AblateError
from ablate.metrics.evaluation import LARGEST, Reference, protocol_name
from ablate.metrics.frechet import Gaussian, frechet_distance

FILE = "pt_inception-2015-12-05-6726825d.pth"
URL = f"https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/{FILE}"
READING_FAILS = (
    OSError, RuntimeError, ValueError, TypeError, AttributeError, EOFError, KeyError, pickle.UnpicklingError,
)  # fmt: skip
"""What torch.load and load_state_dict raise on files that are no such weights"""
BATCH = 50
SIDE = 299


def usual_path() -> Path:
    """Where pytorch-fid itself keeps the weights."""
    return Path(torch.hub.get_dir()) / "checkpoints" / FILE


def why_missing(weights: Path) -> str:
    """What is not here that the features need, and how to get it; empty where all is here."""
    if importlib.util.find_spec("pytorch_fid") is None:
        return "fid_inception is skipped: the package pytorch-fid is not installed; pip install 'ablate[inception]'"
    if not weights.is_file():
        return (
            f"fid_inception is skipped: its weights {weights} are missing; download them from {URL}, or name the file "
            f"with --inception-weights"
        )
    return ""


class InceptionFeatures:
    """The 2048 features of Inception's last pooling layer.

    Images are rounded to 8 bits, as if they had been saved; grey ones are tiled to three channels; all are resized to
    299 × 299, bilinear without antialias, as pytorch-fid does.
    """

    name = "inception"

    def __init__(self, weights: Path, device: torch.device):
        self.device = device
        self.network = _network(weights).eval().requires_grad_(False).to(device)
        self.fingerprint = hashlib.sha256(weights.read_bytes()).hexdigest()[:16]

    def features(self, samples: Tensor) -> Tensor:
        """Images [n, 1 or 3, height, width] in [-1, 1] → [n, 2048] in float64, on the CPU."""
        parts = []
        for part in samples.split(BATCH):
            grey_levels = ((part.to(self.device) + 1) * 127.5).round().clamp(0, 255)
            images = (grey_levels.float() / 255).expand(-1, 3, -1, -1)
            resized = F.interpolate(images, (SIDE, SIDE), mode="bilinear", align_corners=False)
            with torch.no_grad():
                parts.append(self.network(2 * resized - 1).flatten(1).cpu())
        return torch.cat(parts).double()


def _network(weights: Path) -> nn.Module:
    """pytorch-fid's network up to its last pooling, built without its own constructor, which would download weights."""
    from pytorch_fid import inception as fid
    from torchvision.models import inception_v3

    whole = inception_v3(num_classes=1008, aux_logits=False, weights=None, init_weights=False)
    whole.Mixed_5b = fid.FIDInceptionA(192, pool_features=32)
    whole.Mixed_5c = fid.FIDInceptionA(256, pool_features=64)
    whole.Mixed_5d = fid.FIDInceptionA(288, pool_features=64)
    whole.Mixed_6b = fid.FIDInceptionC(768, channels_7x7=128)
    whole.Mixed_6c = fid.FIDInceptionC(768, channels_7x7=160)
    whole.Mixed_6d = fid.FIDInceptionC(768, channels_7x7=160)
    whole.Mixed_6e = fid.FIDInceptionC(768, channels_7x7=192)
    whole.Mixed_7b = fid.FIDInceptionE_1(1280)
    whole.Mixed_7c = fid.FIDInceptionE_2(2048)
    try:
        whole.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))  # tensors only, never code
    except READING_FAILS as error:
        reason = textwrap.shorten(str(error), 200)
        raise AblateError(
            f"{weights}: not the weights of pytorch-fid's Inception network ({reason}); download {URL} again"
        ) from error
    return nn.Sequential(
        whole.Conv2d_1a_3x3, whole.Conv2d_2a_3x3, whole.Conv2d_2b_3x3, nn.MaxPool2d(3, 2),
        whole.Conv2d_3b_1x1, whole.Conv2d_4a_3x3, nn.MaxPool2d(3, 2),
        whole.Mixed_5b, whole.Mixed_5c, whole.Mixed_5d,
        whole.Mixed_6a, whole.Mixed_6b, whole.Mixed_6c, whole.Mixed_6d, whole.Mixed_6e,
        whole.Mixed_7a, whole.Mixed_7b, whole.Mixed_7c, nn.AdaptiveAvgPool2d(1),
    )  # fmt: skip


class InceptionFid:
    """fid with Inception's features against a dataset's real sample: a number for each run, and its floor."""

    def __init__(self, reference: Reference, weights: Path, device: torch.device):
        self.reference, self.name = reference, protocol_name("inception", reference.n)
        self.skipped = why_missing(weights).replace(str(weights), weights.name)
        """why there is no such fid, without this machine's paths, for it goes into tables; empty where there is"""
        self.extractor = None if self.skipped else InceptionFeatures(weights, device)

    @classmethod
    def of(cls, reference: Reference, weights: Path | None, device: torch.device) -> InceptionFid | None:
        """That of a reference, the one made before if there is one; None for points, or where it is not asked for."""
        if weights is None or reference.points is not None:
            return None
        return reference.once(lambda known: cls(known, weights, device), key=(cls, str(weights), str(device)))

    @cached_property
    def gaussian(self) -> Gaussian:
        """Mean and covariance of the real sample's features."""
        return self._gaussian(self.reference.samples)

    @cached_property
    def floors(self) -> dict[str, float]:
        """What real images score against other real images; nothing where it is skipped."""
        if self.skipped:
            return {}
        second = self.reference.second_sample()
        # of a small stored set both are halves, so that no image is in both
        whole = len(second) == len(self.reference.samples)
        first = self.gaussian if whole else self._gaussian(self.reference.samples[: len(second)])
        return {f"{self.name}_floor": frechet_distance(first, self._gaussian(second))}

    def __call__(self, samples: Tensor) -> dict[str, float]:
        """{name: fid} of generated samples; NaN where they are not finite; nothing where it is skipped."""
        if self.skipped:
            return {}
        if not bool(samples.abs().amax() <= LARGEST):
            return {self.name: float("nan")}
        return {self.name: frechet_distance(self._gaussian(samples), self.gaussian)}

    def _gaussian(self, samples: Tensor) -> Gaussian:
        assert self.extractor is not None
        return Gaussian.of_features(self.extractor.features(samples))
