# SPDX-License-Identifier: MIT
"""What was measured: rows of named fields with a value for each round, and their ratios."""
import statistics


class Rows:
    """Each row is known by its fields; a round adds one value to it."""

    def __init__(self):
        self.values = {}

    def add(self, fields, ns):
        self.values.setdefault(tuple(sorted(fields.items())), []).append(ns)

    def find(self, **fields):
        """The values of the one row that has these fields; [] when there is none."""
        wanted = set(fields.items())
        found = [v for key, v in self.values.items() if wanted <= set(key)]
        assert len(found) < 2, f'{fields} is {len(found)} rows'
        return found[0] if found else []

    def names(self, field, **fields):
        """Each value of a field among the rows that have the others, as first seen."""
        wanted = set(fields.items())
        seen = [dict(key)[field] for key in self.values
                if wanted <= set(key) and field in dict(key)]
        return list(dict.fromkeys(seen))

    def only(self, wanted):
        """The rows whose fields pass."""
        rest = Rows()
        rest.values = {key: value for key, value in self.values.items() if wanted(dict(key))}
        return rest

    def as_json(self):
        return [dict(key, ns=value) for key, value in self.values.items()]

    def load(self, items):
        for item in items:
            self.values[tuple(sorted((k, v) for k, v in item.items() if k != 'ns'))] = item['ns']


def median(values):
    return statistics.median(values) if values else None


def ratio(values, base):
    """Median over the rounds of value / base: both were measured in the same round."""
    pairs = [a / b for a, b in zip(values, base) if b]
    return statistics.median(pairs) if pairs else None


def figure(value, digits=2):
    return '' if value is None else f'{value:.{digits}f}'


def table(head, rows):
    """Markdown; the first column is words, the others figures."""
    lines = ['| ' + ' | '.join(head) + ' |', '|' + '---|' + '---:|' * (len(head) - 1)]
    lines += ['| ' + ' | '.join(str(cell) for cell in row) + ' |' for row in rows]
    return '\n'.join(lines)
