"""PDF from a Typst template and data: tagged (PDF/UA-1), with the product's own fonts, the same bytes for the same input.

The data goes in as JSON and stays data: no text in it is read as markup. Fonts are whole faces of Inter with Latin, Cyrillic
and Greek; the machine's fonts are not looked at, so that a document does not differ from machine to machine.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FONTS = Path(__file__).with_name("fonts")
FONT = "Inter"
# A compiler may not be shared between threads; making one reads the fonts, so each thread keeps its own.
_own = threading.local()


def pdf_render(*, template: Path, data: Mapping[str, Any]) -> bytes:
    """The document that `template` makes of `data` (its `sys.inputs.data`, JSON text). Raises typst.TypstError where the
    template does not compile: a fault of the product, not of the data."""
    import typst  # heavy: loaded by the first document, never by the start of the web process

    compiler = getattr(_own, "compiler", None)
    if compiler is None:
        compiler = _own.compiler = typst.Compiler(font_paths=[str(FONTS)], ignore_system_fonts=True)
    text = json.dumps({"font": FONT, **data}, ensure_ascii=False, sort_keys=True)
    made = compiler.compile(input=str(template), root=str(template.parent), format="pdf", sys_inputs={"data": text}, pdf_standards=["ua-1"])
    assert isinstance(made, bytes)
    return made
