"""How numbers are written, in reasons, in a terminal and on pages: few digits, a true minus sign, no false precision."""

from __future__ import annotations

import math

NONE = "–"


def number(value: float, digits: int = 3) -> str:
    """Significant digits without trailing zeros; thousands grouped; – for a number that is not there."""
    value = float(value)
    if math.isnan(value):
        return NONE
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == 0:
        return "0"
    if abs(value) >= 1e7 or abs(value) < 1e-4:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        return f"{mantissa}e{int(exponent)}".replace("-", "−")
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{decimals}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace("-", "−")


def interval(low: float, high: float) -> str:
    """An interval in brackets."""
    return f"[{number(low)}, {number(high)}]"


def effect(value: float, low: float, high: float, scale: str) -> str:
    """A ratio as "× 0.5 [0.4, 0.6]", a difference with its sign."""
    if math.isnan(value):
        return NONE
    if scale == "ratio":
        return f"× {number(value)} {interval(low, high)}"
    if scale == "value":
        return f"{number(value)} {interval(low, high)}"
    return f"{'+' if value > 0 else ''}{number(value)} {interval(low, high)}"


def duration(seconds: float) -> str:
    """Seconds as seconds, minutes or hours."""
    if math.isnan(seconds):
        return NONE
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{number(seconds / size)} {unit}"
    return f"{number(seconds)} s"


def p_value(p: float) -> str:
    """A p-value with its relation: `< 0.001`, `= 0.043`, `= 0.27`."""
    return "< 0.001" if p < 0.001 else f"= {p:.2g}" if p < 0.095 else f"= {p:.2f}"


def percent(share: float) -> str:
    """A share in whole percent; – for one that is not there."""
    return NONE if math.isnan(share) else f"{100 * share:.0f} %"
