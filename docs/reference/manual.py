# SPDX-License-Identifier: MIT
"""The reference as manual pages, in mdoc: one in section 3 for each page, links to it by the names of its other functions
and of its types, and the overview shmring(7)."""
import os
import re

from source import opening

WIDTH = 78
NAME = re.compile(r'(?<!\S)([(]?)(shmring_\w+\(\)|SHMRING_\w+|shmring_\w+)([.,:;)?!]*)(?!\S)')
SECTIONS = (('returns', 'RETURN VALUES'), ('callers', 'CALLERS'), ('order', 'MEMORY ORDER'), ('death', 'AFTER A DEATH'))


def plain(text):
    """Words as a line of text; quoted ones in bold."""
    text = text.replace('\\', '\\e')
    text = re.sub(r'`([^`]*)`', r'\\fB\1\\fR', text)
    return re.sub(r"(?m)^(?=[.'])", r'\\&', text)


def wrapped(text):
    out, line = [], ''
    for word in text.split():
        if line and len(line) + 1 + len(word) > WIDTH:
            out.append(line)
            line = word
        else:
            line += (' ' if line else '') + word
    return [plain(one) for one in out + [line] if one]


def sentence(text):
    """The lines of a sentence; names of ours are marked as what they are."""
    out, at = [], 0
    for match in NAME.finditer(text):
        out += wrapped(text[at:match.start()])
        before, name, after = match.groups()
        if name.endswith('()'):
            macro, name = 'Fn', name[:-2]
        else:
            macro = 'Dv' if name.isupper() or name.startswith('SHMRING') else 'Vt'
        out.append(' '.join(['.' + macro] + ([before] if before else []) + [name] + list(after)))
        at = match.end()
    return out + wrapped(text[at:])


def literal(lines):
    return ['.Bd -literal'] + [re.sub(r"^(?=[.'])", r'\\&', line.replace('\\', '\\e')) for line in lines] + ['.Ed']


def paragraphs(blocks, first='.Pp'):
    """Blocks are lists of sentences, or ('code', lines)."""
    out = []
    for block in blocks:
        if block[0] == 'code':
            out += literal(block[1])
            continue
        out += ['.Pp'] if out else [first] if first else []
        for one in block:
            out += sentence(one)
    return out


def described(comment, first):
    """A comment's description, and its parameters as a list."""
    blocks = comment.sections['description']
    out = paragraphs(blocks[:1], first)
    if comment.parameters:
        out += ['.Bl -tag -width Ds']
        for names, said in comment.parameters:
            out += ['.It ' + ' , '.join('Fa ' + name for name in names.split(', '))]
            for one in said:
                out += sentence(one)
        out += ['.El']
    return out + paragraphs(blocks[1:])


def table(rows):
    out = ['.Bl -tag -width Ds']
    for statuses, meaning in rows:
        names = re.match(r'((?:SHMRING_\w+,? ?)+)(.*)', statuses)
        out += ['.It Dv ' + names.group(1).strip().rstrip(',').replace(', ', ' , ')]
        out += sentence((names.group(2) + ' ' + meaning).strip()) if names.group(2) or meaning else []
    return out + ['.El']


def synopsis(page):
    out = ['.Sh SYNOPSIS', '.In shmring/shmring.h']
    for function in page.functions():
        out += ['.Ft ' + quoted(function.result), '.Fo ' + function.name]
        out += ['.Fa ' + quoted(parameter) for parameter in function.parameters] + ['.Fc']
    return out


def quoted(text):
    return '"%s"' % text if ' ' in text else text


def head(title, section, date):
    return ['.\\" Made from the headers of shmring. SPDX-License-Identifier: MIT', '.Dd ' + date,
            '.Dt %s %s' % (title.upper(), section), '.Os']


def said_of(part, page):
    """The sections of a part: of the first one they are the page's, of the others they stand under its name."""
    out, comment = [], part.comment
    whole = part is page.parts[0]
    for kind, title in SECTIONS:
        blocks = comment.sections[kind]
        if not blocks and not (whole and kind == 'callers'):
            continue
        if whole:
            blocks = [[re.sub(r'^Memory order: (.)', lambda m: m.group(1).upper(), one) for one in block] for block in blocks]
        out += ['.Sh ' + title] if whole else []
        out += paragraphs(blocks, '' if whole else '.Pp')
        out += table(comment.table) if kind == 'returns' and comment.table else []
        if whole and kind == 'callers':
            out += (['.Pp'] if blocks else []) + ['What holds for all calls of', '.In shmring/%s' % page.header, 'stands in', '.Xr shmring 7 .']
    return out


def other_pages(page, owners):
    text = ' '.join(str(part.comment) for part in page.parts)
    used = ' '.join(one.text() for one in page.functions())
    names = set(re.findall(r'\b(shmring_\w+)\(\)', text)) | set(re.findall(r'\b(shmring_\w+)\b', used))
    return sorted(name for name in names if name in owners and owners[name] is not page)


def page_text(page, date, owners):
    functions = page.functions()
    out = head(page.name(), 3, date) + ['.Sh NAME']
    out += ['.Nm %s%s' % (one.name, ' ,' if one is not functions[-1] else '') for one in functions]
    out += ['.Nd ' + plain(page.title()[:1].lower() + page.title()[1:])] + synopsis(page) + ['.Sh DESCRIPTION']
    out += described(page.parts[0].comment, '')
    for part in page.parts[1:]:
        out += ['.Ss ' + ', '.join(name + '()' for name in part.names())] + described(part.comment, '')
        out += said_of(part, page)
    blocks = [block for _, block in page.types]
    if blocks:
        out += ['.Ss Types and constants'] + literal('\n\n'.join(blocks).split('\n'))
    out += said_of(page.parts[0], page) + ['.Sh SEE ALSO']
    out += ['.Xr %s 3 ,' % name for name in other_pages(page, owners)] + ['.Xr shmring 7', '.Sh HISTORY']
    for part in page.parts:
        for name in part.names():
            out += ['.Fn %s %s' % (name, ',' if name != part.names()[-1] else ':')]
        out += paragraphs(part.comment.sections['since'], '')
        out += ['.Pp'] if part is not page.parts[-1] else []
    return '\n'.join(out) + '\n'


def overview_text(reference, date):
    about = opening(reference.overview)[0]
    out = head('shmring', 7, date) + ['.Sh NAME', '.Nm shmring']
    out += ['.Nd ' + plain(about[0][0][:1].lower() + about[0][0][1:].rstrip('.'))]
    out += ['.Sh SYNOPSIS', '.In shmring/shmring.h', '.Pp', '.Dl cc program.c $(pkg-config --cflags --libs shmring)']
    out += ['.Sh DESCRIPTION'] + paragraphs(about[1:], '') + ['.Sh INDEX']
    for name, what, rows in reference.index:
        out += ['.Ss %s: %s' % (name, what), '.Bl -tag -width Ds']
        for todo, names in rows:
            out += ['.It ' + plain(todo)]
            out += ['.Xr %s 3%s' % (one, ' ,' if one != names[-1] else '') for one in names]
        out += ['.El']
    out += ['.Sh RULES OF THE HEADERS']
    for header in reference.headers:
        rules, _ = opening(header.intro)
        out += ['.Ss ' + header.name] + paragraphs(rules, '')
    out += ['.Sh MEMORY ORDERING'] + paragraphs(reference.memory(), '') + ['.Sh SEE ALSO', '.Xr shmring 1']
    return '\n'.join(out) + '\n'


def write(reference, folder3, file7, date):
    os.makedirs(folder3, exist_ok=True)
    for name in os.listdir(folder3):
        os.remove(os.path.join(folder3, name))
    owners = reference.owners()
    for name, page in owners.items():
        text = page_text(page, date, owners) if name == page.name() else '.so man3/%s.3\n' % page.name()
        with open(os.path.join(folder3, name + '.3'), 'w', encoding='utf-8') as f:
            f.write(text)
    with open(file7, 'w', encoding='utf-8') as f:
        f.write(overview_text(reference, date))
