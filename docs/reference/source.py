# SPDX-License-Identifier: MIT
"""The public headers as data: what each declares, and what its comments say. The one source of the manual and of the
pages for a browser.

A page is a comment with the functions behind it, and those that follow with "The same ..." in their comments.
"""
import os
import re
from dataclasses import dataclass, field

COLUMNS = 100    # of the headers
TITLE_MAX = 100  # letters; the first words of a longer sentence are the title
COMMENT = re.compile(r'/\*.*?\*/', re.S)
FUNCTION = re.compile(r'SHMRING_(?:API|INLINE_HOT|INLINE|ALWAYS)\s+([^;{]*?)\s*[;{]')
BLOCK = re.compile(r'enum \{[^}\n]*\};|(?:typedef )?(?:enum|struct)\b[^;(]*?\{.*?^\}[^;\n]*;', re.S | re.M)
DEFINE = re.compile(r'#define (\w+)(?:[^\n]*\\\n)*[^\n]*')
FOLLOWS = re.compile(r'(On Windows, )?the same\b|.*\bOtherwise as above', re.I)


@dataclass
class Function:
    name: str
    result: str
    parameters: list  # as they are declared; ['void']

    def text(self):
        return '%s %s(%s);' % (self.result, self.name, ', '.join(self.parameters))


@dataclass
class Part:
    """The functions that share a comment, and that comment."""
    functions: list
    comment: 'Comment'

    def names(self):
        return [one.name for one in self.functions]


@dataclass
class Page:
    header: str
    parts: list
    types: list = field(default_factory=list)  # (names, lines of the header)

    def functions(self):
        return [one for part in self.parts for one in part.functions]

    def names(self):
        """All that a reader may ask for: the functions, and the types that stand there."""
        return [one.name for one in self.functions()] + [name for names, _ in self.types for name in names]

    def name(self):
        return self.parts[0].functions[0].name

    def title(self):
        first = self.parts[0].comment.sections['description'][0][0].rstrip('.:')
        return first if len(first) <= TITLE_MAX else re.split(r'[;:,] ', first)[0]


@dataclass
class Comment:
    """sections: of each kind a list of paragraphs, which are lists of sentences; parameters: (names, sentences); table: the
    list of what is returned, as (statuses, meaning)."""
    sections: dict
    parameters: list
    table: list


@dataclass
class Header:
    name: str
    intro: list  # paragraphs, and examples as ('code', lines)
    pages: list


def body(comment):
    """A comment's lines without its frame."""
    lines = comment[2:-2].strip('\n').split('\n')
    return [re.sub(r'^ \* ?', '', line).rstrip() for line in [lines[0].strip()] + lines[1:]]


def sentences(text):
    """A full stop ends one, and so does the name of a parameter or a status behind it; the dots of a range do not."""
    return re.split(r'(?<=[\w)"\'\]>][.])\s+(?=[A-Z("`]|shmring_|\w+(?:, \w+)*: )', text)


def paragraphs(lines):
    """Paragraphs, and examples as ('code', lines). A line ends its paragraph where the next word had room behind it."""
    out, words, code = [], [], []
    for line in lines + ['']:
        if line.startswith('  ') or (code and not line):
            out += [' '.join(words)] if words else []
            words = []
            code.append(line)
            continue
        if code:
            out.append(('code', trimmed(code)))
            code = []
        if words and (not line or (re.search(r'[.:]\)?$', words[-1]) and re.match(r'[A-Z`"]|shmring_|\w+(, \w+)*: ', line)
                                   and len(words[-1]) + len(line.split()[0]) + 4 <= COLUMNS)):
            out.append(' '.join(words))
            words = []
        if line:
            words.append(line)
        if not line and words:
            out.append(' '.join(words))
            words = []
    if code:
        out.append(('code', trimmed(code)))
    return out


def trimmed(lines):
    while lines and not lines[-1]:
        lines = lines[:-1]
    indent = min(len(line) - len(line.lstrip()) for line in lines if line)
    return [line[indent:] for line in lines]


STARTS = (
    ('returns', re.compile(r'Returns[ ,]')),
    ('order', re.compile(r'Memory order: ')),
    ('death', re.compile(r'A death\b(?!,)|Death leaves|A process that dies')),
    ('since', re.compile(r'Since 0\.|Linux only\.')),
    ('callers', re.compile(r'Any thread\b|(?:By|From) (?:the|any)\b[^.;]*\bthread|From any thread')),
)


def table_of(lines):
    """The statuses of a list, and what each means; the next lines of an entry stand further right, or have no status."""
    out = []
    for line in lines:
        entry = re.match(r'((?:SHMRING_\w+(?:, )?)+)(?:\s{2,}(\S.*))?$', line)
        if entry and line[0] != ' ':
            out.append([entry.group(1).rstrip(', '), entry.group(2) or ''])
        elif re.match(r'SHMRING_\w+,', line):
            out.append([line.strip(), ''])
        elif out:
            out[-1][1 if out[-1][1] else 0] += ' ' + line.strip()
    return [tuple(one) for one in out]


def understand(lines, parameters):
    """A public function's comment in its sections."""
    sections = {kind: [] for kind in ('description', 'returns', 'callers', 'order', 'death', 'since')}
    tagged, table = [], []
    state = 'description'
    for paragraph in paragraphs(lines):
        if paragraph[0] == 'code' and any('SHMRING_' in line for line in paragraph[1]) and state == 'returns':
            table, state = table_of(paragraph[1]), 'description'
            continue
        if paragraph[0] == 'code':
            sections['description'].append(paragraph)
            continue
        if state in ('returns', 'parameter'):
            state = 'description'
        fresh = True
        for sentence in sentences(paragraph):
            kind = next((kind for kind, start in STARTS if start.match(sentence)), None)
            tag = re.match(r'(\w+(?:, \w+)*): (.*)', sentence, re.S)
            if kind:
                fresh, state = fresh or kind != state, kind
            elif tag and set(tag.group(1).split(', ')) <= parameters:
                tagged.append((tag.group(1), []))
                sentence, state = tag.group(2), 'parameter'
            if state == 'parameter':
                tagged[-1][1].append(sentence)
                continue
            if fresh or not sections[state]:
                sections[state].append([])
            sections[state][-1].append(sentence)
            fresh = False
    return Comment(sections, tagged, table)


def opening(blocks):
    """What stands at the top of a header, as paragraphs of sentences without the header's name, and what of it is about an
    edge apart."""
    rules, edges = [], []
    for block in blocks:
        if block[0] == 'code':
            rules.append(block)
            continue
        said = sentences(block)
        if block is blocks[0]:
            said[0] = re.sub(r'^[\w.]+ - ', '', said[0])
            said[0] = said[0][:1].upper() + said[0][1:]
        edge = next((i for i, one in enumerate(said) if re.match(r'Edge [A-G]\b', one)), len(said))
        rules += [said[:edge]] if edge else []
        edges += [said[edge:]] if edge < len(said) else []
    return rules, edges


def function_of(text):
    """result, name and parameters of a declaration without its first word."""
    flat = ' '.join(text.split())
    match = re.match(r'(.*?)\b(shmring_\w+)\s*\((.*)\)$', flat)
    inside, depth, parts = match.group(3), 0, ['']
    for letter in inside:
        depth += (letter == '(') - (letter == ')')
        if letter == ',' and depth == 0:
            parts.append('')
        else:
            parts[-1] += letter
    return Function(match.group(2), match.group(1).strip(), [part.strip() for part in parts])


def parameter_names(functions):
    names = set()
    for one in functions:
        for parameter in one.parameters:
            pointer = re.search(r'\(\*(\w+)\)', parameter)
            names.add(pointer.group(1) if pointer else parameter.split()[-1].lstrip('*'))
    return names


def items(text):
    """(kind, text) of what stands at the left edge of a header, in order; kinds are comment, function, block, define."""
    at = 0
    while at < len(text):
        rest = text[at:]
        for kind, pattern in (('comment', COMMENT), ('function', FUNCTION), ('block', BLOCK), ('define', DEFINE)):
            match = pattern.match(rest)
            if match:
                yield kind, match.group()
                at += match.end()
                if kind == 'function' and match.group().endswith('{'):
                    at = text.index('\n}\n', at) + 3
                break
        else:
            end = text.find('\n', at)
            at = len(text) if end < 0 else end + 1


def names_of_block(text):
    name = re.match(r'(?:typedef )?(?:enum|struct) (\w+)', text)
    return [name.group(1)] if name else []


class Reader:
    """Goes through a header's items. What stands in front of a function or type and is no comment of it goes with it."""

    def __init__(self, header):
        self.pages, self.header = [], header
        self.types = []      # (names, text) that wait for the page that uses them
        self.loose = []      # constants that wait for their type or function
        self.comment = None
        self.shared = None   # the part whose comment the next function shares

    def read(self, kind, text):
        if kind == 'comment':
            self.loose += [self.comment] if self.comment else []
            self.comment = text
            if '----' in text:
                self.comment, self.loose = None, []
            self.shared = None
        elif kind == 'function':
            self.function(function_of(FUNCTION.match(text).group(1)))
        else:
            self.constant(kind, text)

    def constant(self, kind, text):
        name = DEFINE.match(text).group(1) if kind == 'define' else None
        whole = (self.comment + '\n' if self.comment else '') + text
        self.comment = self.shared = None
        if name and (name.endswith(('_', '_H'))):
            return
        owner = name and name.endswith('_INIT') and name[:-len('_INIT')].lower()
        if owner and self.types and self.types[-1][0] == [owner]:
            whole = '#define %s { ... }' % name
            self.types[-1] = (self.types[-1][0], self.types[-1][1] + '\n' + whole)
        elif kind == 'block' and names_of_block(text):
            self.types.append((names_of_block(text), '\n'.join(self.loose + [whole])))
            self.loose = []
        else:
            self.loose.append(whole)

    def function(self, function):
        comment, self.comment = self.comment, None
        if function.name.endswith('_'):
            self.loose, self.shared = [], None
            return
        if self.shared is not None and comment is None:
            self.shared[0].append(function)
            return
        lines = body(comment)
        self.shared = ([function], lines)
        page = self.pages[-1] if FOLLOWS.match(' '.join(lines)) and self.pages else None
        if page is None:
            page = ([], [])
            self.pages.append(page)
        page[0].append(self.shared)
        page[1].extend([([], '\n'.join(self.loose))] if self.loose else [])
        self.loose = []

    def finished(self):
        for parts, types in self.pages:
            functions = [one for part in parts for one in part[0]]
            known = parameter_names(functions)
            yield Page(self.header, [Part(part[0], understand(part[1], known)) for part in parts], types)


def read_header(folder, name):
    """(Header, its types)."""
    path = os.path.join(folder, name)
    with open(path if os.path.exists(path) else path + '.in', encoding='utf-8') as f:
        text = f.read()
    comments = [one.group() for one in COMMENT.finditer(text)]
    reader = Reader(name)
    start = text.index(comments[1]) + len(comments[1])
    for kind, item in items(text[start:]):
        reader.read(kind, item)
    return Header(name, paragraphs(body(comments[1])), list(reader.finished())), reader.types


def place_types(headers, types):
    """Each type stands on the first page that uses it, together with the types it is made of."""
    waiting = [one for found in types.values() for one in found]
    for header in headers:
        for page in header.pages:
            used = ' '.join(one.text() for one in page.functions())
            if header.name != 'status.h':  # every call answers one
                used = re.sub(r'\bshmring_status\b', '', used)
            found = []
            while True:
                more = [one for one in waiting if one not in found and
                        any(re.search(r'\b%s\b' % name, used) for name in one[0])]
                if not more:
                    break
                found += more
                used += ' '.join(text for _, text in more)
            page.types = [one for one in waiting if one in found] + page.types
            waiting = [one for one in waiting if one not in found]
    return waiting


def index_rows(text):
    """[(header, title, [(what to do, functions)])] of the list at the top of shmring.h."""
    out, row = [], None
    for line in text:
        head = re.match(r'  (\w+\.h)\s+(\S.*)', line)
        if head:
            out.append((head.group(1), head.group(2), []))
        elif out and line.startswith('    '):
            what, calls = line[4:47].strip(), re.findall(r'(shmring_\w+)\(\)', line)
            if what and not what.startswith('shmring_'):
                row = [what, []]
                out[-1][2].append(row)
            row[1].extend(calls)
    return out


@dataclass
class Reference:
    headers: list
    index: list
    overview: list    # of shmring.h: paragraphs and examples, without the index
    picture: list     # of ring.h

    def memory(self):
        """What is said of memory order: the picture, and the edges that the headers speak of."""
        edges = [one for header in self.headers for one in opening(header.intro)[1]]
        return opening(self.picture[:-1])[0] + edges

    def owners(self):
        return {name: page for page in self.pages() for name in page.names()}

    def pages(self):
        return [page for header in self.headers for page in header.pages]


def read(folder):
    with open(os.path.join(folder, 'shmring.h'), encoding='utf-8') as f:
        top = body(COMMENT.findall(f.read())[1])
    index = index_rows(top)
    overview = [one for one in paragraphs(top) if not (one[0] == 'code' and one[1][0].startswith('open.h'))]
    overview = [one for one in overview if not isinstance(one, str) or 'To do this, call that' not in one]
    headers, types = [], {}
    for name in [name for name, _, _ in index] + ['types.h', 'typed.h']:
        header, types[name] = read_header(folder, name)
        headers.append(header)
    place_types(headers, types)
    with open(os.path.join(folder, 'detail', 'ring.h'), encoding='utf-8') as f:
        picture = body(COMMENT.findall(f.read())[1])
    return Reference(headers, index, overview, paragraphs(picture))
