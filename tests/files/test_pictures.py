"""Pictures hold the samples pixel by pixel, in the order that their layout says."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from ablate.files import pictures


def test_a_grid_holds_the_images_pixel_by_pixel() -> None:
    x = np.arange(4 * 64, dtype=np.uint8).reshape(4, 1, 8, 8)
    drawn = np.asarray(pictures.grid(x, 5))
    assert drawn.shape == (8, 4 * 9 - 1, 2)
    np.testing.assert_array_equal(drawn[:8, 9:17, 0], x[1, 0])
    below = np.asarray(pictures.grid(x, 2))
    np.testing.assert_array_equal(below[9:, 9:, 0], x[3, 0])


def test_a_picture_of_its_own_is_enlarged_by_a_whole_number() -> None:
    x = np.random.default_rng(0).integers(0, 256, (4, 3, 8, 8), dtype=np.uint8)
    drawn = np.asarray(pictures.picture(x, 2))
    times = drawn.shape[0] // 17
    assert drawn.shape == (17 * times, 17 * times, 3)
    assert times > 10
    np.testing.assert_array_equal(drawn[times // 2 : 8 * times : times, 9 * times :: times], x[1].transpose(1, 2, 0))
    assert (drawn[8 * times : 9 * times] == 255).all()


def test_a_grid_of_classes_has_a_row_for_each_and_at_most_100_images() -> None:
    assert pictures.class_rows(10) == ([label for label in range(10) for _ in range(10)], 10)
    assert pictures.class_rows(25) == ([label for label in range(25) for _ in range(4)], 4)
    assert pictures.class_rows(3, 2) == ([0, 0, 1, 1, 2, 2], 2)
    assert pictures.class_rows(1000) == (list(range(100)), 10)


def test_a_scatter_puts_points_where_they_are() -> None:
    real = np.array([[-1.0, -1.0], [1.0, 1.0]])
    for side in (pictures.TILE, pictures.LARGE):
        buffer = io.BytesIO()
        pictures.scatter(real, np.array([[1.0, -1.0], [np.nan, 0.0]]), "#ff0000", side).save(buffer, "PNG")
        alpha = np.asarray(Image.open(buffer).convert("RGBA"))[..., 3] > 0
        half = side // 2
        assert alpha[:half, half:].any()
        assert alpha[half:, :half].any()
        assert alpha[half:, half:].any()
        assert not alpha[:half, :half].any()


def test_points_of_one_or_three_dimensions_and_points_that_are_all_lost_are_drawn_too() -> None:
    for x in (np.ones((5, 1)), np.ones((5, 3)), np.full((5, 2), np.nan)):
        assert pictures.picture(x, 1).size == (pictures.LARGE, pictures.LARGE)


def test_a_gif_holds_every_picture_and_loops(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "green", "blue")]
    captions = [pictures.captioned(frame, f"step {i}") for i, frame in enumerate(frames)]
    pictures.save_gif(captions, tmp_path / "a.gif", 150)
    with Image.open(tmp_path / "a.gif") as made:
        assert (made.n_frames, made.info["loop"], made.info["duration"]) == (3, 0, 150)
        made.seek(2)
        assert made.convert("RGB").getpixel((20, 20)) == (0, 0, 255)
        caption = np.asarray(made.convert("L"))[40:]
        assert caption.min() < 100
        assert caption.max() > 200
