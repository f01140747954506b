"""The loader of templates: Django's own cached one, which gives the project's templates their functions."""

from django.template import Origin, Template
from django.template.loaders import cached, filesystem

from proj.site.templating.compiled import CompiledNodes


class Loader(cached.Loader):
    """Loads each template once. Those of the engine's own folders are compiled when they are first rendered."""

    def get_template(self, template_name: str, skip: list[Origin] | None = None) -> Template:
        template = super().get_template(template_name, skip)
        ours = type(template.origin.loader) is filesystem.Loader
        if ours and not isinstance(template.nodelist, CompiledNodes):
            template.nodelist = CompiledNodes(template.nodelist, str(template.name), self.engine)
        return template
