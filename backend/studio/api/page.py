"""The built page, served from its folder; a message in its place when it has not been built."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response
from starlette.routing import compile_path
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

NOT_BUILT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>GPFF Studio</title>
<body style="font: 1rem/1.5 system-ui; max-width: 40rem; margin: 4rem auto; padding: 0 1rem">
<h1>The page has not been built</h1>
<p>The service is running, but <code>frontend/dist</code> has no <code>index.html</code>. Run
<code>make setup</code>, or <code>npm run build</code> in <code>frontend/</code>, and reload.</p>
<p>Meanwhile <a href="/docs">the REST interface</a> works.</p>
"""

ROOT = (".", "index.html")
"""The page itself, as Starlette names paths in a folder."""


class Page(StaticFiles):
    """Files of `folder`. The page has one path, the root: what it shows stands behind the ``#``.

    `interface`: the methods of each path of the REST interface, such as ``/jobs/{id}``. They arrive here with a method
    that they do not have.
    """

    def __init__(self, folder: Path, interface: Mapping[str, Iterable[str]]) -> None:
        super().__init__(directory=folder, check_dir=False, html=True)
        self._index = folder / "index.html"
        self._taken = [(compile_path(path)[0], sorted(methods)) for path, methods in interface.items()]

    async def check_config(self) -> None:
        """Nothing to check: the folder appears when the page is built, and the service may run before."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        allowed = next((methods for pattern, methods in self._taken if pattern.match(f"/{path}")), None)
        methods = ["GET", "HEAD"] if allowed is None else allowed
        if scope["method"] not in methods:
            raise HTTPException(405, headers={"Allow": ", ".join(methods)})
        if allowed is not None:
            raise HTTPException(404)
        if path in ROOT and not self._index.is_file():
            return HTMLResponse(NOT_BUILT, 503)
        response = await super().get_response(path, scope)
        # Vite names assets by their content; everything else may change with the next build.
        lasting = path.startswith("assets/")
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if lasting else "no-cache"
        return response
