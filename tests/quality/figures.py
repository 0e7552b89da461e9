# SPDX-License-Identifier: MIT
"""figures.py ROOT | --self-test - a measured figure has one source, docs/performance.md: a comment that claims one in
include/, src/ or bench/ names the section, as docs/performance.md#techniques, and the figure stands on that page. Each
section that a comment names is there."""
import os
import re
import sys

SOURCE = re.compile(r'\.(c|h|cc|hh|hpp|h\.in)$')
COMMENT = re.compile(r'/\*.*?\*/|//[^\n]*', re.S)
NUMBER = r'(\d+(?:\.\d+)?)'
UNIT = r'(?:ns|us|µs|cycles|instructions|%|percent)\b'
CLAIMS = [re.compile(pattern) for pattern in (
    NUMBER + r'(?:,? (?:to|and) [\d.]+)?(?:,| for [^.:]*?)? of the time',
    NUMBER + r' ?(?:%|percent) (?:of the (?:time|instructions)|more|less|faster|slower)',
    r'\b(?:costs?|takes?|took|gains?|saves?|brings?) (?:about |some |only )?' + NUMBER + r'(?: to \d+)? ?' + UNIT,
    r'\b(?:costs?|takes?|took|gains?|saves?|brings?) ' + r'(\d\.\d+)\b',
    NUMBER + r' times (?:as |faster|slower|the time)',
    r'\b(\d+) to \d+ ns\b',
    r'\b[Rr]ound trip of [\d.]+ K?i?B: ' + NUMBER)]
ANCHOR = re.compile(r'docs/performance\.md#([\w-]+)')


def anchors(page):
    """The sections of a page, as their addresses have them."""
    return {re.sub(r'[^\w -]', '', head).strip().lower().replace(' ', '-') for head in re.findall(r'^#+ (.*)', page, re.M)}


def complaints(text, page):
    """(line, sentence) for the comments of a source."""
    sections = anchors(page)
    for comment in COMMENT.finditer(text):
        flat = re.sub(r'\s*\n\s*(\*(?!/)|//)?\s*', ' ', comment.group())
        line = text.count('\n', 0, comment.start()) + 1
        named = ANCHOR.findall(flat)
        for name in named:
            if name not in sections:
                yield line, 'names a section that docs/performance.md has not: #%s' % name
        for claim in (found for pattern in CLAIMS for found in pattern.finditer(flat)):
            if not named:
                yield line, 'claims %r and names no section of docs/performance.md' % claim.group()
            elif not re.search(r'(?<![\d.])' + re.escape(claim.group(1)) + r'(?![\d])', page):
                yield line, 'claims %r, which docs/performance.md does not say' % claim.group()


def self_test():
    page = '# Performance\n## Stamps and latencies\n1.64 of the time\n'
    good = ['/* told within 100 ms */', '/* Since 0.2 */', '/* 1.64 of the time: docs/performance.md#stamps-and-latencies */',
            '/* units of about 10 ns */', 'int x = 4; // of 4 KiB', '/* part: 0.5 is the median */']
    bad = ['/* Round trip of 256 B: 0.83 to 0.92 of the time without. */', '/* a call costs 10 to 20 ns */',
           '// takes 1.5 of the\n// time', '/* 4 % of the\n * instructions */', '/* docs/performance.md#nowhere */',
           '/* 0.83 of the time: docs/performance.md#stamps-and-latencies */', '/* 3 times as fast */', '/* saves 12 % more */']
    wrong = [one for one in good if list(complaints(one, page))] + [one for one in bad if not list(complaints(one, page))]
    print(wrong or 'all found')
    return 1 if wrong else 0


def main():
    if sys.argv[1] == '--self-test':
        return self_test()
    root, bad = sys.argv[1], 0
    with open(os.path.join(root, 'docs', 'performance.md'), encoding='utf-8') as f:
        page = f.read()
    for room in ('include', 'src', 'bench'):
        for folder, _, names in os.walk(os.path.join(root, room)):
            for name in sorted(filter(SOURCE.search, names)):
                path = os.path.join(folder, name)
                with open(path, encoding='utf-8') as f:
                    for line, sentence in complaints(f.read(), page):
                        print('%s:%d: %s' % (os.path.relpath(path, root), line, sentence))
                        bad += 1
    return 1 if bad else 0


sys.exit(main())
