# SPDX-License-Identifier: MIT
"""prose.py ROOT [PART] | --self-test - the English of the documents, and of the comments in include/ and src/: a sentence
has at most 30 words, none begins with Who, What, Whoever or So many unless it asks, and words that the glossary
replaced stay away. A line of a document has at most 120 columns. PART: only files with that in their path."""
import os
import re
import sys

WORDS_MAX = 30
COLUMNS_MAX = 120
PAGE = re.compile(r'\.md$')
SOURCE = re.compile(r'\.(c|h|hpp|h\.in)$')
ROOMS = ('README.md', 'SECURITY.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'docs', 'include', 'src')
OPENERS = re.compile(r'(?:Who|What|Whoever|Whatever|So many)\b(?!.*\?$)')
# What stood for it before; what stands for it now.
BANNED = {
    r'old news': 'stale',
    r'for people': 'statistics, diagnostics',
    r'\ba lie\b|\blies about\b': 'impossible, corrupt',
    r"\bstranger(?:'s|s)?\b": 'untrusted, a process that is not the pair',
    r'gone in order': 'closed, exited',
    r'(?:comes?|came) round': 'wraps, laps',
    r'it were never asked': 'is never called',
    r'\b[0-9.]+ of the time\b': 'a change against a named base',
}
COMMENT = re.compile(r'/\*(.*?)\*/|((?:^[ \t]*//[^\n]*\n)+|//[^\n]*)', re.S | re.M)
CODE = re.compile(r'`[^`]*`')


def paragraphs_of_page(text):
    """(line, paragraph) without code, tables' frames and links' targets."""
    text = re.sub(r'^```.*?^```$|<!--.*?-->', lambda m: '\n' * m.group().count('\n'), text, flags=re.S | re.M)
    first, words = 0, []
    for number, line in enumerate(text.split('\n') + [''], 1):
        line = line.strip()
        cells = line.strip('|').split('|') if line.startswith('|') else None
        starts = not line or cells or line.startswith('#') or re.match(r'(?:[-*]|\d+\.) |\[[^\]]+\]:', line)
        if starts and words:
            yield first, ' '.join(words)
            words = []
        if cells:
            yield from ((number, item) for cell in cells for item in re.split(r'[;:] ', cell.strip()))  # lists, mostly
        elif line and not line.startswith('#') and not re.match(r'\[[^\]]+\]:', line):
            first = first if words else number
            words.append(re.sub(r'^(?:[-*]|\d+\.) |^> ?', '', line))


def paragraphs_of_source(text):
    """(line, paragraph) of the comments; a list's entry, and what stands behind two spaces, is one of its own."""
    for m in COMMENT.finditer(text):
        line = text.count('\n', 0, m.start()) + 1
        body = re.sub(r'^[ \t]*(?:\*|//) ?', '', m.group(1) if m.group(1) is not None else m.group(2), flags=re.M)
        body = re.sub(r'^.*[(=].*[;{]$|^[ \t]*(?:while|if|for) \(.*\)$', '', body, flags=re.M)  # code
        at = 0
        for part in re.split(r'(\n[ \t]*\n|\n(?=[ \t]*[-*] |  |SHMRING_\w+ )|(?<=\S)   *(?=\S))', body):
            if part.strip() and not re.match(r'SPDX|----', part.strip()):
                yield line + body.count('\n', 0, at), ' '.join(part.split())
            at += len(part)


def sentences(paragraph):
    """Links become their words, code one word. In a contract each parameter, and each status that is returned, is one."""
    flat = re.sub(r'\[([^\]]*)\]\([^)]*\)', r'\1', CODE.sub('X', paragraph))
    for one in re.split(r'(?<=[.!?])["*)]*\s+(?=[A-Z("*`0-9]|shmring)|(?<=[.;])\s+(?=[a-z_]+: )', flat):
        yield from one.split('; ') if one.startswith('Returns ') else [one] if one else []


def complaints(path, text):
    """(line, sentence) of a file; what a program writes into a page, between marks, is that program's."""
    page = PAGE.search(path)
    text = re.sub(r'<!-- begin: ([\w-]+) -->.*?<!-- end: \1 -->', lambda m: '\n' * m.group().count('\n'), text, flags=re.S)
    for line, paragraph in (paragraphs_of_page if page else paragraphs_of_source)(text):
        for one in sentences(paragraph):
            words = re.findall(r"[\w'][\w'./-]*", one)
            if len(words) > WORDS_MAX:
                yield line, 'a sentence of %d words: %s' % (len(words), one)
            if OPENERS.match(one.strip('*( ')):
                yield line, 'begins with %s: %s' % (one.split()[0], one)
            for banned, instead in BANNED.items():
                if re.search(banned, one):
                    yield line, 'says %r, not %s: %s' % (re.search(banned, one).group(), instead, one)
    if page:
        for number, line in enumerate(text.split('\n'), 1):
            if len(line) > COLUMNS_MAX and not line.startswith(('|', '[', '    ', 'sudo ', '![')) and ' ' in line.strip()[COLUMNS_MAX:]:
                yield number, 'a line of %d columns' % len(line)


def files(root):
    for room in ROOMS:
        top = os.path.join(root, room)
        inside = [(root, [], [room])] if os.path.isfile(top) else os.walk(top)
        for folder, _, names in inside:
            for name in sorted(names):
                if PAGE.search(name) or SOURCE.search(name):
                    yield os.path.relpath(os.path.join(folder, name), root)


def self_test():
    long = ' '.join(['w'] * WORDS_MAX)
    good = [('a.md', 'A ' + long[4:] + '. Another one.'), ('a.md', '`%s` is code.' % long), ('a.md', 'What is it?'),
            ('a.c', '/* A record. */\nint what; // Stale.\n'), ('a.md', '```\n%s %s\n```\n' % (long, long)),
            ('a.h', '/* Returns A; B %s; C %s. len: %s. */' % ((long[8:],) * 3)), ('a.md', '| %s; %s |' % (long, long))]
    bad = [('a.md', 'One ' + long + '.'), ('a.md', '* One\n  %s.' % long), ('a.c', '/* One %s. */' % long),
           ('a.h', '// one %s\n' % long), ('a.md', 'What it says is long.'), ('a.c', '/* Who begins at tail. */'),
           ('a.md', 'That is old news.'), ('a.c', 'x(); /* for people only */'), ('a.md', '| One %s |' % long),
           ('a.md', 'a' * COLUMNS_MAX + ' b'), ('a.md', 'It took 0.89 of the time.')]
    wrong = [one for one in good if list(complaints(*one))] + [one for one in bad if not list(complaints(*one))]
    print(wrong or 'all found')
    return 1 if wrong else 0


def main():
    if sys.argv[1] == '--self-test':
        return self_test()
    root, part, bad = sys.argv[1], (sys.argv[2:] or [''])[0], 0
    for path in files(root):
        if part in path:
            with open(os.path.join(root, path), encoding='utf-8') as f:
                for line, sentence in complaints(path, f.read()):
                    print('%s:%d: %s' % (path, line, sentence))
                    bad += 1
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
