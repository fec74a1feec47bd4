"""The catalogues of the interface's texts: compiling them, and what is missing from them.

Compiling needs Babel alone, so a bare machine speaks every language; extracting new texts needs xgettext (GNU gettext).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog

ROOT = Path(__file__).resolve().parents[2]
LOCALE = ROOT / "spm" / "locale"
LANGUAGES = ("ru",)  # English is the source
DOMAINS = {"django": ["html", "txt", "py"], "djangojs": ["js"]}
# Folders that hold no texts of ours. Tests and the gallery's samples are not shown to people.
IGNORED = ["node_modules/*", ".venv/*", ".data/*", "spm/assets/dist/*", "tests/*", "docs/*"]


class GettextMissing(RuntimeError):
    """xgettext, msgmerge or msguniq of GNU gettext is not on the machine."""


def _po(root: Path, language: str, domain: str) -> Path:
    return root / "spm" / "locale" / language / "LC_MESSAGES" / f"{domain}.po"


def catalogue_read(path: Path) -> Catalog:
    """A .po file; raises FileNotFoundError when there is none."""
    from babel.messages.pofile import read_po  # every process starts with this module; Babel's parser only when it works

    with path.open("rb") as handle:
        return read_po(handle)


def catalogues_stale() -> list[Path]:
    """The .po files that have no .mo or an older one."""
    found = sorted(LOCALE.glob("*/LC_MESSAGES/*.po"))
    return [po for po in found if not po.with_suffix(".mo").exists() or po.with_suffix(".mo").stat().st_mtime < po.stat().st_mtime]


def catalogues_compile(*, force: bool = False) -> list[Path]:
    """Writes the .mo of every catalogue that is newer than its .mo, atomically; returns those written."""
    from babel.messages.mofile import write_mo

    written = []
    for po in sorted(LOCALE.glob("*/LC_MESSAGES/*.po")) if force else catalogues_stale():
        mo = po.with_suffix(".mo")
        catalogue = catalogue_read(po)
        handle, name = tempfile.mkstemp(dir=mo.parent, suffix=".mo.new")
        with os.fdopen(handle, "wb") as target:
            write_mo(target, catalogue)
        Path(name).chmod(0o644)
        Path(name).replace(mo)
        written.append(mo)
    return written


def catalogues_update(root: Path = ROOT, *, keep_obsolete: bool = False) -> None:
    """Takes new texts into the .po files under `root` and drops those no longer used, unless they are to be kept. Raises GettextMissing, CalledProcessError."""
    missing = [name for name in ("xgettext", "msgmerge", "msguniq", "msgattrib") if shutil.which(name) is None]
    if missing:
        raise GettextMissing(f"{', '.join(missing)} not found: texts cannot be extracted. Install GNU gettext (the package is called gettext).")
    environment = {**os.environ, "SPM_NO_DATABASE": "1", "DJANGO_SETTINGS_MODULE": "spm.settings", "PYTHONPATH": str(root)}
    for domain, extensions in DOMAINS.items():
        command = [sys.executable, "manage.py", "makemessages", "--domain", domain, "--no-location", "--no-wrap", "--verbosity", "0"]
        if not keep_obsolete:
            command.append("--no-obsolete")
        for language in LANGUAGES:
            command += ["--locale", language]
        for extension in extensions:
            command += ["--extension", extension]
        for pattern in IGNORED:
            command += ["--ignore", pattern]
        subprocess.run(command, cwd=root, env=environment, check=True, capture_output=True, text=True)  # noqa: S603
    for po in (_po(root, language, domain) for language in LANGUAGES for domain in DOMAINS):
        # The time of extraction would make every two branches collide.
        lines = [line for line in po.read_text(encoding="utf-8").splitlines(keepends=True) if not line.startswith('"POT-Creation-Date')]
        po.write_text("".join(lines), encoding="utf-8")


def catalogue_problems(path: Path) -> list[str]:
    """What is wrong in one .po file: texts without translation, fuzzy or obsolete ones, plural forms left out, placeholders lost."""
    catalogue = catalogue_read(path)
    where = f"{path.parent.parent.name}/{path.name}"
    problems = []
    for message in catalogue:
        if not message.id:
            continue
        key = message.id[0] if isinstance(message.id, tuple) else message.id
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        if "no-python-format" in message.flags:  # Babel takes "5% or" for a placeholder, whatever the source says of it
            message.flags.discard("python-format")
        if message.fuzzy:
            problems.append(f"{where}: fuzzy: {key!r}")
        if not all(strings):
            problems.append(f"{where}: untranslated: {key!r}")
        else:
            problems += [f"{where}: {error}: {key!r}" for error in message.check(catalogue)]
    problems += [f"{where}: obsolete: {key!r}" for key in catalogue.obsolete]
    return problems


def translations_problems(root: Path = ROOT) -> list[str]:
    """Every text in templates, Python and scripts under `root` that a language lacks, and every one that is no longer used.

    Works on a copy: the checkout is not touched. Raises GettextMissing.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        ignore = shutil.ignore_patterns(
            "node_modules", ".venv", ".data", ".git", "dist", "__pycache__", "*.mo", "static", "media", ".mypy_cache", ".ruff_cache"
        )
        shutil.copytree(root, copy, ignore=ignore)
        catalogues_update(copy, keep_obsolete=True)
        return [problem for language in LANGUAGES for domain in DOMAINS for problem in catalogue_problems(_po(copy, language, domain))]
