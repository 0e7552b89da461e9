# SPDX-License-Identifier: MIT
"""evidence.py ROOT - every test that docs/reliability.md names as evidence is there: as the name that a build file
gives to a test, put together and out of a loop where it is so. A name with * stands for at least one. Each commit that
a document names is in the history, where the history is there: not in a release tarball or a shallow clone. TAP.
evidence.py --age ROOT - how many lines of include/ and src/ have changed since each commit of the long runs."""
import fnmatch
import glob
import os
import re
import subprocess
import sys

WORD = re.compile(r"'([^']*)'")


def values(text, name):
    """What a name of a build file stands for before the end of the text: that of the loop around, or of the lists
    that were assigned to it."""
    loops = list(re.finditer(r'\bforeach ((?:\w+, )?\w+) : ((?:\[[^\]]*\]|\{[^}]*\}|[^\n])+)', text))
    for loop in reversed(loops):
        if name in loop.group(1).split(', '):
            return of_list(text[:loop.start()], loop.group(2), loop.group(1).split(', ')[0] == name)
    return set()


def of_list(text, given, keys=True):
    """The words of a list, the keys of a table; or of those that the name was given."""
    if re.fullmatch(r'\w+', given.strip()):
        lists = re.findall(r'^ *%s \+?= ([^\n]*(?:\n +\'[^\n]*)*)' % given.strip(), text, re.M)
    else:
        lists = [given]
    words = set()
    for one in lists:
        one = re.sub(r"[!=]= '[^']*'", '', one)  # what is compared is no member
        if one.startswith('{'):
            words |= set(re.findall(r"'([^']*)' *:", one)) if keys else set()
        else:
            words |= set(WORD.findall(one))
    return words


def names_of_tests(root):
    """Every name that stands first in a call of test()."""
    found = set()
    for path in glob.glob(os.path.join(root, 'tests', '**', 'meson.build'), recursive=True):
        with open(path, encoding='utf-8') as f:
            text = re.sub(r'#[^\n]*', '', f.read())
        for call in re.finditer(r'\btest\(\s*([^,]+),', text):
            names = {''}
            for part in call.group(1).split(' + '):
                literal, word = WORD.fullmatch(part.strip()), re.match(r'\w+', part.strip())
                some = {literal.group(1)} if literal else values(text[:call.start()], word.group())
                if part.strip().endswith('.to_lower()'):
                    some = {one.lower() for one in some}
                names = {head + one for head in names for one in some}
            found |= names
    return found


def document(root):
    with open(os.path.join(root, 'docs', 'reliability.md'), encoding='utf-8') as f:
        return f.read()


def evidence(root):
    """(row, name) of the last column of the table of faults."""
    for row, cell in re.findall(r'^\| (\d+) \|.*\| (.*) \|$', document(root), re.M):
        for name in re.findall(r'`([\w*]+)`', cell):
            yield row, name


def commits(root):
    """What a document calls a commit: the second column of the long runs, and elsewhere a word of hexadecimal digits of
    both kinds."""
    found = {(os.path.join('docs', 'reliability.md'), commit)
             for commit in re.findall(r'^\| [0-9]{4}-[0-9-]+ \| ([0-9a-f]+)', document(root), re.M)}
    for path in glob.glob(os.path.join(root, '*.md')) + glob.glob(os.path.join(root, 'docs', '**', '*.md'), recursive=True):
        with open(path, encoding='utf-8') as f:
            words = re.findall(r'\b[0-9a-f]{7,40}\b', f.read())
        found |= {(os.path.relpath(path, root), word) for word in words
                  if re.search('[0-9]', word) and re.search('[a-f]', word)}
    return sorted(found)


def history(root):
    """The whole history, or None where it is not there."""
    def git(*words):
        return subprocess.run(['git', '-c', 'safe.directory=*', '-C', root, *words], capture_output=True, text=True, check=True).stdout
    try:
        if git('rev-parse', '--is-shallow-repository').strip() != 'false' or \
                os.path.realpath(git('rev-parse', '--show-toplevel').strip()) != os.path.realpath(root):
            return None
        return git('rev-list', 'HEAD').split()
    except (OSError, subprocess.CalledProcessError):
        return None


def age(root):
    for commit in sorted({commit for file, commit in commits(root) if file.endswith('reliability.md')}):
        out = subprocess.run(['git', '-C', root, 'diff', '--numstat', commit, '--', 'include', 'src'], capture_output=True,
                             text=True, check=True).stdout
        lines = [line.split() for line in out.splitlines()]
        print('%s: %d lines added, %d removed since' % (
            commit, sum(int(line[0]) for line in lines), sum(int(line[1]) for line in lines)))
    return 0


def main():
    if sys.argv[1] == '--age':
        return age(sys.argv[2])
    root = sys.argv[1]
    known, past = names_of_tests(root), history(root)
    results = [(bool(fnmatch.filter(known, name)), 'row %s: %s' % pair) for pair in evidence(root) for name in [pair[1]]]
    results.append((len(results) >= 22, 'the table was found'))
    for word in ('no_such_test', 'tap', 'stress', 'unit', 'windows', 'linux', 'fuzz_', 'python3'):
        results.append((word not in known, 'not every word of a build file is a test: %s' % word))
    for file, commit in commits(root):
        where = '%s: commit %s' % (file, commit)
        if past is None:
            results.append((True, where + ' # SKIP the history is not there'))
        else:
            results.append((any(one.startswith(commit) for one in past), where + ' is in the history'))
    if past:
        results.append(('0000000' not in {one[:7] for one in past}, 'the history is not empty, and not everything'))
    for number, (good, what) in enumerate(results, 1):
        print('%sok %d - %s' % ('' if good else 'not ', number, what))
    print('1..%d' % len(results))
    return 0 if all(good for good, _ in results) else 1


if __name__ == '__main__':
    sys.exit(main())
