"""Error responses of BigCommerce's API."""

from flask import Response, jsonify


class ApiError(Exception):
    """A rejected request; sent as an error body of the V2 API."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def v2_error(status: int, message: str) -> Response:
    response = jsonify([{"status": status, "message": message}])
    response.status_code = status
    return response


def v3_error(status: int, title: str) -> Response:
    """Return an error of the API gateway, which has the V3 format for every API version."""
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
