"""Writes the Python function of a template for the present language.

Blocks stand in the places of their parents', includes in the places of their tags; texts without values are translated
here, and neighbouring texts are joined. Names that the template itself sets become local variables. A template with a
node that has no method here is left to Django (NotCompilable).

Attributes of Django's nodes are undocumented. Tested with 5.2.19; tests/site/test_templating.py compares all pages with
Django's own rendering.
"""

from collections.abc import Callable, Iterable
from typing import Any

from django.template import defaulttags, loader_tags
from django.template.base import Node, TextNode, VariableNode
from django.template.context import Context
from django.template.engine import Engine
from django.template.library import SimpleNode
from django.templatetags import i18n
from django.templatetags.static import StaticNode
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext

from proj.site.templating import support
from proj.site.templating import variables_internals as variables
from proj.site.templating.code import Code, Names, NotCompilable

SUPPORT = (
    variables.look, variables.name, variables.needed, support.shown, support.filtered, support.items, support.unpacked,
    support.loop, support.worded, support.counted, support.token_field, support.stripped, support.current_app,
    support.address, support.address_of, support.perhaps, support.static_address, conditional_escape, mark_safe,
    SafeString,
)  # fmt: skip


Nodes = Iterable[Node]


def function(name: str, nodes: Nodes, engine: Engine) -> Callable[[Context], str]:
    """Return the function that renders a template in the present language. Raise NotCompilable."""
    writer = Writer(engine)
    writer.page(name, nodes)
    values: dict[str, Any] = (
        {each.__name__: each for each in SUPPORT} | writer.constants | {"MISSING": variables.MISSING}
    )
    exec(compile("\n".join(writer.text()), f"<{name} in {get_language()}>", "exec"), values)  # noqa: S102
    made: Callable[[Context], str] = values["render"]
    return made


def _set_by(node: Node) -> str | None:
    """Return the name that a node sets in the context, with `as` for most of them."""
    for attribute in ("asvar", "target_var", "varname", "variable"):
        if isinstance(found := getattr(node, attribute, None), str):
            return found
    return None


def _set_in(nodes: Nodes) -> Iterable[str]:
    """Yield the names that nodes set in their own scope."""
    for node in nodes:
        if (name := _set_by(node)) is not None:
            yield name
        if isinstance(node, defaulttags.IfNode):
            for _, branch in node.conditions_nodelists:
                yield from _set_in(branch)
        elif isinstance(node, defaulttags.SpacelessNode):
            yield from _set_in(node.nodelist)


class Writer(Code):
    """The lines of a template's function."""

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self._engine = engine
        self._blocks: dict[str, loader_tags.BlockNode] = {}
        self._templates: list[str] = []  # the page, and the includes that are being written
        self._included = 0  # the number of includes around the node that is being written

    def page(self, name: str, nodes: Nodes) -> None:
        """Write the function's body."""
        self._templates.append(name)
        nodes = list(nodes)
        while extends := [node for node in nodes if isinstance(node, loader_tags.ExtendsNode)]:
            self._blocks = extends[0].blocks | self._blocks
            parent: Any = extends[0].parent_name
            name = self._constant_text(parent)
            if name in self._templates or not isinstance(nodes[0], loader_tags.ExtendsNode | TextNode):
                raise NotCompilable(f"extends {name}")
            self._templates.append(name)
            nodes = [*(node for node in nodes if isinstance(node, TextNode)), *self._engine.get_template(name).nodelist]
        self._body(nodes)

    def _body(self, nodes: Nodes) -> None:
        """Write nodes in the innermost scope, with the names that they set."""
        nodes = list(nodes)
        for name in dict.fromkeys(_set_in(nodes)):
            outer = self._root(name)
            if name not in self._scopes[-1]:
                local = self._scopes[-1][name] = self._fresh("v")
                self._line(f"{local} = {outer}")
        self._nodes(nodes)
        self._flush()

    def _nodes(self, nodes: Nodes) -> None:
        for node in nodes:
            write = NODE_WRITERS.get(type(node))
            if write is None:
                raise NotCompilable(f"{type(node).__name__} has no method")
            write(self, node)

    def _scoped(self, names: Names, nodes: Nodes) -> None:
        self._flush()
        self._scopes.append(names)
        self._body(nodes)
        self._scopes.pop()

    def _branch(self, head: str, nodes: Nodes) -> None:
        """Write nodes below a line that ends with a colon."""
        self._line(head)
        self._depth += 1
        self._line("pass")
        self._nodes(nodes)
        self._flush()
        self._depth -= 1

    def text_node(self, node: Any) -> None:
        self._add_text(node.s)

    def variable(self, node: Any) -> None:
        expression = node.filter_expression
        if expression.filters or expression.is_var:
            self._add(f"shown({self._expression(expression)})")
        else:
            self._add_text(support.shown(expression.var))

    def nothing(self, _node: Any) -> None:
        """Write nothing: {% load %} and {% comment %}."""

    def block(self, node: Any) -> None:
        self._scoped({"block": ""}, self._blocks.get(node.name, node).nodelist)

    def if_(self, node: Any) -> None:
        branches = 0
        for condition, nodes in node.conditions_nodelists:
            if condition is None:
                self._nodes(nodes)
                break
            self._branch(f"if {self._condition(condition)}:", nodes)
            self._line("else:")
            self._depth += 1
            branches += 1
            self._line("pass")
        self._flush()
        self._depth -= branches

    def for_(self, node: Any) -> None:
        values, length, item, index = (self._fresh(letter) for letter in ("i", "n", "v", "k"))
        self._line(f"{values} = items({self._expression(node.sequence, 'None')})")
        self._line(f"{length} = len({values})")
        self._line(f"if {length} < 1:")
        self._depth += 1
        self._line("pass")
        self._scoped({}, node.nodelist_empty)
        self._depth -= 1
        self._line("else:")
        self._depth += 1
        several = len(node.loopvars) > 1
        names: Names = {} if several else {node.loopvars[0]: item}
        names["forloop"] = self._fresh("l")
        if not several:
            self._declare(names, node.nodelist_loop)
        order = f"reversed({values})" if node.is_reversed else values
        self._line(f"for {index}, {item} in enumerate({order}):")
        self._depth += 1
        self._line("pass")
        before = len(self._lines)
        if several:
            names |= {name: self._fresh("v") for name in node.loopvars}
            self._line(f"{', '.join(names[name] for name in node.loopvars)}, = unpacked({item}, {len(node.loopvars)})")
        self._scoped(names, node.nodelist_loop)
        if any(names["forloop"] in line for line in self._lines[before:]):
            self._lines.insert(before, "    " * self._depth + f"{names['forloop']} = loop({index}, {length})")
        self._depth -= 2

    def _declare(self, names: Names, nodes: Nodes) -> None:
        """Give the names that nodes set their variables before a loop: they keep their values between its turns."""
        for name in dict.fromkeys(_set_in(nodes)):
            if name not in names:
                outer = self._root(name)
                names[name] = self._fresh("v")
                self._line(f"{names[name]} = {outer}")

    def with_(self, node: Any) -> None:
        self._scoped(self._bound(node.extra_context), node.nodelist)

    def include(self, node: Any) -> None:
        name = loader_tags.construct_relative_path(node.origin.template_name, self._constant_text(node.template))
        nodes = list(self._engine.get_template(name).nodelist)
        if name in self._templates or node.isolated_context:
            raise NotCompilable(f"includes {name}")
        if any(isinstance(each, loader_tags.ExtendsNode) for each in nodes):
            raise NotCompilable(f"includes {name}, which extends another template")
        blocks, self._blocks = self._blocks, {}
        self._templates.append(name)
        self._included += 1
        self._scoped({"block": ""} | self._bound(node.extra_context), nodes)
        self._included -= 1
        self._templates.pop()
        self._blocks = blocks

    def spaceless(self, node: Any) -> None:
        start = self._fresh("s")
        self._line(f"{start} = len(out)")
        self._nodes(node.nodelist)
        self._line(f"out[{start}:] = (stripped(out[{start}:]),)")

    def csrf_token(self, _node: Any) -> None:
        self._add(f"token_field({self._root('csrf_token')})")

    def static(self, node: Any) -> None:
        code = f"static_address({self._constant_text(node.path)!r})"
        if node.varname is None:
            self._add(code)
        else:
            self._set(node.varname, f"mark_safe({code})")

    def url(self, node: Any) -> None:
        given = [repr(self._constant_text(node.view_name)), "app", *map(self._expression, node.args)]
        if node.kwargs:
            pairs = ", ".join(f"{key!r}: {self._expression(value)}" for key, value in node.kwargs.items())
            given.append(f"**{{{pairs}}}")
        find = "address_of" if len(given) > 2 else "address"
        if node.asvar is None:
            self._add(f"shown({find}({', '.join(given)}))")
        else:
            self._set(node.asvar, f"perhaps({find}, {', '.join(given)})")

    def simple_tag(self, node: Any) -> None:
        given = [*map(self._expression, node.args)]
        given += [f"{key}={self._expression(value)}" for key, value in node.kwargs.items()]
        if node.takes_context:
            if any(local for scope in self._scopes[1:] for local in scope.values()) or self._included:
                raise NotCompilable(f"{node.func.__name__} takes a context with more names")
            given.insert(0, "context")
        code = f"{self._constant(node.func)}({', '.join(given)})"
        if node.target_var is None:
            self._add(f"conditional_escape({code})")
        else:
            self._set(node.target_var, code)

    def current_language(self, node: Any) -> None:
        self._set(node.variable, repr(get_language()))

    def translate(self, node: Any) -> None:
        expression = node.filter_expression
        if expression.filters or getattr(expression.var, "lookups", None) is not None:
            raise NotCompilable(f"a translated variable: {expression}")
        if node.message_context is not None:
            self._constant_text(node.message_context)
        context = Context()
        text = node.render(context)
        if node.asvar is None:
            self._add_text(str(text))
        else:
            self._set(node.asvar, self._constant(context[node.asvar]))

    def block_translate(self, node: Any) -> None:
        if node.message_context is not None:
            raise NotCompilable("a text with a context")
        one, names = node.render_token_list(node.singular)
        values = {name: self._expression(value) for name, value in node.extra_context.items()}
        if node.plural and node.countervar and node.counter:
            if node.extra_context and node.counter.is_var and node.counter.var.lookups[0] in node.extra_context:
                raise NotCompilable("a number that is counted from another name of the same tag")
            many, more = node.render_token_list(node.plural)
            count = self._fresh("n")
            self._line(f"{count} = {self._expression(node.counter)}")
            text = f"counted({one!r}, {many!r}, {count})"
            names, values = names + more, values | {node.countervar: count}
        else:
            text = repr(str(gettext(one)))
        pairs = ", ".join(f"{name!r}: {values.get(name) or self._plain(name)}" for name in dict.fromkeys(names))
        code = f"worded({text}, {{{pairs}}})"
        if node.asvar is not None:
            self._set(node.asvar, f"SafeString({code})")
        elif not names and node.plural is None:
            self._add_text(gettext(one) % {})
        else:
            self._add(code)


NODE_WRITERS: dict[type[Node], Callable[[Writer, Any], None]] = {
    TextNode: Writer.text_node,
    VariableNode: Writer.variable,
    defaulttags.LoadNode: Writer.nothing,
    defaulttags.CommentNode: Writer.nothing,
    defaulttags.IfNode: Writer.if_,
    defaulttags.ForNode: Writer.for_,
    defaulttags.WithNode: Writer.with_,
    defaulttags.SpacelessNode: Writer.spaceless,
    defaulttags.CsrfTokenNode: Writer.csrf_token,
    defaulttags.URLNode: Writer.url,
    loader_tags.BlockNode: Writer.block,
    loader_tags.IncludeNode: Writer.include,
    SimpleNode: Writer.simple_tag,
    StaticNode: Writer.static,
    i18n.GetCurrentLanguageNode: Writer.current_language,
    i18n.TranslateNode: Writer.translate,
    i18n.BlockTranslateNode: Writer.block_translate,
}
