"""Build the Flask app from a configuration."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Flask, Response, g, request
from jinja2 import StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix

from bcapp import cli, database, language, logs, runtime
from bcapp.carriers.fields import mid_sentence
from bcapp.config import Config
from bcapp.language import gettext as _
from bcapp.views import (
    activity,
    callbacks,
    carriers,
    custom_carriers,
    errors,
    health,
    request_context,
    session,
    static_files,
    zones,
)

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

APP_NAME = "Carrier connections"
APP_VERSION = "1.0"
MAX_REQUEST_BYTES = 256 * 1024


def create_app(config: Config) -> Flask:
    app = Flask("bcapp", template_folder=str(database.CHECKOUT / "templates"))
    app.config["MAX_CONTENT_LENGTH"] = MAX_REQUEST_BYTES
    app.config["MAX_FORM_MEMORY_SIZE"] = MAX_REQUEST_BYTES
    app.jinja_env.undefined = StrictUndefined
    # Cached: a URL depends only on its arguments, since every request comes to APP_URL.
    app.jinja_env.globals["url_for"] = lru_cache(1024)(app.url_for)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True

    logs.configure(config.log_level)
    logs.init_app(app)
    runtime.init_app(app, config)
    health.init_app(app)
    language.init_app(app, request_context.languages)
    static_files.init_app(app)
    app.before_request(session.require_embedded_session)
    for views in (callbacks, health, carriers, custom_carriers, zones, activity):
        app.register_blueprint(views.bp)
    errors.init_app(app)
    cli.init_app(app)

    app.after_request(session.renew)
    app.after_request(_security_headers(config))
    app.context_processor(lambda: _page_context(config))
    app.add_template_filter(mid_sentence)
    app.add_template_filter(_when, "when")
    app.add_template_filter(_clock, "clock")
    app.add_template_filter(_utc, "utc")
    app.add_template_test(_is_today, "today")
    app.wsgi_app = _at_our_address(app.wsgi_app, config)  # type: ignore[method-assign, assignment]
    if config.trusted_proxies:
        # Only the client address is taken from proxies; our own URL is APP_URL.
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=config.trusted_proxies, x_proto=0, x_host=0
        )
    return app


def _at_our_address(wsgi_app: "WSGIApplication", config: Config) -> "WSGIApplication":
    """Set host and scheme of every request to those of APP_URL, whatever the client sent."""
    ours = urlsplit(config.app_url)

    def at_our_address(
        environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        environ["HTTP_HOST"], environ["wsgi.url_scheme"] = ours.netloc, ours.scheme
        return wsgi_app(environ, start_response)

    return at_our_address


def _page_context(config: Config) -> dict[str, Any]:
    return {
        "app_name": APP_NAME,
        "app_version": APP_VERSION,
        "help_url": config.help_url,
        "support_url": config.support_url,
        "session_token": session.session_token(),
        "session_seconds": session.session_seconds(),
        "page_path": g.get("page_path"),
        "app_sdk": config.bigcommerce_sdk_url,
        "notice": None,
        "reading_zones": _("Reading your zones from BigCommerce…"),
    }


def _security_headers(config: Config) -> Callable[[Response], Response]:
    sources = {
        "default-src": "'none'",
        "script-src": " ".join(filter(None, ("'self'", config.sdk_origin))),
        **dict.fromkeys(
            ("style-src", "img-src", "font-src", "connect-src", "form-action"), "'self'"
        ),
        "base-uri": "'none'",
        # No X-Frame-Options beside it: that header cannot list origins.
        "frame-ancestors": " ".join(config.bigcommerce_frame_ancestors),
    }
    policy = "; ".join(f"{name} {allowed}" for name, allowed in sources.items())

    def add(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = policy
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Content-Type-Options"] = "nosniff"
        if request.endpoint != "static" or response.status_code >= 400:
            response.headers["Cache-Control"] = "no-store"
        if config.is_https:
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
        return response

    return add


def _when(moment: datetime) -> str:
    return language.date_and_time(moment, request_context.timezone())


def _clock(moment: datetime) -> str:
    return language.time_of_day(moment, request_context.timezone())


def _is_today(moment: datetime) -> bool:
    zone = request_context.timezone()
    return moment.astimezone(zone).date() == datetime.now(zone).date()


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
