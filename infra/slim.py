"""Makes the zip that Chalice built smaller and quicker to start, without touching what the program can import.

Taken out: what only Chalice's command line needs, and botocore's models of services that the program does not call.
Put in: compiled modules, so that a cold start does not compile some hundred files first; they fit the runtime that
the template names, as Chalice packages for the Python that it runs on.
"""

from __future__ import annotations

import importlib.util
import py_compile
import tempfile
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

# Installed because the package `chalice` asks for them; its runtime part (chalice/app.py) imports none of them.
_COMMAND_LINE = frozenset(
    ("blessed", "bin", "click", "_distutils_hack", "inquirer", "jinxed", "pip", "pkg_resources", "readchar", "runs",
     "editor", "setuptools", "wcwidth", "wheel", "xmod", "yaml", "_yaml", "distutils-precedence.pth", "ansicon")
)  # fmt: skip
# The services that the program calls (infra/resources.yaml), and those that botocore itself may call for credentials.
SERVICES = frozenset(("dynamodb", "kms", "lambda", "secretsmanager", "sesv2", "sns", "sqs", "sso", "sso-oidc", "sts"))
_SAME_TIME = (1980, 1, 1, 0, 0, 0)  # the same sources make the same zip


def slim(path: Path) -> None:
    """Rewrites the zip at ``path`` in place. Our own modules keep their source beside them, for readable tracebacks;
    others' are there compiled only, as unpacking thousands of files is most of a cold start on one machine.
    """
    part = path.with_suffix(".part")
    with ZipFile(path) as old, ZipFile(part, "w", ZIP_DEFLATED, compresslevel=6) as new:
        for name in sorted(old.namelist()):
            if _dropped(name):
                continue
            content = old.read(name)
            code = _compile(content, name) if name.endswith(".py") else b""
            if not code or _is_ours(name):
                new.writestr(_info(name), content)
            if code:
                new.writestr(_info(importlib.util.cache_from_source(name) if _is_ours(name) else name + "c"), code)
    part.replace(path)


def _info(name: str) -> ZipInfo:
    info = ZipInfo(name, _SAME_TIME)
    info.compress_type = ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    return info


def _dropped(name: str) -> bool:
    parts = name.split("/")
    if name.endswith("/") or parts[0] in _COMMAND_LINE or name.startswith("botocore/.changes"):
        return True
    if "__pycache__" in parts or name.endswith((".pyi", "/py.typed")):
        return True  # compiled from what may have changed since, or for type checkers only
    if parts[0].endswith((".dist-info", ".egg-info")):
        # Some packages ask for their own version at run time, which is in METADATA.
        return parts[-1] != "METADATA"
    return parts[:2] == ["botocore", "data"] and len(parts) > 3 and parts[2] not in SERVICES


def _is_ours(name: str) -> bool:
    return name == "app.py" or name.startswith(("chalicelib/", "chalice/"))


def _compile(content: bytes, name: str) -> bytes:
    """The module compiled, never checked against its source: a zip does not change. Empty where it is no module."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "m.py"), Path(folder, "m.pyc")
        source.write_bytes(content)
        try:
            py_compile.compile(
                str(source),
                str(target),
                dfile=name,
                doraise=True,
                invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
            )
        except py_compile.PyCompileError:
            return b""  # a template of source code, as some packages carry
        return target.read_bytes()
