"""Makes ``deployment.zip`` and the template with ``chalice package``; skips the work when no source changed.

The sources are copied to a folder of their own first, so that a build never sees half an edit, and Chalice's caches
stay out of the tree. Installs the pinned requirements through pip, into the zip only.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from chalice.deploy.packager import DependencyBuilder, LambdaDeploymentPackager
from chalice.utils import UI, OSUtils

from infra.slim import slim

ROOT = Path(__file__).parents[1]
LARGEST_ZIP_BYTES = 40 * 1024 * 1024
_COPIED = ("app.py", "chalicelib", ".chalice", "requirements.txt")


class CannotPackage(Exception):
    """Chalice or pip failed, or the zip is too large; the text holds what they said."""


@dataclass(frozen=True)
class Package:
    """A finished build: the template (YAML, CodeUri ``./deployment.zip``), the zip, and a digest of all sources."""

    template: Path
    zip: Path
    digest: str


def package(project: Path = ROOT, *, out: Path | None = None, resources: Path | None = None) -> Package:
    """Builds ``project`` into ``out`` (default ``.local/build/out`` below it), or finds that it is already built.

    ``resources`` is merged over Chalice's template (default: infra/resources.yaml). Raises CannotPackage.
    """
    out = out or project / ".local" / "build" / "out"
    resources = resources or ROOT / "infra" / "resources.yaml"
    work = out.parent
    work.mkdir(parents=True, exist_ok=True)
    with _alone(work / "lock"):
        digest = _digest(project, resources)
        built = Package(out / "sam.yaml", out / "deployment.zip", digest)
        stamp = out / "digest"
        if not (stamp.exists() and stamp.read_text() == digest and built.zip.exists() and built.template.exists()):
            shutil.rmtree(out, ignore_errors=True)
            _copy(project, work / "source")
            _reuse_dependencies(work)
            _chalice(work / "source", resources, out)
            slim(built.zip)
            _keep_dependencies(work, built.zip)
            stamp.write_text(digest)
        size = built.zip.stat().st_size
        if size > LARGEST_ZIP_BYTES:
            raise CannotPackage(f"deployment.zip is {size / 1e6:.1f} MB, more than {LARGEST_ZIP_BYTES / 1e6:.1f} MB.")
        return built


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _sources(project: Path) -> Iterator[Path]:
    for name in _COPIED:
        path = project / name
        if path.is_dir():
            yield from sorted(p for p in path.rglob("*") if p.is_file() and _counts(p.relative_to(project)))
        elif path.exists():
            yield path


def _counts(path: Path) -> bool:
    return "__pycache__" not in path.parts and path.parts[:2] not in {
        (".chalice", "deployments"),
        (".chalice", "deployed"),
    }


def _digest(project: Path, resources: Path) -> str:
    running = hashlib.sha256(sys.version.encode())
    for tool in (resources, Path(__file__), Path(__file__).with_name("slim.py")):
        running.update(tool.read_bytes())
    for path in _sources(project):
        running.update(str(path.relative_to(project)).encode() + b"\0")
        running.update(hashlib.sha256(path.read_bytes()).digest())
    return running.hexdigest()


def _copy(project: Path, source: Path) -> None:
    shutil.rmtree(source, ignore_errors=True)
    for path in _sources(project):
        target = source / path.relative_to(project)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)


def _chalice(source: Path, resources: Path, out: Path) -> None:
    command = [sys.executable, "-c", "from chalice.cli import main; main()", "package", "--stage", "local"]
    done = subprocess.run(
        [*command, "--merge-template", str(resources), str(out)],
        cwd=source,
        env={**os.environ, "AWS_DEFAULT_REGION": os.environ.get("AWS_DEFAULT_REGION", "us-east-1")},
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    # Chalice goes on without a dependency it could not install, and ends with success (aws.md section 2).
    if done.returncode or "Could not install dependencies" in said:
        raise CannotPackage(f"chalice package failed:\n{said.strip()[-4000:]}")


def _dependencies(work: Path) -> Path:
    """One cache for all projects on this machine's checkout: tests package small ones with the same requirements."""
    pins = hashlib.sha256(sys.version.encode() + (work / "source" / "requirements.txt").read_bytes()).hexdigest()
    return ROOT / ".local" / "build" / f"dependencies-{pins[:16]}.zip"


def _reuse_dependencies(work: Path) -> None:
    """Puts an earlier zip with today's code where Chalice looks for a cached one: two seconds instead of ten."""
    kept = _dependencies(work)
    if not kept.exists():
        return
    source, osutils, quiet = work / "source", OSUtils(), UI(out=StringIO(), err=StringIO())
    packager = LambdaDeploymentPackager(osutils, DependencyBuilder(osutils), quiet)
    runtime = f"python{sys.version_info.major}.{sys.version_info.minor}"
    cached = Path(packager.deployment_package_filename(str(source), runtime))
    cached.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(kept, cached)
    packager.inject_latest_app(str(cached), str(source))


def _keep_dependencies(work: Path, built: Path) -> None:
    kept = _dependencies(work)
    if not kept.exists():
        for old in kept.parent.glob("dependencies-*.zip"):
            old.unlink()
        kept.parent.mkdir(parents=True, exist_ok=True)
        part = kept.with_suffix(f".{os.getpid()}")
        shutil.copyfile(built, part)
        part.replace(kept)


def main() -> int:
    """``make package``: builds and says where it lies and how large it is."""
    try:
        built = package()
    except CannotPackage as why:
        print(why, file=sys.stderr)
        return 1
    print(
        f"{built.template.relative_to(ROOT)} and {built.zip.relative_to(ROOT)}, {built.zip.stat().st_size / 1e6:.1f} MB"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
