"""The nodes of a template with the functions that render them, one for each language."""

import logging
from collections.abc import Callable

from django.template.base import Node, NodeList
from django.template.context import Context
from django.template.engine import Engine
from django.template.loader_tags import BLOCK_CONTEXT_KEY
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from proj.site.templating import source
from proj.site.templating.code import NotCompilable
from proj.site.templating.support import Unsuitable

logger = logging.getLogger(__name__)

Function = Callable[[Context], str]


class CompiledNodes(NodeList):
    """The nodes of a template as Django parsed them. Its rendering uses a function where there is one."""

    def __init__(self, nodes: list[Node], name: str, engine: Engine) -> None:
        super().__init__(nodes)
        self._name, self._engine = name, engine
        self._functions: dict[str | None, Function | None] = {}  # by language; None where Django renders

    def render(self, context: Context) -> SafeString:
        function = self.function() if self._suits(context) else None
        if function is None:
            return super().render(context)
        try:
            return SafeString(function(context))
        except Unsuitable:
            return super().render(context)
        except Exception:
            if self._engine.debug:
                super().render(context)  # which raises the same error, with its place for the error page
            raise

    def function(self) -> Function | None:
        """Return the function for the present language; None when only Django can render this template."""
        language = get_language()
        if language not in self._functions:
            # Two threads may do this at once: the functions are equal, and the last one stays.
            try:
                self._functions[language] = source.function(self._name, self, self._engine)
            except NotCompilable as error:
                logger.debug("Django renders %s: %s", self._name, error)
                self._functions[language] = None
        return self._functions[language]

    def _suits(self, context: Context) -> bool:
        """Return whether the rendering is a usual one, and no template extends this one with blocks of its own."""
        usual = context.autoescape and context.use_tz is None and context.use_l10n is None
        return usual and not self._engine.string_if_invalid and BLOCK_CONTEXT_KEY not in context.render_context
