"""Lines over a logarithmic axis, or over time, as SVG: enough for these plots, and nothing to install."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _HEIGHT = 640, 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 150, 48, 52
_COLOURS = ("#0b62c4", "#c2410c", "#15803d", "#7e22ce", "#525252")
_IN_THE_DARK = {
    "#ffffff": "#0d1117",
    "#f1f1f1": "#1c2330",
    "#e2e2e2": "#2a3140",
    "#888": "#6b7488",
    "#555": "#a3adc2",
    "#333": "#c9d1dd",
    "#111": "#e8ecf5",
} | dict(zip(_COLOURS, ("#6cb0ff", "#ff9b6a", "#5fd38d", "#c99bff", "#b5b5b5"), strict=True))
_TEN, _LABEL_GAP = 10, 15
_TIME_STEP = 2
Point = tuple[float, float]


def _style() -> str:
    """Exchange each colour for its like where the reader's system is dark."""
    rules = [
        f'[{name}="{light}"]{{{name}:{dark}}}' for light, dark in _IN_THE_DARK.items() for name in ("fill", "stroke")
    ]
    return "<style>@media (prefers-color-scheme: dark) {" + "".join(rules) + "}</style>"


@dataclass(frozen=True)
class Line:
    """One line with its name; lines that are compared have one colour."""

    name: str
    points: Sequence[Point]
    colour: int = 0
    dashed: bool = False


@dataclass(frozen=True)
class Plot:
    """A plot; both axes are logarithmic unless `linear` says that the upright one begins at nought.

    With a `span`, its ends in seconds and its name, what goes across is time.
    """

    title: str
    across: str
    up: str
    lines: Sequence[Line]
    linear: bool = False
    span: tuple[float, float, str] | None = None

    def svg(self) -> str:
        """Draw it."""
        body = "\n".join([*self._spans(), *self._grid(), *self._curves()])
        middle = _TOP + (_HEIGHT - _TOP - _BOTTOM) / 2
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" '
            f'height="{_HEIGHT}" font-family="system-ui, sans-serif" font-size="12" role="img">\n'
            f"<title>{escape(self.title)}</title>\n"
            f"{_style()}\n"
            f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>\n'
            f'<text x="16" y="24" font-size="15" font-weight="600" fill="#111">{escape(self.title)}</text>\n'
            f"{body}\n"
            f'<text x="{(_LEFT + _WIDTH - _RIGHT) / 2}" y="{_HEIGHT - 12}" text-anchor="middle" fill="#333">'
            f"{escape(self.across)}</text>\n"
            f'<text transform="translate(16 {middle:.0f}) rotate(-90)" text-anchor="middle" fill="#333">'
            f"{escape(self.up)}</text>\n</svg>\n"
        )

    @property
    def _xs(self) -> tuple[float, float]:
        found = [x for line in self.lines for x, _ in line.points]
        return min(found), max(found)

    @property
    def _ys(self) -> tuple[float, float]:
        found = [y for line in self.lines for _, y in line.points if y > 0]
        if self.linear:
            return 0.0, _nice(max(found) * 1.05)
        return 10 ** math.floor(math.log10(min(found))), 10 ** math.ceil(math.log10(max(found) * 1.05))

    def _x(self, value: float) -> float:
        low, high = self._xs
        if self.span:
            return _LEFT + (value - low) / (high - low) * (_WIDTH - _LEFT - _RIGHT)
        share = math.log(value / low) / math.log(high / low) if high > low else 0.5
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    def _y(self, value: float) -> float:
        low, high = self._ys
        share = value / high if self.linear else math.log(max(value, low) / low) / math.log(high / low)
        return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)

    def _grid(self) -> Iterator[str]:
        low, high = self._ys
        steps = [high * step / 4 for step in range(5)] if self.linear else list(_decades(low, high))
        for value in steps:
            y = self._y(value)
            yield f'<path d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}" stroke="#e2e2e2"/>'
            yield f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" fill="#555">{_short(value)}</text>'
        for value in self._marks():
            x = self._x(value)
            yield f'<path d="M{x:.1f} {_HEIGHT - _BOTTOM}v5" stroke="#888"/>'
            place = f'x="{x:.1f}" y="{_HEIGHT - _BOTTOM + 19}"'
            yield f'<text {place} text-anchor="middle" fill="#555">{_short(value)}</text>'
        yield f'<path d="M{_LEFT} {_HEIGHT - _BOTTOM}H{_WIDTH - _RIGHT}" stroke="#888"/>'

    def _marks(self) -> list[float]:
        low, high = self._xs
        if self.span:
            return [float(second) for second in range(math.ceil(low), math.floor(high) + 1) if second % _TIME_STEP == 0]
        return sorted({x for line in self.lines for x, _ in line.points})

    def _spans(self) -> Iterator[str]:
        if self.span:
            begin, end, name = self.span
            left, right = self._x(begin), self._x(end)
            box = f'x="{left:.1f}" y="{_TOP}" width="{right - left:.1f}" height="{_HEIGHT - _TOP - _BOTTOM}"'
            yield f'<rect {box} fill="#f1f1f1"/>'
            place = f'x="{(left + right) / 2:.1f}" y="{_TOP - 6}"'
            yield f'<text {place} text-anchor="middle" fill="#555">{escape(name)}</text>'

    def _curves(self) -> Iterator[str]:
        places = self._label_places()
        for number, line in enumerate(self.lines):
            colour = _COLOURS[line.colour]
            path = "L".join(f"{self._x(x):.1f} {self._y(y):.1f}" for x, y in line.points)
            dash = ' stroke-dasharray="5 4"' if line.dashed else ""
            yield f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>'
            for x, y in line.points if not self.span else ():
                yield f'<circle cx="{self._x(x):.1f}" cy="{self._y(y):.1f}" r="3" fill="{colour}"/>'
            end = self._x(line.points[-1][0]) + 8
            yield f'<text x="{end:.1f}" y="{places[number] + 4:.1f}" fill="{colour}">{escape(line.name)}</text>'

    def _label_places(self) -> list[float]:
        """Keep the names at the ends of the lines apart."""
        wanted = [self._y(line.points[-1][1]) for line in self.lines]
        placed: dict[int, float] = {}
        last = -math.inf
        for number in sorted(range(len(wanted)), key=lambda one: wanted[one]):
            last = max(wanted[number], last + _LABEL_GAP)
            placed[number] = last
        return [placed[number] for number in range(len(wanted))]


def _decades(low: float, high: float) -> Iterator[float]:
    while low <= high * 1.001:
        yield low
        low *= _TEN


def _nice(value: float) -> float:
    step: float = 10 ** math.floor(math.log10(value))
    return next(step * times for times in (1, 2, 4, 6, 8, 10) if step * times >= value)


def _short(value: float) -> str:
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"
