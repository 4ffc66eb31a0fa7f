"""Error responses of BigCommerce's API."""

from flask import Response, jsonify


class ApiError(Exception):
    """The request cannot be executed; becomes an error body as V2 endpoints have it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def v2_error(status: int, message: str) -> Response:
    response = jsonify([{"status": status, "message": message}])
    response.status_code = status
    return response


def v3_error(status: int, title: str) -> Response:
    """The gateway in front of the endpoints answers in the style of V3, whatever the version."""
    response = jsonify(
        {
            "status": status,
            "title": title,
            "type": "https://developer.bigcommerce.com/docs/start/about/status-codes",
            "errors": {},
        }
    )
    response.status_code = status
    return response
