"""What is deployed: the size of the zip and the memory of the Lambdas, read from the package itself."""

from __future__ import annotations

import re

from infra.package import package
from tests.bench.figures import Figure

ZIP_MB = 40.0


def figures() -> list[Figure]:
    """Builds the package first, unless its sources are the same as of the one built last."""
    built = package()
    megabytes = round(built.zip.stat().st_size / 1_000_000, 2)
    sizes = sorted({int(n) for n in re.findall(r"MemorySize:\s*(\d+)", built.template.read_text())})
    assert sizes, "no Lambda in the template"
    return [
        Figure("deployment_zip_mb", megabytes, ZIP_MB, what="of `chalice package`, slimmed, in 1,000,000 bytes"),
        Figure("lambda_memory_mb", max(sizes), 512, what=f"the largest of {len(sizes)} setting(s) in the template"),
    ]
