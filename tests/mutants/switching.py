# SPDX-License-Identifier: MIT
"""Sources in which mistakes can be switched on, and proposals for mistakes. A mistake is a whole line and
what stands there instead. Lines stay where they are."""
import collections
import os
import re
import sys

Switched = collections.namedtuple('Switched', 'file old new test')

CONDITION = re.compile(r'((?:\} )?(?:else )?(?:if|while) \()(.*)(\) \{)')
LOOP = re.compile(r'(for \([^;]*; )([^;]*)(; .*\) \{)')
DECLARED = re.compile(r'((?!return\b)(?:(?:const|unsigned|struct|enum|auto) )*[a-z_]\w*(?:::\w+)*(?: const)? [*&]*\w+ = )([^{]*)(;)')
STATEMENT = re.compile(r'(?!static |else).*;')
QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)\'')


def instead(old, new, number):
    """The line, with both in it; it may have others already."""
    asked = 'shmring_mutant(%d)' % number
    for shape in (CONDITION, LOOP, DECLARED):
        was, becomes = shape.fullmatch(old), shape.fullmatch(new)
        if was and becomes and was.group(1) == becomes.group(1):
            form = '%s%s ? (%s) : (%s)%s' if shape is DECLARED else '%s%s ? !!(%s) : !!(%s)%s'
            return form % (was.group(1), asked, becomes.group(2), was.group(2), was.group(3))
    if (STATEMENT.fullmatch(old) or old.startswith('if (shmring_mutant(')) and (new == '' or STATEMENT.fullmatch(new)):
        return 'if (%s) { %s } else { %s }' % (asked, new, old)
    sys.exit('switched.txt: no line that can be switched: %s => %s' % (old, new))


def place(lines, file, old):
    """The number of the line, which is there once."""
    found = [i for i, line in enumerate(lines) if line.strip() == old]
    if len(found) != 1:
        sys.exit('switched.txt: this line is in %s %d times, and should be once: %s' % (file, len(found), old))
    return found[0]


def switched(text, changes):
    """The text with all (number, mutant) of it. On one line each has its turn, behind the others' no."""
    lines = text.split('\n')
    at = collections.defaultdict(list)
    for number, mutant in changes:
        at[place(lines, mutant.file, mutant.old)].append((number, mutant))
    for i, those in at.items():
        indent = lines[i][:len(lines[i]) - len(lines[i].lstrip())]
        line = those[0][1].old
        for number, mutant in those:
            line = instead(line, mutant.new, number)
        lines[i] = indent + line
    return '\n'.join(lines)


def read(path):
    """The table's rows, without looking whether their lines are there."""
    found, where = [], None
    with open(path, encoding='utf-8') as f:
        for line in f:
            if line[0] == '#' or not line.strip():
                continue
            if ' | ' not in line:
                where = line.strip()
                continue
            test, change = line.rstrip('\n').split(' | ', 1)
            old, new = change.split(' =>', 1)
            found.append(Switched(where, old.strip(), new.strip(), test.strip()))
    return found


def lost(mutant, source, texts):
    """Whether its line is not there, or more than once. texts: those read already."""
    if mutant.file not in texts:
        path = os.path.join(source, mutant.file)
        with open(path if os.path.exists(path) else os.devnull, encoding='utf-8') as f:
            texts[mutant.file] = collections.Counter(line.strip() for line in f)
    return texts[mutant.file][mutant.old] != 1


def read_checked(path, source):
    """The same, when each line is there; all that are not are told."""
    rows, texts = read(path), {}
    gone = [mutant for mutant in rows if lost(mutant, source, texts)]
    for mutant in gone:
        print('%s: should stand there once: %s' % (mutant.file, mutant.old), file=sys.stderr)
    if gone:
        sys.exit('switched.txt: %d lines have changed: change them there, too, or see switched.py --drop-lost' % len(gone))
    return rows


def drop_lost(path, source):
    """Writes the table without them."""
    with open(path, encoding='utf-8') as f:
        lines = f.read().split('\n')
    rows, texts, kept, where = iter(read(path)), {}, [], None
    for line in lines:
        if line.startswith('#') or ' | ' not in line:
            where = line.strip() if '/' in line and not line.startswith('#') else where
            kept.append(line)
        elif lost(next(rows), source, texts):
            print('%s: %s' % (where, line))
        else:
            kept.append(line)
    with open(path, 'w', encoding='utf-8') as f:
        f.write('\n'.join(kept))
    return 0


# ---- proposals ----

OPERATORS = (('<=', '<'), ('>=', '>'), (' < ', ' <= '), (' > ', ' >= '), ('==', '!='), ('!=', '=='), ('&&', '||'), ('||', '&&'),
             (' + ', ' - '), (' - ', ' + '), (' * ', ' + '), (' / ', ' * '), ('+=', '-='), ('-=', '+='))


def swaps(text):
    """The text with one operator changed, for each one outside quotes."""
    plain = QUOTED.sub(lambda m: '"' * len(m.group()), text)
    for was, becomes in OPERATORS:
        for found in re.finditer(re.escape(was), plain):
            yield text[:found.start()] + becomes + text[found.end():]
    for found in re.finditer(r'(?<![\w.])(\d+)(u?)(?![\w.])', plain):
        yield '%s%d%s%s' % (text[:found.start()], int(found.group(1)) + 1, found.group(2), text[found.end():])
    choice = re.fullmatch(r'(.* = |return |)([^?:"]*) \? ([^?:]*) : ([^?:]*);', text)
    if choice and all(part.count('(') == part.count(')') for part in choice.groups()):
        yield '%s%s ? %s : %s;' % (choice.group(1), choice.group(2), choice.group(4), choice.group(3))


def of_line(line):
    """What could stand there instead of the stripped line."""
    condition = CONDITION.fullmatch(line)
    if condition:
        if 'while' not in condition.group(1):
            yield condition.group(1) + '1' + condition.group(3)
        yield condition.group(1) + '0' + condition.group(3)
        for other in swaps(condition.group(2)):
            yield condition.group(1) + other + condition.group(3)
    elif LOOP.fullmatch(line):
        loop = LOOP.fullmatch(line)
        yield loop.group(1) + '0' + loop.group(3)
        yield from (loop.group(1) + other + loop.group(3) for other in swaps(loop.group(2)))
    elif DECLARED.fullmatch(line):
        if re.search(r',', re.sub(r'\([^()]*\)', '', re.sub(r'\([^()]*\)', '', line))):
            return  # several names
        declared = DECLARED.fullmatch(line)
        yield from (declared.group(1) + other + ';' for other in swaps(declared.group(2)))
    elif line.startswith('va_'):
        return
    elif re.fullmatch(r'(\(void\))?[a-z_][\w:.]*(->\w+)*\(.*\);', line):
        yield ''
        yield from swaps(line)
    elif re.fullmatch(r'[*]?[a-z_][\w>.\[\]-]* (=|[+|&-]=) .*;|[\w>.\[\]-]+(\+\+|--);', line):
        yield ''
        yield from swaps(line)
    elif re.fullmatch(r'return .*;', line):
        yield from swaps(line)
    elif line in ('break;', 'continue;'):
        yield ''


def proposals(text):
    """(old, new) for the lines of functions that stand there once and are whole."""
    lines = text.split('\n')
    seen = collections.Counter(line.strip() for line in lines)
    before, constant = '', None
    for line in lines:
        if constant is not None:  # no question can be asked in the middle of a constant
            constant = None if line.startswith(constant + '}') else constant
            continue
        if re.match(r'\s*(?!.*;$).*\bconstexpr\b', line):
            constant = line[:len(line) - len(line.lstrip())]
            continue
        stripped = line.strip()
        whole = re.search(r'([;{}:]|\*/|^)$', before) is not None
        if line.startswith('    ') and whole and seen[stripped] == 1 and ' =>' not in line and ' | ' not in line and \
                stripped.count('(') == stripped.count(')') and '//' not in line and '/*' not in line:
            for new in of_line(stripped):
                if new != stripped and '{' not in QUOTED.sub('', stripped).rstrip('{'):
                    yield stripped, new
        before = stripped if stripped else before


def files_below(source, names):
    for name in names:
        path = os.path.join(source, name)
        if os.path.isdir(path):
            yield from (os.path.relpath(os.path.join(folder, f), source) for folder, _, inside in sorted(os.walk(path))
                        for f in sorted(inside) if re.search(r'\.(c|hpp)$', f))
        else:
            yield name


if __name__ == '__main__':  # SOURCE - whether every line of the table is there
    print('%d mutants' % len(read_checked(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'switched.txt'),
                                          sys.argv[1])))
