#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes one site of HTML from the Markdown of this project: site.py ROOT FOLDER

Each page lies where its Markdown lies, and index.html leads to docs/index.html. What a page links to
and is no page is copied beside it; a folder becomes a list. No script, and nothing from another place.
Exit status 1 when a link of the finished site leads nowhere.
"""
import html
import html.parser
import os
import re
import shutil
import sys
from urllib.parse import unquote

try:
    import markdown
except ImportError:
    sys.exit('site.py: there is no python3-markdown for %s: apt-get install python3-markdown' % sys.executable)

FOLDERS = ['.', 'docs', 'docs/decisions']
PRIVATE = ('.git', 'build')
OUTSIDE = re.compile(r'^[a-z][a-z0-9+.-]*:')
STYLE = """:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2rem; } h3 { font-size: 1rem; }
pre { overflow-x: auto; padding: .75rem; border: 1px solid #8886; border-radius: .3rem; line-height: 1.35; }
code, pre { font-family: ui-monospace, monospace; font-size: .9rem; } img { max-width: 100%; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { text-align: left; vertical-align: top; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid #8883; }
a { text-decoration: none; } a:hover { text-decoration: underline; } nav { font-size: .9rem; }"""


def slug(text, _separator):
    """The name of a section, as a browser of repositories gives it."""
    return re.sub(r'[^\w\- ]', '', text.lower()).strip().replace(' ', '-')


def page(title, to_top, body):
    return ('<!DOCTYPE html>\n<html lang="en">\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width">\n<title>%s</title>\n<style>\n%s\n</style>\n'
            '<nav><a href="%sdocs/index.html">shmring: all pages</a></nav>\n%s\n</html>\n'
            % (html.escape(title), STYLE, to_top, body))


class Site:
    def __init__(self, root, folder):
        self.root, self.folder, self.copied = root, folder, set()

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w', encoding='utf-8') as f:
            f.write(text)

    def sources(self):
        for folder in FOLDERS:
            for name in sorted(os.listdir(os.path.join(self.root, folder))):
                if name.endswith('.md'):
                    yield os.path.normpath(os.path.join(folder, name))

    def listing(self, folder):
        """A list of a folder's files, which are copied."""
        lines = []
        for name in sorted(os.listdir(os.path.join(self.root, folder))):
            if os.path.isfile(os.path.join(self.root, folder, name)):
                self.copy(os.path.join(folder, name))
                shown = name[:-3] + '.html' if name.endswith('.md') else name
                lines.append('<li><a href="%s">%s</a></li>' % (shown, html.escape(name)))
        depth = folder.count('/') + 1
        self.write(folder + '/index.html', page(folder, '../' * depth, '<h1>%s</h1>\n<ul>\n%s\n</ul>'
                                                % (html.escape(folder), '\n'.join(lines))))

    def copy(self, name):
        if name in self.copied or name.endswith('.md') or name.split('/')[0] in PRIVATE:
            return
        self.copied.add(name)
        source = os.path.join(self.root, name)
        if os.path.isdir(source):
            self.listing(name)
        elif os.path.isfile(source):
            os.makedirs(os.path.dirname(os.path.join(self.folder, name)), exist_ok=True)
            shutil.copyfile(source, os.path.join(self.folder, name))

    def target(self, link, source):
        """Where a link of that page leads in the site."""
        path, mark, section = link.partition('#')
        if OUTSIDE.match(link) or path == '':
            return link
        name = os.path.normpath(os.path.join(os.path.dirname(source), unquote(path)))
        self.copy(name)
        if path.endswith('.md'):
            return path[:-3] + '.html' + mark + section
        if os.path.isdir(os.path.join(self.root, name)):
            return path.rstrip('/') + '/index.html' + mark + section
        return link

    def convert(self, source):
        with open(os.path.join(self.root, source), encoding='utf-8') as f:
            text = f.read()
        body = markdown.markdown(text, extensions=['tables', 'fenced_code', 'toc', 'sane_lists'],
                                 extension_configs={'toc': {'slugify': slug}})
        body = re.sub(r'(<(?:a|img)\b[^>]*?\b(?:href|src)=")([^"]*)"',
                      lambda m: m.group(1) + html.escape(self.target(html.unescape(m.group(2)), source)) + '"', body)
        heading = re.search(r'^# (.*)', text, re.M)
        self.write(source[:-3] + '.html', page(heading.group(1) if heading else source, '../' * source.count('/'), body))


class Links(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.links, self.sections = [], set()

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name == 'id':
                self.sections.add(value)
            elif name in ('href', 'src') and value is not None:
                self.links.append(value)


def read(path):
    parser = Links()
    with open(path, encoding='utf-8') as f:
        parser.feed(f.read())
    return parser


def lost(folder):
    """(page, link) for each link of a finished site that leads nowhere."""
    pages = {}
    for top, _, names in os.walk(folder):
        for name in names:
            if name.endswith('.html'):
                pages[os.path.join(top, name)] = read(os.path.join(top, name))
    for path, parser in sorted(pages.items()):
        for link in parser.links:
            there, _, section = link.partition('#')
            if OUTSIDE.match(link):
                continue
            other = os.path.normpath(os.path.join(os.path.dirname(path), unquote(there))) if there else path
            if not os.path.isfile(other) or (section and other in pages and section not in pages[other].sections):
                yield os.path.relpath(path, folder), link


def main():
    root, folder = sys.argv[1:]
    if os.path.isdir(folder):
        shutil.rmtree(folder)
    site = Site(root, folder)
    for source in site.sources():
        site.convert(source)
    site.write('index.html', page('shmring', '', '<meta http-equiv="refresh" content="0; url=docs/index.html">'))
    bad = list(lost(folder))
    for name, link in bad:
        print('%s: links to %s, which is not in the site' % (name, link), file=sys.stderr)
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
