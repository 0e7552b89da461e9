# SPDX-License-Identifier: MIT
"""The reference for a browser: index.html, and a file for each page. No script, and nothing from another place."""
import html
import os
import re

from manual import SECTIONS
from source import opening

NAME = re.compile(r'`([^`]*)`|\b(shmring_\w+\(\)|shmring_\w+|SHMRING_\w+)')
STYLE = """:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; } h3 { font-size: 1rem; }
pre { overflow-x: auto; padding: .75rem; border: 1px solid #8886; border-radius: .3rem; line-height: 1.35; }
code, pre, dt { font-family: ui-monospace, monospace; font-size: .9rem; }
dd { margin: 0 0 .5rem 2rem; } th, td { text-align: left; vertical-align: top; padding: .1rem 1.5rem .1rem 0; }
th { font-weight: normal; } a { text-decoration: none; } a:hover { text-decoration: underline; }"""


class Writer:
    def __init__(self, reference, folder, version):
        self.reference, self.folder, self.version = reference, folder, version
        self.owners = reference.owners()

    def link(self, name, shown, page=None):
        owner = self.owners.get(name)
        if owner is None or owner is page:
            return '<code>%s</code>' % html.escape(shown, quote=False)
        return '<a href="%s.html"><code>%s</code></a>' % (owner.name(), html.escape(shown, quote=False))

    def text(self, words, page=None):
        out, at = [], 0
        for match in NAME.finditer(words):
            out.append(html.escape(words[at:match.start()], quote=False))
            shown = match.group(1) if match.group(1) is not None else match.group(2)
            out.append(self.link(shown.replace('()', ''), shown, page))
            at = match.end()
        return ''.join(out) + html.escape(words[at:], quote=False)

    def blocks(self, blocks, page=None):
        out = []
        for block in blocks:
            if block[0] == 'code':
                out.append(literal('\n'.join(block[1])))
            else:
                out.append('<p>%s</p>' % self.text(' '.join(block), page))
        return out

    def described(self, comment, page):
        blocks = comment.sections['description']
        out = self.blocks(blocks[:1], page)
        if comment.parameters:
            out.append('<dl>')
            for names, said in comment.parameters:
                out.append('<dt>%s</dt><dd>%s</dd>' % (names, self.text(' '.join(said), page)))
            out.append('</dl>')
        return out + self.blocks(blocks[1:], page)

    def said_of(self, part, page):
        out, whole = [], part is page.parts[0]
        for kind, title in SECTIONS:
            blocks = part.comment.sections[kind]
            out += ['<h2>%s</h2>' % title.capitalize()] if whole and blocks else []
            out += self.blocks(blocks, page)
            if kind == 'returns' and part.comment.table:
                rows = ['<dt>%s</dt><dd>%s</dd>' % (self.text(one, page), self.text(two, page))
                        for one, two in part.comment.table]
                out += ['<dl>', *rows, '</dl>']
        return out

    def page(self, page):
        first = page.parts[0]
        out = ['<p><a href="index.html">shmring %s</a> / %s</p>' % (self.version, self.header_link(page.header))]
        out += ['<h1>%s</h1>' % ', '.join(one.name for one in page.functions())]
        out += [literal('#include <shmring/shmring.h>\n\n' + '\n'.join(map(declaration, page.functions())))]
        out += self.described(first.comment, page)
        for part in page.parts[1:]:
            out += ['<h3>%s</h3>' % ', '.join(name + '()' for name in part.names())]
            out += self.described(part.comment, page) + self.said_of(part, page)
            out += self.blocks(part.comment.sections['since'], page)
        out += self.said_of(first, page) + self.blocks(first.comment.sections['since'], page)
        out += ['<p>What holds for all calls of this header: %s.</p>' % self.header_link(page.header)]
        if page.types:
            out += ['<h2>Types and constants</h2>', literal('\n\n'.join(block for _, block in page.types))]
        self.file(page.name(), page.name(), out)

    def header_link(self, header):
        return '<a href="index.html#%s"><code>%s</code></a>' % (header, header)

    def index(self):
        about = opening(self.reference.overview)[0]
        out = ['<h1>shmring %s</h1>' % self.version] + self.blocks(about) + ['<h2>Index</h2>', '<table>']
        for name, what, rows in self.reference.index:
            out.append('<tr><th colspan="2"><h3>%s: %s</h3></th></tr>' % (self.header_link(name), html.escape(what)))
            for todo, names in rows:
                links = '<br>'.join(self.link(one, one) for one in names)
                out.append('<tr><td>%s</td><td>%s</td></tr>' % (html.escape(todo, quote=False), links))
        out += ['</table>', '<h2>Rules of the headers</h2>']
        for header in self.reference.headers:
            out += ['<h3 id="%s">%s</h3>' % (header.name, header.name)] + self.blocks(opening(header.intro)[0])
        out += ['<h2 id="memory-ordering">Memory ordering</h2>'] + self.blocks(self.reference.memory())
        self.file('index', 'shmring', out)

    def file(self, name, title, lines):
        top = ['<!DOCTYPE html>', '<html lang="en">', '<meta charset="utf-8">',
               '<meta name="viewport" content="width=device-width">', '<title>%s</title>' % title,
               '<style>\n%s\n</style>' % STYLE]
        with open(os.path.join(self.folder, name + '.html'), 'w', encoding='utf-8') as f:
            f.write('\n'.join(top + lines + ['</html>']) + '\n')


def literal(text):
    return '<pre>%s</pre>' % html.escape(text, quote=False)


def declaration(function):
    """As a person writes it: what is too long for a line goes on under its first parameter."""
    text = function.text().replace('* ' + function.name, '*' + function.name)
    if len(text) <= 80:
        return text
    start = text.index('(') + 1
    return text[:start] + (',\n' + ' ' * start).join(function.parameters) + ');'


def write(reference, folder, version):
    os.makedirs(folder, exist_ok=True)
    for name in os.listdir(folder):
        if name.endswith('.html'):
            os.remove(os.path.join(folder, name))
    writer = Writer(reference, folder, version)
    for page in reference.pages():
        writer.page(page)
    writer.index()
