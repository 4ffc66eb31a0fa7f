"""Installs counted in Redis for several processes, and while Redis is down."""

import pytest
from flask import Flask
from pydantic import SecretStr

from bcapp.config import Config
from bcapp.factory import create_app
from sandbox.world import World
from tests.conftest import close
from tests.merchant import Browser
from tests.served import free_port

pytestmark = pytest.mark.settings(INSTALL_LIMIT_PER_STORE="2/minute")


def app_with(config: Config, storage_url: str) -> Flask:
    return create_app(config.model_copy(update={"rate_limit_storage_url": SecretStr(storage_url)}))


def statuses(world: World, *apps: Flask) -> list[int]:
    """Of one install of the same store through each."""
    return [Browser(app, world, "harbour1", "owner").install().status_code for app in apps]


def test_two_instances_count_together_in_redis(config: Config, world: World, redis: str) -> None:
    first, second = app_with(config, redis), app_with(config, redis)

    answered = statuses(world, first, second, first, second)

    assert answered == [200, 200, 429, 429]
    close(first)
    close(second)


def test_each_instance_counts_itself_while_redis_is_down(
    config: Config, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    nobody = f"redis://127.0.0.1:{free_port()}"
    first, second = app_with(config, nobody), app_with(config, nobody)

    answered = statuses(world, first, first, second, first)

    assert answered == [200, 200, 200, 429]
    assert "install_limit_not_shared" in capsys.readouterr().out
    close(first)
    close(second)
