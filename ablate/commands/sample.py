"""ablate sample and ablate animate: pictures from saved generators, and of how a run's samples changed."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ablate.commands.options import RUNS, Data, Plugin, load_plugins, use_data
from ablate.errors import UsageError
from ablate.networks.generator_names import AVERAGE, BEST, LAST, ending

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from ablate.networks.generator_file import Generator

STEPS = 10
"""Images in a row of an interpolation"""


class Which(StrEnum):
    """The generator with the lowest fid at an evaluation, that of the end, or that of the averaged weights at the end."""

    best = BEST
    last = LAST
    ema = AVERAGE


WANTED = {
    Which.best: "a best generator",
    Which.last: "a last generator (a run that diverged has only a best one)",
    Which.ema: "an averaged generator (only runs with generator_ema that trained to their end have one)",
}
RunsFolder = Annotated[Path, typer.Option("--runs", help="the folder in which a run_id is looked for")]


def sample(
    run: Annotated[str, typer.Argument(metavar="RUN_ID|PATH", help="run_id, its beginning, or a generator's file")],
    n: Annotated[
        int | None, typer.Option("--n", min=1, help="samples; of a grid of classes, rounded up to rows")
    ] = None,
    label: Annotated[int | None, typer.Option(help="of all samples; default: a row for each class")] = None,
    seed: Annotated[int, typer.Option(min=0, help="of the latents")] = 0,
    which: Annotated[
        Which, typer.Option(help="the generator of the lowest fid, that of the end, or its average")
    ] = Which.best,
    interpolate: Annotated[
        int | None,
        typer.Option(metavar="ROWS", min=1, help=f"instead: {STEPS} steps from one latent to another, a row each"),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="the picture; default: <run_id>.<which>.png")] = None,
    npz: Annotated[Path | None, typer.Option(help="also write the samples as x, and their labels")] = None,
    runs: RunsFolder = RUNS,
    data: Data = None,
    plugin: Plugin = [],  # noqa: B006
) -> None:
    """Show samples of a saved generator: a grid of images, or points over the real ones."""
    from ablate.execution.options import GENERATORS
    from ablate.files.pictures import picture, save_png
    from ablate.files.whole_files import save_arrays
    from ablate.networks.generator_file import load_generator
    from ablate.results.left_files import find_file
    from ablate.training.sampling import as_pictures

    if interpolate is not None and n is not None:
        raise UsageError(f"--n has no effect with --interpolate, which makes {STEPS} samples a row; leave one out")
    use_data(data)
    load_plugins(plugin)
    path = find_file(run, runs, GENERATORS, ending(which), WANTED[which])
    generator = load_generator(path)
    record = generator.record
    picture_path = _with_ending(out or Path(f"{record['run_id']}.{record['which']}.png"), ".png", "--out")
    npz_path = _with_ending(npz, ".npz", "--npz") if npz else None
    if interpolate is not None:
        x, labels, across = _interpolated(generator, interpolate, seed, label)
    else:
        labels, across = _layout(generator, n, label)
        x = generator.sample(len(labels), seed, labels if generator.n_classes or label is not None else None)
    save_png(picture(as_pictures(x), across, _real(generator)), picture_path)
    if npz_path:
        save_arrays(npz_path, x=x.float().numpy(), **({"labels": labels} if generator.n_classes else {}))
    of = f"{record['which']} generator of {record['run_id']} (step {record['generator_step']}"
    of += f", fid {record['fid']:.4g})" if record["fid"] is not None else ")"
    print(f"{picture_path}{f', {npz_path}' if npz_path else ''}: {len(x)} samples of the {of}")


def animate(
    run: Annotated[str, typer.Argument(metavar="RUN_ID|PATH", help="run_id, its beginning, or its file of frames")],
    out: Annotated[Path | None, typer.Option(help="the GIF; default: <run_id>.gif")] = None,
    duration: Annotated[int, typer.Option(metavar="MS", min=20, max=60_000, help="milliseconds a picture")] = 200,
    runs: RunsFolder = RUNS,
) -> None:
    """Make a GIF of how a run's samples changed: one picture an evaluation, of the same latents."""
    from ablate.files.pictures import captioned, save_gif
    from ablate.results.frames import FRAMES, render_frames
    from ablate.results.left_files import find_file
    from ablate.results.tables import RUNS as TABLE
    from ablate.results.tables import Results

    path = find_file(run, runs, FRAMES, ".npz", "pictures over time (only runs of a study's first seeds do)")
    run_id, folder = path.stem, path.parent.parent
    target = _with_ending(out or Path(f"{run_id}.gif"), ".gif", "--out")
    real = None
    if (folder / TABLE).exists():  # a file of frames may have been carried elsewhere
        tables = Results.read(folder)
        rows = tables.runs[tables.runs["run_id"] == run_id]
        real = tables.real_sample(rows["dataset"].iloc[0]) if len(rows) else None
    frames = render_frames(path, real)
    save_gif([captioned(image, f"step {step:,}") for step, image in frames], target, duration)
    print(f"{target}: {len(frames)} pictures, generator steps {frames[0][0]} to {frames[-1][0]}")


def _with_ending(path: Path, ending: str, flag: str) -> Path:
    if path.suffix.lower() != ending:
        raise UsageError(f"{flag} {path}: expected a name that ends in {ending}")
    return path


def _interpolated(generator: Generator, rows: int, seed: int, label: int | None) -> tuple[Tensor, list[int], int]:
    """Samples on the way from one latent to another, their labels, and how many are in a row."""
    classes = max(1, generator.n_classes)
    labels = [row % classes if label is None else label for row in range(rows) for _ in range(STEPS)]
    return generator.interpolate(STEPS, rows, seed, label).flatten(0, 1), labels, STEPS


def _layout(generator: Generator, n: int | None, label: int | None) -> tuple[list[int], int]:
    """Labels, and images in a row."""
    from ablate.files.pictures import class_rows, square
    from ablate.training.sampling import KEPT_IMAGES, KEPT_POINTS

    points = len(generator.shape) == 1
    if generator.n_classes and label is None and not points:
        return class_rows(generator.n_classes, -(-n // generator.n_classes) if n else None)
    count = n or (KEPT_POINTS if points else KEPT_IMAGES)
    classes = max(1, generator.n_classes)
    labels = [label] * count if label is not None else [i % classes for i in range(count)]
    return labels, square(count)


def _real(generator: Generator) -> np.ndarray | None:
    """Real points to show under generated ones."""
    from ablate.datasets import load_dataset
    from ablate.training.sampling import KEPT_POINTS, as_pictures

    if len(generator.shape) > 1:
        return None
    dataset = load_dataset(generator.config.dataset, generator.config.dataset_options)
    return as_pictures(dataset.reference(KEPT_POINTS, seed=0)[0])
