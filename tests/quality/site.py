# SPDX-License-Identifier: MIT
"""The site of all pages is made, and each of its links leads somewhere: site.py ROOT

The maker checks the links itself. Here it has to find planted ones that lead nowhere, too. And the sentences that
docs/troubleshooting.md quotes must be those that the library says.
"""
import glob
import os
import re
import subprocess
import sys
import tempfile

ROOT = sys.argv[1]
MAKER = os.path.join(ROOT, 'docs', 'site', 'site.py')
PYTHON = '/usr/bin/python3'  # Debian's, which its python3-markdown belongs to
LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"')
PARTS = re.compile(r'\.\.\.|\b[ABN]\b|/dev/shm')


def has_markdown():
    return os.path.exists(PYTHON) and subprocess.run([PYTHON, '-c', 'import markdown'], check=False,
                                                     capture_output=True).returncode == 0


def make(root, folder):
    return subprocess.run([PYTHON, '-B', MAKER, root, folder], capture_output=True, text=True, check=False)


def should_make_a_page_of_each_markdown():
    with tempfile.TemporaryDirectory() as folder:
        result = make(ROOT, folder)
        assert result.returncode == 0, result.stderr
        pages = [os.path.relpath(path, ROOT) for path in glob.glob(os.path.join(ROOT, '*.md')) +
                 glob.glob(os.path.join(ROOT, 'docs', '*.md')) + glob.glob(os.path.join(ROOT, 'docs/decisions', '*.md'))]
        assert len(pages) > 15, pages
        gone = [name for name in pages if not os.path.exists(os.path.join(folder, name[:-3] + '.html'))]
        assert not gone, 'no page of %s' % gone
        with open(os.path.join(folder, 'docs', 'index.html'), encoding='utf-8') as f:
            index = f.read()
        assert '<table>' in index and 'href="choosing.html"' in index, index


def small_project(folder, text):
    os.makedirs(os.path.join(folder, 'docs', 'decisions'))
    for name, content in (('README.md', '# Top\n'), ('docs/index.md', '# Index\n\n' + text)):
        with open(os.path.join(folder, name), 'w', encoding='utf-8') as f:
            f.write(content)


def should_find_planted_links_that_lead_nowhere():
    for text, is_good in (('[a](../README.md)', True), ('[a](../README.md#top)', True), ('[a](gone.md)', False),
                          ('[a](../README.md#gone)', False), ('[a](gone.c)', False), ('![a](gone.svg)', False)):
        with tempfile.TemporaryDirectory() as folder:
            small_project(os.path.join(folder, 'project'), text)
            result = make(os.path.join(folder, 'project'), os.path.join(folder, 'site'))
            assert (result.returncode == 0) == is_good, (text, result.stderr)


def sentences():
    """All literals of the library, without what is filled in."""
    said = []
    for path in glob.glob(os.path.join(ROOT, 'src', '**', '*.[ch]'), recursive=True):
        with open(path, encoding='utf-8') as f:
            said.append(re.sub(r'"\s*(?:PRI\w+)?\s*"', '', f.read()))
    return '\n'.join(' '.join(LITERAL.findall(text)) for text in said)


def should_quote_what_the_library_says():
    with open(os.path.join(ROOT, 'docs', 'troubleshooting.md'), encoding='utf-8') as f:
        quoted = re.findall(r'^\| `([^`]*)`[^|]*\| `[A-Z_]+` \|', f.read(), re.M)
    assert len(quoted) >= 8, quoted
    said = sentences()
    for sentence in quoted:
        for part in PARTS.split(sentence):
            part = part.strip(' ,')
            assert len(part) < 6 or part in said, 'nothing says "%s" of "%s"' % (part, sentence)


TESTS = [should_quote_what_the_library_says, should_make_a_page_of_each_markdown,
         should_find_planted_links_that_lead_nowhere]
failed = 0
for number, test in enumerate(TESTS, 1):
    if test is not TESTS[0] and not has_markdown():
        print('ok %d - %s # SKIP there is no python3-markdown' % (number, test.__name__))
        continue
    try:
        test()
        print('ok %d - %s' % (number, test.__name__))
    except AssertionError as error:
        failed += 1
        print('# %s' % str(error).replace('\n', '\n# '))
        print('not ok %d - %s' % (number, test.__name__))
print('1..%d' % len(TESTS))
sys.exit(1 if failed else 0)
