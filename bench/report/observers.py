# SPDX-License-Identifier: MIT
"""What 0, 1 and 8 observers cost those who use the ring."""
from rows import figure, median, ratio, table

STUDY = {'study': 'observers'}


def blocks(rows):
    numbers = rows.names('observers', what='time', **STUDY)
    looked = [n for n in numbers if n != 0]
    head = ['who is observed', 'observers', 'on', 'alone, ns a record']
    head += [f'{n}: time / alone' for n in looked] + [f'{n}: seen by each' for n in looked]
    lines = []
    for work in rows.names('work', **STUDY):
        for pace in rows.names('pace', work=work, **STUDY):
            one = {**STUDY, 'work': work, 'pace': pace}
            alone = rows.find(what='time', observers=0, **one)
            lines.append(
                [work, pace, rows.names('place', **one)[0], figure(median(alone), 1)] +
                [figure(ratio(rows.find(what='time', observers=n, **one), alone)) for n in looked] +
                [figure(median(rows.find(what='seen', observers=n, **one)), 0) + ' %'
                 for n in looked])
    return {'observers': table(head, lines)}
