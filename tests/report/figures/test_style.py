"""Figures are legible on the page's light and dark grounds."""

from __future__ import annotations

import numpy as np

from ablate.report.figures.style import PALETTE


def test_colours_are_legible_on_both_backgrounds() -> None:
    def luminance(colour: str) -> float:
        parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
        return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]

    for colour in PALETTE:
        for background in ("#ffffff", "#14171b"):
            light, dark = sorted((luminance(colour), luminance(background)), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 3  # WCAG 2.1, 1.4.11: graphics
