# SPDX-License-Identifier: MIT
"""names.py ROOT | --self-test - a page or a comment names nothing that is gone: each name of ours (shmring_..., shmr_...,
SHMRING_...) in a page, in a comment or in a sentence of an error stands in the code of the project, and so does each
function and field that docs/memory-order.md names. Each source file that is named is there, and so is whatever a page
links to. CHANGELOG.md may name what was removed."""
import os
import re
import sys

PAGES = ('README.md', 'SECURITY.md', 'CONTRIBUTING.md', 'docs')
COMMENTED = ('include', 'src')
CODE = ('include', 'src', 'tests', 'bench', 'docs/examples')
C_LIKE = re.compile(r'\.(c|h|cc|hh|hpp|in)$')
OTHERS = re.compile(r'(\.(py|sh|pml|sed)|meson\.build|meson_options\.txt|\.map|\.supp)$')
PAGE = re.compile(r'\.(md|[137])$')
APART = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.S)
NAME = re.compile(r'(?<![\w.@/-])(?:shmring|shmr|SHMRING|SHMR)_[A-Za-z0-9_]+')
INNER = re.compile(r'`(?:\w+->)?([a-z]\w*_\w+)(?:\(\))?`')
WORD = re.compile(r'[A-Za-z]\w+')
FILE = re.compile(r'(?<![\w<*$]/)(?<![\w<*$.-])[a-z][\w/-]*\.(?:c|h|cc|hpp|py|pml)\b(?!\w*>)')
LINK = re.compile(r'\]\((?!https?:|mailto:)([^)#\s]*)(?:#([\w-]+))?\)')


def code_of(text):
    """A C source without its comments and sentences; a string that is one name, as of a variable, stays."""
    return APART.sub(lambda m: m.group() if NAME.fullmatch(m.group()[1:-1]) else ' ', text)


def is_there(name, end, known):
    """Whether the code has the name; one that ends in _ and goes on with * or ... stands for some."""
    if name.endswith('_') and end[:1] in ('*', '.', '<', '`', '\\'):
        return any(one.startswith(name) for one in known)
    return name in known


def missing(text, known, files):
    """(line, sentence) for what a text names and the project has not."""
    for m in NAME.finditer(text):
        if not is_there(m.group(), text[m.end():m.end() + 1], known):
            yield text.count('\n', 0, m.start()) + 1, 'the code has no %s' % m.group()
    for m in FILE.finditer(text):
        if not any(one == m.group() or one.endswith('/' + m.group()) for one in files):
            yield text.count('\n', 0, m.start()) + 1, 'there is no file %s' % m.group()


def gone_inside(text, words):
    """(line, sentence) for quoted functions and fields that the library's code has not."""
    for m in INNER.finditer(text):
        if m.group(1) not in words:
            yield text.count('\n', 0, m.start()) + 1, 'the code has no %s' % m.group(1)


def anchors(page):
    """The sections of a page, as their addresses have them."""
    heads = re.findall(r'^#+ (.*)', page, re.M)
    return {re.sub(r'[^\w -]', '', head).strip().lower().replace(' ', '-') for head in heads}


def lost_links(text, folder):
    """(line, sentence) for links of a page in that folder that lead nowhere; None of an own section is the page."""
    for m in LINK.finditer(text):
        path = os.path.normpath(os.path.join(folder, m.group(1)))
        target = text if not m.group(1) else None
        if m.group(1) and not os.path.exists(path):
            yield text.count('\n', 0, m.start()) + 1, 'links to %s, which is not there' % m.group(1)
            continue
        if m.group(2) and target is None and path.endswith('.md'):
            with open(path, encoding='utf-8') as f:
                target = f.read()
        if m.group(2) and target is not None and m.group(2) not in anchors(target):
            yield text.count('\n', 0, m.start()) + 1, 'links to a section that is not there: #%s' % m.group(2)


def walk(root, rooms):
    """(path from the root, text) of the readable files in these folders, or of these files."""
    for room in rooms:
        top = os.path.join(root, room)
        inside = [(os.path.dirname(top), [], [os.path.basename(top)])] if os.path.isfile(top) else os.walk(top)
        for folder, _, names in inside:
            for name in sorted(names):
                if C_LIKE.search(name) or OTHERS.search(name) or PAGE.search(name):
                    with open(os.path.join(folder, name), encoding='utf-8') as f:
                        yield os.path.relpath(os.path.join(folder, name), root), f.read()


def project(root):
    """The names in the project's code, and its files; a page may print a file of its own: <!-- example: NAME -->."""
    known, files = set(), set()
    for path, text in walk(root, CODE):
        files.add(re.sub(r'\.in$', '', path))
        if path.endswith('tests/quality/names.py'):
            continue
        if C_LIKE.search(path):
            known.update(NAME.findall(code_of(text)))
        elif OTHERS.search(path):
            known.update(NAME.findall(re.sub(r'(?m)^\s*#.*', '', text)))
    for path, text in walk(root, PAGES):
        files.update(one + '.c' for one in re.findall(r'<!-- example: (\w+) -->', text))
    return known, files


def said(text):
    """The comments and sentences of a source; all else is blank, so that lines keep their numbers."""
    out, at = [], 0
    for m in APART.finditer(text):
        out += ['\n' * text.count('\n', at, m.start()), m.group()]
        at = m.end()
    return ''.join(out)


def self_test():
    known, files = {'shmring_here', 'SHMRING_OK', 'shmr_here'}, {'src/here.c', 'include/shmring/here.h'}
    good = ['shmring_here() and shmr_here()', 'SHMRING_OK', 'src/here.c, here.h', '#include <gone.h>', 'shmring_*', 'SHMRING_...',
            'https://example.org/gone.c', 'x-shmring_gone']
    bad = ['shmring_gone()', 'shmring_her', 'shmring_here_', 'shmr_gone', '`SHMRING_GONE`', 'gone.h', 'src/gone.c', 'tests/here.c',
           'shmring_gone_*']
    wrong = [one for one in good if list(missing(one, known, files))]
    wrong += [one for one in bad if not list(missing(one, known, files))]
    wrong += [one for one in ('[a](gone.md)', '[a](#gone)\n# Here') if not list(lost_links(one, '.'))]
    wrong += [one for one in ('[a](#it-is-here)\n# It is `here`', '[a](.)') if list(lost_links(one, '.'))]
    wrong += [] if [line for line, _ in gone_inside('`here_it_is`\n`p->gone_it_is`', {'here_it_is'})] == [2] else ['inside']
    source = '/* shmring_a() */ int shmring_b; // shmring_c\nprintf("call shmring_d()"); getenv("SHMRING_E");'
    wrong += [] if NAME.findall(code_of(source)) == ['shmring_b', 'SHMRING_E'] else ['code_of']
    wrong += [] if NAME.findall(said(source)) == ['shmring_a', 'shmring_c', 'shmring_d', 'SHMRING_E'] else ['said']
    print(wrong or 'all found')
    return 1 if wrong else 0


def main():
    if sys.argv[1] == '--self-test':
        return self_test()
    root, bad = sys.argv[1], []
    known, files = project(root)
    pages = [(path, text) for path, text in walk(root, PAGES) if PAGE.search(path)]
    for path, text in pages:
        bad += [(path, *one) for one in missing(text, known, files)]
        if path.endswith('.md'):
            bad += [(path, *one) for one in lost_links(text, os.path.dirname(os.path.join(root, path)))]
    words = {word for path, text in walk(root, COMMENTED) if C_LIKE.search(path) for word in WORD.findall(code_of(text))}
    for path, text in pages:
        bad += [(path, *one) for one in gone_inside(text, words) if path.endswith('memory-order.md')]
    for path, text in walk(root, COMMENTED):
        if C_LIKE.search(path):
            bad += [(path, *one) for one in missing(said(text), known, files)]
    for one in bad:
        print('%s:%d: %s' % one)
    return 1 if bad else 0


sys.exit(main())
