"""The routes of the local Slack."""

from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket

from sandbox.slack import responding
from sandbox.slack.apps import act_as
from sandbox.slack.controlapi import endpoint as control
from sandbox.slack.webapi import endpoint as webapi
from sandbox.slack.webapi import files
from sandbox.slack.workspace import Workspace

PAGE = Path(__file__).parent / "page" / "dist"
_NO_PAGE = "The page is not built. Run `make page`, then reload."


def build_app(ws: Workspace) -> Starlette:
    async def api(request: Request) -> Response:
        return await webapi.call(ws, request)

    async def link(socket: WebSocket) -> None:
        act_as(ws.world.apps.find(socket.query_params.get("app_id", "")) or ws.world.app)
        broken = await ws.sockets.serve(socket, ws.world.app.id, ws.settings.max_connections)
        if broken:
            ws.violations.record(broken, f"more than {ws.settings.max_connections} connections")
        ws.changes.note()

    async def response_url(request: Request) -> Response:
        return await _respond(ws, request)

    async def upload(request: Request) -> Response:
        status, words = files.receive(ws, request.path_params["file_id"], await request.body())
        return PlainTextResponse(words, status_code=status)

    async def download(request: Request) -> Response:
        return _file(ws, request)

    async def by_id(request: Request) -> Response:
        return _content(ws, request.path_params["file_id"])

    async def act(request: Request) -> Response:
        return await control.act(ws, request)

    async def live(_request: Request) -> Response:
        return await control.stream(ws)

    routes: list[BaseRoute] = [
        Route("/api/{method}", api, methods=["GET", "POST"]),
        WebSocketRoute("/link/", link),
        *(
            Route(f"/{kind}/{{rest:path}}", response_url, methods=["POST"])
            for kind in ("commands", "actions", "app")
        ),
        Route("/upload/v1/{file_id}", upload, methods=["POST"]),
        Route("/files-pri/{file}/{name}", download),
        Route("/sandbox/live", live),
        Route("/sandbox/file/{file_id}", by_id),
        Route("/sandbox/{name}", act, methods=["GET", "POST"]),
        *_page_routes(),
    ]
    return Starlette(routes=routes)


async def _respond(ws: Workspace, request: Request) -> Response:
    fault = ws.faults.take("response_url")
    if fault is not None and not fault.after_apply:
        return await webapi.misbehave(request, fault)
    try:
        values = await request.json()
    except ValueError:
        values = None
    if not isinstance(values, dict):
        return PlainTextResponse("invalid_payload", status_code=400)
    status, words = responding.use(ws, request.url.path, values)
    if fault is not None:
        return await webapi.misbehave(request, fault)
    if status != 200:
        return JSONResponse({"ok": False, "error": words}, status_code=status)
    return PlainTextResponse(words)


def _file(ws: Workspace, request: Request) -> Response:
    return _content(ws, request.path_params["file"].partition("-")[2])


def _content(ws: Workspace, file_id: str) -> Response:
    file = ws.world.files.get(file_id)
    if file is None or not file.uploaded:
        return PlainTextResponse("no such file", status_code=404)
    return Response(file.content, media_type=file.mimetype)


def _page_routes() -> list[BaseRoute]:
    async def index(_request: Request) -> Response:
        built = PAGE / "index.html"
        if not built.exists():
            return PlainTextResponse(_NO_PAGE, status_code=503)
        return FileResponse(built, headers={"Cache-Control": "no-store"})

    assets = StaticFiles(directory=PAGE / "assets", check_dir=False)
    return [Route("/", index), Route("/archives/{rest:path}", index), Mount("/assets", assets)]
