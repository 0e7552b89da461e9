# SPDX-License-Identifier: MIT
"""The text of a terminal, with its sequences for colours, as an SVG picture."""
import html
import re

CELL, LINE, MARGIN, SIZE = 8.4, 18, 12, 14  # pixels
PAPER, INK, FAINT = "#1b1f27", "#d8dee9", "#858d9b"
COLOURS = {31: "#e06c75", 32: "#8fbc7a", 33: "#e5c07b"}
STYLE = re.compile(r"\x1b\[([0-9;]*)m")


def apply(codes, style):
    """The style behind a sequence: colour, bold, dim, reverse."""
    colour, bold, dim, reverse = style
    for code in [int(c or 0) for c in codes.split(";")]:
        if code == 0:
            colour, bold, dim, reverse = None, False, False, False
        elif code in COLOURS:
            colour = code
        elif code == 39:
            colour = None
        elif code == 1:
            bold = True
        elif code == 2:
            dim = True
        elif code == 22:
            bold = dim = False
        elif code in (7, 27):
            reverse = code == 7
        elif code != 49:  # the paper, which has one colour
            raise ValueError("a sequence for which there is no picture: %d" % code)
    return colour, bold, dim, reverse


def runs(lines):
    """(row, column, text, style) of each piece of one style; it goes on at the next line."""
    style = None, False, False, False
    for row, line in enumerate(lines):
        column = 0
        for part, text in enumerate(STYLE.split(line)):
            if part % 2:
                style = apply(text, style)
            elif text:
                yield row, column, text, style
                column += len(text)


def piece(row, column, text, style):
    colour, bold, dim, reverse = style
    x, y, width = MARGIN + column * CELL, MARGIN + row * LINE, len(text) * CELL
    ink = COLOURS.get(colour, FAINT if dim else INK)
    out = []
    if reverse:
        out.append('<rect x="%.1f" y="%d" width="%.1f" height="%d" fill="%s"/>' % (x, y, width, LINE, ink))
        ink = PAPER
    if text.strip():
        out.append('<text x="%.1f" y="%d" textLength="%.1f" fill="%s"%s>%s</text>'
                   % (x, y + 13, width, ink, ' font-weight="bold"' if bold else "",
                      html.escape(text, quote=False)))
    return out


def picture(lines, columns, title):
    """The SVG of so many columns of these lines."""
    width, height = columns * CELL + 2 * MARGIN, len(lines) * LINE + 2 * MARGIN
    out = ['<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f" '
           'font-family="DejaVu Sans Mono,Menlo,Consolas,monospace" font-size="%d" xml:space="preserve">'
           % (width, height, width, height, SIZE),
           "<title>%s</title>" % html.escape(title, quote=False),
           '<rect width="%.0f" height="%.0f" rx="6" fill="%s"/>' % (width, height, PAPER)]
    for run in runs(lines):
        out += piece(*run)
    return "\n".join([*out, "</svg>", ""])


def text_of(svg):
    """The lines that a picture shows."""
    lines = {}
    for x, y, text in re.findall(r'<text x="([0-9.]+)" y="(\d+)"[^>]*>([^<]*)</text>', svg):
        row, column = (int(y) - 13 - MARGIN) // LINE, round((float(x) - MARGIN) / CELL)
        lines[row] = lines.get(row, "").ljust(column) + html.unescape(text)
    return [lines.get(row, "").rstrip() for row in range(max(lines) + 1)]
