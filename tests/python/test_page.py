# SPDX-License-Identifier: MIT
"""Each block of docs/python.md, one after the other in one process, with a ring name of this test."""
import os
import pathlib
import re

PAGE = pathlib.Path(__file__).resolve().parents[2] / 'docs/python.md'


def test_the_page_works_as_it_stands(name):
    blocks = re.findall(r'^```python\n(.*?)^```$', PAGE.read_text(encoding='utf-8'), re.S | re.M)
    assert len(blocks) >= 5
    there = {}
    for block in blocks:
        exec(compile(block.replace('"tutorial"', repr(name)), os.fspath(PAGE), 'exec'), there)  # pylint: disable=exec-used
