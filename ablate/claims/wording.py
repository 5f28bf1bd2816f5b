"""How p-values and shares are written in reasons and on the page: one way for both."""

from __future__ import annotations

import math


def p_text(p: float) -> str:
    """A p-value with its relation: `< 0.001`, `= 0.043`, `= 0.27`."""
    return "< 0.001" if p < 0.001 else f"= {p:.2g}" if p < 0.095 else f"= {p:.2f}"


def percent_text(share: float) -> str:
    """A share in whole percent; – for one that is not there."""
    return "–" if math.isnan(share) else f"{100 * share:.0f} %"
