"""What is built once per process, and how a request reaches it."""

from dataclasses import dataclass

import requests
from flask import Flask, current_app, g
from pydantic import SecretStr
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from bcapp import database
from bcapp.bigcommerce import transport
from bcapp.bigcommerce.store_api import StoreApi
from bcapp.config import Config
from bcapp.models import Store
from bcapp.session_token import SessionTokens
from bcapp.stores import TOKEN_PLACE, NotInstalled
from bcapp.vault import Vault

_EXTENSION = "bcapp"


@dataclass(frozen=True)
class Runtime:
    config: Config
    vault: Vault
    session_tokens: SessionTokens
    engine: Engine
    sessions: sessionmaker[Session]
    http: requests.Session


def init_app(app: Flask, config: Config) -> None:
    engine = database.open_engine(config.database_url)
    app.extensions[_EXTENSION] = Runtime(
        config=config,
        vault=Vault(config.encryption_keys),
        session_tokens=SessionTokens(config.session_keys),
        engine=engine,
        sessions=database.session_factory(engine),
        http=transport.new_session(),
    )
    app.teardown_appcontext(_close_db)


def runtime() -> Runtime:
    built: Runtime = current_app.extensions[_EXTENSION]
    return built


def config() -> Config:
    return runtime().config


def db() -> Session:
    """The request's database session: opened on first use, closed when the request ends."""
    if "db" not in g:
        g.db = runtime().sessions()
    session: Session = g.db
    return session


def store_api(store: Store) -> StoreApi:
    """BigCommerce's API as one store; its time budget starts now.

    Raises NotInstalled, or vault.Unopenable when the stored token cannot be read.
    """
    if store.sealed_access_token is None:
        raise NotInstalled
    token = runtime().vault.open(TOKEN_PLACE, store.store_hash, store.sealed_access_token)
    return api_with(store.store_hash, token)


def api_with(store_hash: str, access_token: SecretStr) -> StoreApi:
    built = runtime()
    return StoreApi(
        built.http,
        built.config.bigcommerce_api_url,
        store_hash,
        access_token,
        built.config.bigcommerce_time_budget,
    )


def _close_db(_error: BaseException | None) -> None:
    session = g.pop("db", None)
    if session is not None:
        session.close()
