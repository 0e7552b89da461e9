# SPDX-License-Identifier: MIT
"""The reference has a page for each public function, with its declaration and all words of its comment, as manual page
and for a browser. Usage: reference.py ROOT MAN3 VERSION; MAN3 is the folder of the manual pages, beside shmring.7.

What must be there is read from the headers by comments.py, and by nothing of the generator.
"""
import glob
import html
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter

from comments import functions

ROOT, MAN3, VERSION = sys.argv[1:4]
INCLUDE = os.path.join(ROOT, 'include', 'shmring')
PROGRAM = os.path.join(ROOT, 'docs', 'reference', 'reference.py')


def read(path):
    with open(path, encoding='utf-8') as f:
        return f.read()


def declared():
    """{name: (declaration in one line, comment)} of the public functions."""
    out = {}
    for path in sorted(glob.glob(os.path.join(INCLUDE, '*.h')) + glob.glob(os.path.join(INCLUDE, '*.h.in'))):
        for name, (declaration, comment) in functions(read(path)):
            out[name] = (squeezed(re.sub(r'^SHMRING_\w+', '', declaration).rstrip(' \n;{')), comment)
    return out


def squeezed(text):
    return re.sub(r'\s*([(),*])\s*', r'\1', ' '.join(text.split()))


def manual_page(folder, name):
    """Its text, through a link; '' where there is none."""
    path = os.path.join(folder, name + '.3')
    text = read(path) if os.path.exists(path) else ''
    link = re.match(r'\.so man3/(\w+)\.3\n$', text)
    return manual_page(folder, link.group(1)) if link else text


def synopsis(page, name):
    """The declaration of a function in a manual page."""
    found = re.search(r'^\.Ft (.*)\n\.Fo %s\n((?:\.Fa .*\n)+)\.Fc$' % name, page, re.M)
    if found is None:
        return None
    parameters = [line[4:].strip('"') for line in found.group(2).splitlines()]
    return squeezed('%s %s(%s)' % (found.group(1).strip('"'), name, ', '.join(parameters)))


def words(text):
    return Counter(re.findall(r'[a-z0-9_]+', text.lower()))


def words_of_comment(comment):
    return words(re.sub(r'(?m)^ \* ?|/\*|\*/', ' ', comment))


def words_of_manual(page):
    lines = [re.sub(r'^\.[A-Z]\w ?', '', line) for line in page.splitlines() if not line.startswith('.\\"')]
    return words(re.sub(r'\\f[BR]|\\e\b|\\&', '', '\n'.join(lines)) + ' memory order' * 9)


def words_of_html(page):
    return words(html.unescape(re.sub(r'<[^>]*>', ' ', page)))


def complaints(public, folder):
    for name, (declaration, comment) in public.items():
        page = manual_page(folder, name)
        if not re.search(r'^\.Nm %s\b' % name, page, re.M):
            yield '%s has no manual page' % name
        elif synopsis(page, name) != declaration:
            yield '%s is declared as "%s", and in its page as "%s"' % (name, declaration, synopsis(page, name))
        elif words_of_comment(comment) - words_of_manual(page):
            yield '%s: its page is without %s' % (name, dict(words_of_comment(comment) - words_of_manual(page)))


def html_complaints(public, folder):
    pages = {os.path.basename(path): read(path) for path in glob.glob(os.path.join(folder, '*.html'))}
    index = pages['index.html']
    for name, (declaration, comment) in public.items():
        link = re.search(r'<a href="(\w+\.html)"><code>%s</code>' % name, index)
        page = pages.get(link.group(1)) if link else None
        if page is None:
            yield '%s is not in the index' % name
            continue
        if declaration + ';' not in squeezed(html.unescape(re.search(r'<pre>(.*?)</pre>', page, re.S).group(1))):
            yield '%s: its declaration is not in its page' % name
        if words_of_comment(comment) - words_of_html(page):
            yield '%s: its page is without %s' % (name, dict(words_of_comment(comment) - words_of_html(page)))
    for name, page in pages.items():
        for target, anchor in re.findall(r'href="([^"#]*)(?:#([^"]*))?"', page):
            if target not in pages or (anchor and 'id="%s"' % anchor not in pages[target]):
                yield '%s links to %s#%s, which is not there' % (name, target, anchor)


def shouldHaveAPageForEachFunction(public):
    return list(complaints(public, MAN3))


def shouldFindPlantedFaults(public):
    """A page that is gone, one of another declaration, and one that lost a sentence."""
    wrong = []
    for plant, sign in ((lambda text: None, 'has no manual page'),
                        (lambda text: text.replace('uint32_t len', 'uint64_t len'), 'is declared as'),
                        (lambda text: text.replace('wait-free', ''), 'is without')):
        with tempfile.TemporaryDirectory() as folder:
            copy = shutil.copytree(MAN3, os.path.join(folder, 'man3'))
            path = os.path.join(copy, 'shmring_try_send.3')
            text = plant(read(path))
            os.remove(path)
            if text is not None:
                with open(path, 'w', encoding='utf-8') as f:
                    f.write(text)
            found = list(complaints(public, copy))
            wrong += [] if len(found) == 1 and sign in found[0] else ['%s: %s' % (sign, found)]
    return wrong


def shouldHaveAnOverview(public):
    text = read(os.path.join(os.path.dirname(MAN3), 'shmring.7'))
    wrong = ['there is no section ' + name for name in ('INDEX', 'MEMORY ORDERING') if '.Sh %s\n' % name not in text]
    order = text.partition('.Sh MEMORY ORDERING\n')[2]
    wrong += ['it says nothing of edge ' + one for one in 'EFG' if not re.search('^Edge %s' % one, order, re.M)]
    wrong += [name + ' is not in it' for name in public if not re.search(r'^\.Xr %s 3' % name, text, re.M)]
    return wrong + [name + ' is no page' for name in re.findall(r'^\.Xr (\w+) 3', text, re.M) if not manual_page(MAN3, name)]


def shouldBeWellFormed(_):
    """Links are no pages of their own; mandoc would warn of each."""
    pages = [path for path in sorted(glob.glob(os.path.join(MAN3, '*.3'))) if not read(path).startswith('.so ')]
    pages.append(os.path.join(os.path.dirname(MAN3), 'shmring.7'))
    done = subprocess.run(['mandoc', '-T', 'lint', '-W', 'warning', *pages], capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).splitlines() if done.returncode else []


def shouldSayTheSameForABrowser(public):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, '-B', PROGRAM, 'html', INCLUDE, VERSION, folder], check=True)
        return list(html_complaints(public, folder))


def main():
    public = declared()
    tests = [shouldHaveAPageForEachFunction, shouldFindPlantedFaults, shouldHaveAnOverview, shouldBeWellFormed,
             shouldSayTheSameForABrowser]
    print('1..%d' % len(tests))
    for number, test in enumerate(tests, 1):
        if test is shouldBeWellFormed and shutil.which('mandoc') is None:
            print('ok %d %s # SKIP mandoc is not installed' % (number, test.__name__))
            continue
        wrong = test(public) if len(public) >= 90 else ['only %d functions were found' % len(public)]
        for one in wrong:
            print('# ' + one)
        print('%s %d %s' % ('not ok' if wrong else 'ok', number, test.__name__))


main()
