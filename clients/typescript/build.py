"""Build: writes the types of the schema, checks the client's own and bundles it.

`python -m clients.typescript.build FOLDER` writes elsewhere than into `dist`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tools.frontends import NodeFailed, install_packages, run_script

HERE = Path(__file__).parent


def build_client(target: Path) -> str:
    """Write modules and declarations into a folder, and return the lines about their size. Raises NodeFailed."""
    install_packages(HERE)
    run_script(HERE, "node_modules/typescript/bin/tsc", "--outDir", str(target))
    return run_script(HERE, "build.mjs", str(target))


if __name__ == "__main__":
    try:
        install_packages(HERE)
        run_script(HERE, "generate.mjs")
        print(build_client(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else HERE / "dist"), end="")
    except NodeFailed as failed:
        sys.exit(str(failed))
