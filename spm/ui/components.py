"""Components: a template per file in templates/components, with its parameters declared in its first line.

The first line of a component is a comment of the form `{# name(required*, optional, other="default") - what it is for #}`.
A call with an unknown parameter, or without a required one, raises TemplateSyntaxError naming the component, the parameter and
those there are, so that a typing error is seen at the first rendering and not as a hole in the page.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.template import Context, TemplateSyntaxError
from django.template.base import Template
from django.template.loader import get_template
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

_HEADER = re.compile(r"^\{#\s*(?P<name>[a-z_]+)\((?P<params>.*?)\)\s*-\s*(?P<about>.*?)\s*#\}")
_PARAM = re.compile(r"""^(?P<name>[a-z_]+)(?P<required>\*)?(?:=(?P<default>"[^"]*"|\d+|True|False))?$""")
# Given to a component from the page around it, besides its own parameters.
_SHARED = ("request", "csrf_token", "tenant", "membership", "roles", "user", "LANGUAGE_CODE")
# Parameters that become HTML attributes of the component's main element: hx_get="..." is written hx-get="...".
_ATTRIBUTE = re.compile(r"^(hx|data|aria)_|^(id|name|form|value|target|rel|autofocus)$")


@dataclass(frozen=True)
class Parameter:
    """One parameter of a component. `default` is used when it is not given or given as None and not required."""

    name: str
    required: bool
    default: Any


@dataclass(frozen=True)
class Component:
    name: str
    about: str
    parameters: dict[str, Parameter]
    template: Template


def header_parse(source: str, *, path: str) -> tuple[str, str, dict[str, Parameter]]:
    """(name, purpose, parameters) from a component's first line; raises TemplateSyntaxError when there is none.

    >>> header_parse('{# stat(label*, tone="plain") - A figure. #}', path="x")[2]["tone"].default
    'plain'
    """
    match = _HEADER.match(source)
    if match is None:
        raise TemplateSyntaxError(f"{path}: the first line must declare the component, such as {{# stat(label*, value) - One figure. #}}")
    parameters = {}
    for text in filter(None, (part.strip() for part in match["params"].split(","))):
        param = _PARAM.match(text)
        if param is None:
            raise TemplateSyntaxError(f'{path}: {text!r} is not a parameter; write name, name* (required), name="default", name=1 or name=True.')
        raw = param["default"]
        default: Any = None
        if raw is not None:
            default = raw[1:-1] if raw.startswith('"') else {"True": True, "False": False}.get(raw, int(raw) if raw.isdigit() else None)
        parameters[param["name"]] = Parameter(param["name"], bool(param["required"]), default)
    return match["name"], match["about"], parameters


def component_load(name: str) -> Component:
    """The component of this name. Cached unless DEBUG."""
    return _load(name) if settings.DEBUG else _load_cached(name)


def _load(name: str) -> Component:
    path = f"components/{name}.html"
    template: Template = get_template(path).template  # type: ignore[attr-defined]
    declared, about, parameters = header_parse(template.source, path=path)
    if declared != name:
        raise TemplateSyntaxError(f"{path}: declares {declared!r}; the name must be the file's.")
    return Component(name, about, parameters, template)


_load_cached = lru_cache(maxsize=None)(_load)


def component_render(*, name: str, values: dict[str, Any], context: Context, slots: dict[str, SafeString] | None = None) -> SafeString:
    """Renders a component with its own parameters only: what the page calls things does not leak into it.

    `slots` are pieces of HTML already rendered, given by `{% uiblock %}`; they count as parameters.
    """
    component = component_load(name)
    given = {**values, **(slots or {})}
    attributes = {key: given.pop(key) for key in list(given) if key not in component.parameters and _ATTRIBUTE.match(key)}
    if attributes and "attrs" not in component.parameters:
        raise TemplateSyntaxError(f"Component {name!r} takes no HTML attributes: {', '.join(sorted(attributes))}.")
    unknown = sorted(set(given) - set(component.parameters))
    if unknown:
        raise TemplateSyntaxError(f"Component {name!r} has no parameter {', '.join(unknown)}. It has: {', '.join(component.parameters) or 'none'}.")
    missing = sorted(p.name for p in component.parameters.values() if p.required and p.name not in given)
    if missing:
        raise TemplateSyntaxError(f"Component {name!r} needs {', '.join(missing)}.")
    local = {p.name: p.default if given.get(p.name) is None and not p.required else given.get(p.name) for p in component.parameters.values()}
    if "attrs" in component.parameters:
        local["attrs"] = attributes_html({**(given.get("attrs") or {}), **attributes})
    inner = context.new({key: context[key] for key in _SHARED if key in context})
    inner.update(local)
    # The page's template engine state, which partials and i18n blocks read while rendering.
    inner.template = context.template
    return mark_safe(component.template.render(inner))  # noqa: S308 - a template's output, escaped by the engine


def attributes_html(attributes: dict[str, Any]) -> SafeString:
    """HTML attributes from a dict: True is the bare name, None and False are left out, underscores become hyphens.

    >>> attributes_html({"hx_get": "/x?a=1&b=2", "disabled": True, "title": None})
    ' hx-get="/x?a=1&amp;b=2" disabled'
    """
    parts = []
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        name = key.replace("_", "-")
        if name == "style" or name.startswith("on"):
            raise TemplateSyntaxError(f"The attribute {name!r} is forbidden by the content security policy; use a class or a module in spm/assets/js.")
        parts.append(f" {name}" if value is True else f' {name}="{conditional_escape(value)}"')
    return mark_safe("".join(parts))  # noqa: S308 - values escaped above
