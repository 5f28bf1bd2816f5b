"""A saved generator is the run's own: the same samples of the same latents, and one clear error for what it cannot do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

import ablate
from ablate.config.run_config import RunConfig
from ablate.datasets import load_dataset
from ablate.errors import AblateError, UsageError
from ablate.networks.generator_file import save_generator, spherical
from ablate.training.cohort import Cohort
from ablate.training.sampling import sample, standing_statistics

CPU = torch.device("cpu")
IMAGES: dict[str, object] = {
    "dataset": "digits", "architecture": "conv", "width": 4, "conditional": True, "generator_norm": "batch",
    "latent_size": 5, "batch_size": 16, "generator_steps": 1, "precision": "fp64", "n_critic": 1,
}  # fmt: skip
POINTS: dict[str, object] = {"dataset": "ring8", "width": 8, "generator_steps": 1, "generator_norm": "batch"}


def trained(settings: dict[str, object], folder: Path) -> tuple[Cohort, list[Path]]:
    """A cohort of three after some steps, and a generator's file of each member."""
    configs = [RunConfig.model_validate({**settings, "seed": seed}) for seed in range(3)]
    dataset = load_dataset(configs[0].dataset, configs[0].dataset_options)
    cohort = Cohort(configs, dataset, CPU)
    cohort.advance(3)
    statistics = standing_statistics(cohort, cohort.generator)
    paths = [folder / f"{config.run_id}.best.safetensors" for config in configs]
    for m, config in enumerate(configs):
        record = {"config": config.model_dump(mode="json"), "shape": list(dataset.shape), "classes": dataset.n_classes}
        save_generator(paths[m], cohort.pair.generator, cohort.generator, statistics, m, record)
    return cohort, paths


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A conditional generator of digits."""
    return trained(IMAGES, tmp_path)[1][0]


@pytest.mark.parametrize("settings", [IMAGES, POINTS], ids=["images", "points"])
def test_a_loaded_generator_gives_the_runs_own_samples_of_the_same_latents(
    settings: dict[str, object], tmp_path: Path
) -> None:
    cohort, paths = trained(settings, tmp_path)
    n = 300  # more than one chunk
    own, labels = sample(cohort, n)
    latent = cohort.noise("evaluation latent", (n, cohort.configs[0].latent_size), "normal").take(0, 1)
    for m, path in enumerate(paths):
        generator = ablate.load_generator(path)
        assert generator.config == cohort.configs[m]
        samples = generator(latent[0, m], labels)
        tolerance = 1e-12 if samples.dtype == torch.float64 else 1e-5  # rounding of another number of members
        torch.testing.assert_close(samples.double(), own[m], rtol=tolerance, atol=tolerance)


def test_samples_are_images_of_the_asked_labels_and_of_the_seed(file: Path) -> None:
    generator = ablate.load_generator(str(file))
    assert generator.n_classes == 10
    images = generator.sample(12)
    assert images.shape == (12, 1, 8, 8)
    assert images.abs().max() <= 1
    assert torch.equal(images, generator.sample(12, seed=0, labels=[i % 10 for i in range(12)]))
    assert torch.equal(generator.sample(3, labels=7), generator.sample(3, labels=torch.tensor([7, 7, 7])))
    assert not torch.equal(generator.sample(3, labels=7), generator.sample(3, labels=6))
    assert not torch.equal(images, generator.sample(12, seed=1))


def test_a_sample_does_not_depend_on_the_others(file: Path) -> None:
    generator = ablate.load_generator(file)
    latent = torch.randn(4, 5, dtype=torch.float64)
    labels = torch.tensor([1, 2, 3, 4])
    torch.testing.assert_close(generator(latent, labels)[:1], generator(latent[:1], labels[:1]))


def test_an_interpolation_goes_from_one_sample_to_another(file: Path) -> None:
    generator = ablate.load_generator(file)
    rows = generator.interpolate(5, rows=2, seed=3, labels=4)
    assert rows.shape == (2, 5, 1, 8, 8)
    ends = generator.sample(4, seed=3, labels=4)
    torch.testing.assert_close(rows[:, [0, -1]], ends.unflatten(0, (2, 2)))
    by_class = generator.interpolate(5, rows=2, seed=3)
    torch.testing.assert_close(by_class[1, 0], generator.sample(4, seed=3, labels=1)[2])


def test_the_way_between_two_latents_keeps_to_the_sphere() -> None:
    start, end = torch.nn.functional.normalize(torch.randn(2, 7, dtype=torch.float64), dim=1)
    share = torch.linspace(0, 1, 9, dtype=torch.float64)[:, None]
    way = spherical(start, end, share)
    torch.testing.assert_close(way.norm(dim=1), torch.ones(9, dtype=torch.float64))
    steps = (way[1:] * way[:-1]).sum(1).acos()
    torch.testing.assert_close(steps, steps[:1].expand(8))  # equal angles
    torch.testing.assert_close(way[[0, -1]], torch.stack([start, end]))
    torch.testing.assert_close(spherical(start, start, share), start.expand(9, 7))  # no angle to divide by


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (10, "label 10 is out of range: this generator has labels 0 to 9"),
        ([0, -1, 2], "label -1 is out of range"),
        ([1, 2], "2 labels were given for 3"),
        (1.5, "expected whole numbers"),
        ("seven", "expected whole numbers"),
        ([[1, 2], [3]], "expected whole numbers"),
        (2**80, "expected whole numbers"),
    ],
)
def test_a_wrong_label_is_one_clear_error(labels: object, said: str, file: Path) -> None:
    generator = ablate.load_generator(file)
    with pytest.raises(UsageError, match=said):
        generator.sample(3, labels=labels)  # type: ignore[arg-type]


def test_a_label_for_an_unconditional_generator_is_one_clear_error(tmp_path: Path) -> None:
    generator = ablate.load_generator(trained(POINTS, tmp_path)[1][0])
    assert generator.n_classes == 0
    with pytest.raises(UsageError, match="unconditional"):
        generator.sample(3, labels=0)
    with pytest.raises(UsageError, match="at least 1"):
        generator.sample(0)
    with pytest.raises(UsageError, match="at least 1 row of 2 steps"):
        generator.interpolate(1)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-50])


def flip(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[-5] ^= 64
    file.write_bytes(data)


def forget(file: Path) -> None:
    save_file(load_file(file), file)


def rewrite(**changes: object):  # type: ignore[no-untyped-def]
    """Other entries of the record, or of its config."""

    def damage(file: Path) -> None:
        from safetensors import safe_open

        with safe_open(file, framework="pt") as opened:
            record = json.loads(opened.metadata()["record"])
        for name, value in changes.items():
            (record["config"] if name in record["config"] else record)[name] = value
        save_file(load_file(file), file, metadata={"record": json.dumps(record)})

    return damage


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (cut, "not a readable safetensors file"),
        (lambda file: file.write_text("no tensors"), "not a readable safetensors file"),
        (flip, "its weights are damaged"),
        (forget, "not a generator saved by ablate"),
        (rewrite(version=99), "saved in format 99"),
        (rewrite(architecture="of_a_plugin"), "architecture: .*of_a_plugin.*--plugin"),
        (rewrite(width=16), "do not fit the networks"),
        (Path.unlink, "no such file"),
    ],
    ids=["cut", "text", "flip", "forget", "version", "plugin", "width", "missing"],
)
def test_a_damaged_or_foreign_file_is_named_in_one_clear_error(damage, said: str, file: Path) -> None:  # type: ignore[no-untyped-def]
    damage(file)
    with pytest.raises(AblateError, match=said) as raised:
        ablate.load_generator(file)
    assert str(file) in str(raised.value)


def test_equal_generators_are_equal_files(tmp_path: Path) -> None:
    first, second = (trained(IMAGES, tmp_path / name)[1][1].read_bytes() for name in "ab")
    assert first == second
