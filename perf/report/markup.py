"""HTML from text: everything is escaped, except what is HTML already and says so by its type."""
import html
import urllib.parse


class Raw(str):
    """A piece of HTML that we made ourselves."""


def text(value):
    """A value as HTML."""
    return value if isinstance(value, Raw) else Raw(html.escape(str(value)))


def element(name, *children, **attributes):
    """<name attribute="…">children</name>; a trailing _ of an attribute's name is dropped, as in
    class_, and an inner one becomes a dash, as in aria_label."""
    written = "".join(f' {key.rstrip("_").replace("_", "-")}="{html.escape(str(value))}"'
                      for key, value in attributes.items() if value is not None)
    return Raw(f"<{name}{written}>{''.join(map(text, children))}</{name}>")


def joined(pieces, between=""):
    return Raw(text(between).join(map(text, pieces)))


def table(caption, head, rows, class_=None):
    """A table whose first column names its row. It scrolls alone where the page is too narrow, so
    it can be reached by keyboard; its caption stands above and stays."""
    top = element("tr", *(element("th", cell, scope="col") for cell in head))
    body = (element("tr", element("th", row[0], scope="row"),
                    *(element("td", cell) for cell in row[1:])) for row in rows)
    return joined([element("p", caption, class_="caption"),
                   element("div", element("table", element("thead", top),
                                          element("tbody", *body), class_=class_,
                                          aria_label=caption),
                           class_="scroll", tabindex="0", role="region", aria_label=caption)])


def folded(summary, *children, class_=None):
    return element("details", element("summary", summary), *children, class_=class_)


def link(title, href):
    """A link to a file that lies beside the page. What has a scheme or a host is shown as text:
    a result may come from anybody, and a page that opens without a network links to none."""
    parts = urllib.parse.urlsplit(href)
    if parts.scheme or parts.netloc or href.startswith("//"):
        return joined([title, f" ({href})"])
    return element("a", title, href=urllib.parse.quote(href, safe="/#?=&.,:@-_~%+"))


def identifier(*words):
    """An id that a link can name, from any words."""
    joined_words = "-".join(words).lower()
    return "".join(char if char.isascii() and char.isalnum() else "-" for char in joined_words)
