# SPDX-License-Identifier: MIT
"""The comment of each public function has, in the house's order, what it returns, who may call it,
its memory order where it has one, and since when it is there. The list at the top of shmring.h
has each of them under its header. Usage: comments.py ROOT

Functions that are declared one behind the other share the comment in front of the first.
"""
import glob
import os
import re
import sys

DECLARED = re.compile(r'^(?:SHMRING_API|SHMRING_INLINE(?:_HOT)?)\s[^;{]*?\b(shmring_\w+)\s*\([^;{]*?\)\s*([;{])',
                      re.M)
COMMENT = re.compile(r'/\*.*?\*/', re.S)
LIKE_ANOTHER = re.compile(r'\b(the same|otherwise as|the rest as)\b', re.I)


def functions(text):
    """Yields (name, declaration, comment in front); of a function with several, the longest one."""
    found = {}
    for match in DECLARED.finditer(text):
        if match.group(1).endswith('_'):
            continue
        before = text[:match.start()]
        while True:  # step over declarations that share the comment
            other = re.search(r'^SHMRING_API\s[^;{}/]*?;\s*\Z', before, re.M)
            if other is None:
                break
            before = before[:other.start()]
        comments = [c for c in COMMENT.finditer(before) if before[c.end():].strip() == '']
        comment = comments[-1].group() if comments else ''
        known = found.get(match.group(1))
        if known is None or len(comment) > len(known[1]):
            found[match.group(1)] = (match.group(), comment)
    return found.items()


def complaints(declaration, comment):
    text = re.sub(r'\s*\n \* ?', ' ', comment)
    returns = not re.match(r'\w+\s+void\s+shmring', declaration)
    places = [text.find(word) for word in ('eturns ', 'thread', 'Memory order')]
    since = text.rfind('Since 0.')
    if since < 0:
        yield 'does not say since when'
        return
    if LIKE_ANOTHER.search(text):
        return
    if returns and not re.search(r'[Rr]eturns |NULL gives', text):
        yield 'does not say what it returns'
    if places[1] < 0:
        yield 'does not say which thread may call it'
    order = [place for place in (places[0], places[2], since) if place >= 0]
    if order != sorted(order):
        yield 'is not in the order: returns, memory order, since'


def index_of(text):
    """{header: functions} of the list at the top of shmring.h."""
    found, header = {}, None
    for line in text.split('*/')[1].split('\n'):
        head = re.match(r' \*   (\w+\.h) ', line)
        header = head.group(1) if head else header
        if header and line.startswith(' *     '):
            found.setdefault(header, set()).update(re.findall(r'\b(shmring_\w+)\(\)', line))
    return found


def main():
    folder = os.path.join(sys.argv[1], 'include', 'shmring')
    bad = seen = 0
    with open(os.path.join(folder, 'shmring.h'), encoding='utf-8') as f:
        index = index_of(f.read())
    for path in sorted(glob.glob(os.path.join(folder, '**', '*'), recursive=True)):
        name = os.path.relpath(path, folder)
        if not name.endswith(('.h', '.h.in')):
            continue
        with open(path, encoding='utf-8') as f:
            text = f.read()
        declared = {function for function, _ in functions(text)}
        for function in sorted(declared ^ index.pop(re.sub(r'[.]in$', '', name), set())):
            print(f'{name}: {function}() is {"not in the index of shmring.h" if function in declared else "in its index, and not declared"}')
            bad += 1
        for function, (declaration, comment) in functions(text):
            seen += 1
            for complaint in complaints(declaration, comment):
                print(f'{name}: {function}() {complaint}')
                bad += 1
    for name in index:
        print(f'{name} is in the index of shmring.h, and no header')
        bad += 1
    print(f'{seen} functions')
    return 1 if bad or seen < 50 else 0


if __name__ == '__main__':
    sys.exit(main())
