# SPDX-License-Identifier: MIT
"""Plots as SVG, without a library: grouped bars and lines, readable on light and dark pages."""
import math
from xml.sax.saxutils import escape

COLOURS = ('#4269d0', '#efb118', '#ff725c', '#6cc5b0', '#3ca951', '#ff8ab7', '#a463f2', '#97bbf5')
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 380, 64, 16, 40, 84


class Canvas:
    def __init__(self, title):
        self.parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
            f'font-family="sans-serif" font-size="12">',
            f'<title>{escape(title)}</title>',
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        ]
        self.text(WIDTH / 2, 18, title, 'middle', 14)

    def text(self, x, y, words, anchor='start', size=12, turn=None):
        extra = f' transform="rotate({turn} {x:.1f} {y:.1f})"' if turn else ''
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" '
                          f'font-size="{size}" fill="#222"{extra}>{escape(str(words))}</text>')

    def line(self, x1, y1, x2, y2, colour='#ccc', width=1, dash=''):
        extra = f' stroke-dasharray="{dash}"' if dash else ''
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
                          f'stroke="{colour}" stroke-width="{width}"{extra}/>')

    def box(self, x, y, width, height, colour, hint=''):
        self.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" '
                          f'height="{max(height, 0.5):.1f}" fill="{colour}">'
                          f'<title>{escape(hint)}</title></rect>')

    def path(self, points, colour):
        places = ' '.join(f'{x:.1f},{y:.1f}' for x, y in points)
        self.parts.append(f'<polyline points="{places}" fill="none" stroke="{colour}" '
                          'stroke-width="2"/>')
        for x, y in points:
            self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>')

    def legend(self, names):
        width = (WIDTH - LEFT) / max(len(names), 1)
        per_row = len(names) if width >= 150 else (len(names) + 1) // 2
        width = (WIDTH - LEFT) / max(per_row, 1)
        for i, name in enumerate(names):
            x = LEFT + i % per_row * width
            y = HEIGHT - 26 + i // per_row * 16
            self.box(x, y - 9, 10, 10, COLOURS[i % len(COLOURS)])
            self.text(x + 14, y, name)

    def save(self, path):
        with open(path, 'w', encoding='utf-8') as f:
            f.write('\n'.join(self.parts + ['</svg>']) + '\n')


def steps(top):
    """About five round numbers from 0 to top."""
    raw = top / 5 or 1
    unit = 10 ** math.floor(math.log10(raw))
    step = next(unit * k for k in (1, 2, 2.5, 5, 10) if unit * k >= raw)
    return [i * step for i in range(int(top / step) + 1)]


def brief(value):
    return f'{value:,.0f}' if value >= 10 else f'{value:g}'


def y_axis(canvas, label, marks, y_of):
    for mark in marks:
        canvas.line(LEFT, y_of(mark), WIDTH - RIGHT, y_of(mark), '#ddd')
        canvas.text(LEFT - 6, y_of(mark) + 4, brief(mark), 'end')
    canvas.text(14, (TOP + HEIGHT - BOTTOM) / 2, label, 'middle', 12, -90)


def bars(path, title, label, groups, series, one=None):
    """groups: names along x. series: {name: [value or None for each group]}. one: a line there."""
    canvas = Canvas(title)
    values = [v for row in series.values() for v in row if v is not None]
    top = max(values + [one or 0]) * 1.05 or 1
    bottom = HEIGHT - BOTTOM

    def y_of(value):
        return bottom - value / top * (bottom - TOP)
    y_axis(canvas, label, steps(top), y_of)
    slot = (WIDTH - LEFT - RIGHT) / max(len(groups), 1)
    width = slot * 0.84 / max(len(series), 1)
    for g, group in enumerate(groups):
        x = LEFT + g * slot
        canvas.text(x + slot / 2, bottom + 16, group, 'middle')
        for s, (name, row) in enumerate(series.items()):
            if row[g] is not None:
                canvas.box(x + slot * 0.08 + s * width, y_of(row[g]), width * 0.92,
                           bottom - y_of(row[g]), COLOURS[s % len(COLOURS)],
                           f'{name}, {group}: {row[g]:.2f}')
    if one is not None:
        canvas.line(LEFT, y_of(one), WIDTH - RIGHT, y_of(one), '#222', 1, '4 3')
    canvas.legend(list(series))
    canvas.save(path)


def lines(path, title, label, x_names, series, logarithmic=False, notes=()):
    """series: {name: [value or None for each x]}. notes: (index on x, words) as vertical lines."""
    canvas = Canvas(title)
    values = [v for row in series.values() for v in row if v]
    bottom = HEIGHT - BOTTOM
    if logarithmic:
        low = math.floor(math.log10(min(values)))
        high = max(math.ceil(math.log10(max(values))), low + 1)
        marks = [10.0 ** k for k in range(low, high + 1)]

        def y_of(value):
            return bottom - (math.log10(value) - low) / (high - low) * (bottom - TOP)
    else:
        top = max(values) * 1.05
        marks = steps(top)

        def y_of(value):
            return bottom - value / top * (bottom - TOP)
    y_axis(canvas, label, marks, y_of)
    step = (WIDTH - LEFT - RIGHT - 40) / max(len(x_names) - 1, 1)

    def x_of(i):
        return LEFT + 20 + i * step
    for i, name in enumerate(x_names):
        canvas.text(x_of(i), bottom + 16, name, 'middle', 11)
    for i, words in notes:
        canvas.line(x_of(i), TOP, x_of(i), bottom, '#999', 1, '4 3')
        canvas.text(x_of(i), TOP - 4, words, 'middle', 11)
    for s, (name, row) in enumerate(series.items()):
        points = [(x_of(i), y_of(v)) for i, v in enumerate(row) if v]
        canvas.path(points, COLOURS[s % len(COLOURS)])
    canvas.legend(list(series))
    canvas.save(path)
