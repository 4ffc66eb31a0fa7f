"""Create the sandbox's Flask app: OAuth, API and control panel under one URL."""

import jinja2
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from sandbox.api import api
from sandbox.errors import v2_error
from sandbox.middleware import SandboxMiddleware, endpoint_for
from sandbox.oauth import oauth
from sandbox.panel import panel
from sandbox.panel_controls import panel_controls
from sandbox.world import World


def create_sandbox(world: World) -> Flask:
    app = Flask(__name__)
    app.jinja_env.undefined = jinja2.StrictUndefined
    app.extensions["sandbox.world"] = world
    for blueprint in (oauth, api, panel, panel_controls):
        app.register_blueprint(blueprint)
    app.register_error_handler(HTTPException, _handle_http_error)
    app.wsgi_app = SandboxMiddleware(app.wsgi_app, world)  # type: ignore[method-assign]
    return app


def _handle_http_error(error: HTTPException) -> Response | HTTPException:
    """Return 404 and 405 of the API in the V2 error format and keep the Allow header."""
    if endpoint_for(request.path) in (None, "token", "install_result"):
        return error
    response = v2_error(error.code or 500, error.name)
    headers = error.get_response().headers
    if "Allow" in headers:
        response.headers["Allow"] = headers["Allow"]
    return response
