"""Translate and format for the reader's language.

The only module that imports Flask-Babel. Commands and logs are in English.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, tzinfo
from typing import cast

import flask_babel
from babel import Locale, lists, negotiate_locale
from babel.dates import format_datetime
from babel.numbers import format_decimal
from babel.support import NullTranslations
from flask import Flask, g, has_app_context
from flask_babel.speaklater import LazyString
from markupsafe import Markup, escape

SUPPORTED = ("en", "es", "fr", "de")  # all but English have a catalog in `translations`


def init_app(app: Flask, asked_for: Callable[[], Iterable[str]]) -> None:
    """Set up Flask-Babel; `asked_for` lists the current reader's languages, best first (BCP 47)."""
    # Not its Jinja integration, which treats translations as markup.
    flask_babel.Babel(
        app, configure_jinja=False, locale_selector=lambda: negotiate_language(asked_for())
    )
    app.jinja_env.globals.update(
        _=_gettext_in_page,
        ngettext=_ngettext_in_page,
        format_list=_format_list_in_page,
        language=language,
    )
    app.add_template_filter(number, "number")


def negotiate_language(asked_for: Iterable[str]) -> str:
    """Pick the first supported language ("de-AT" is German), English if there is none."""
    return (negotiate_locale(asked_for, SUPPORTED, sep="-") or SUPPORTED[0]).lower()


def language() -> str:
    return _locale().language


def gettext(message: str, **values: object) -> str:
    text = _catalogue().ugettext(message)
    return str(text % values if values else text)


def ngettext(singular: str, plural: str, count: int, **values: object) -> str:
    """Translate a plural; `%(num)s` is the formatted count."""
    chosen = _catalogue().ungettext(singular, plural, count)
    return str(chosen % {"num": number(count), **values})


def lazy_gettext(message: str) -> str:
    """Translate at each conversion to str, for module-level constants."""
    return cast(str, LazyString(gettext, message))


def format_list(items: Iterable[str]) -> str:
    """Join as in "a, b and c"."""
    # Babel's plain English puts a comma before the "and".
    locale = Locale("en", "GB") if language() == "en" else _locale()
    return lists.format_list([str(item) for item in items], locale=locale)


def number(value: int) -> str:
    return format_decimal(value, locale=_locale())


def date_and_time(moment: datetime, timezone: tzinfo) -> str:
    # Day first in English too, unlike Babel's default.
    skeletons = _locale().datetime_skeletons
    day = "d MMM y" if language() == "en" else skeletons["yMMMd"].pattern
    return format_datetime(moment, f"{day}, HH:mm", timezone, _locale())


def time_of_day(moment: datetime, timezone: tzinfo) -> str:
    return format_datetime(moment, "HH:mm", timezone, _locale())


def _catalogue() -> NullTranslations:
    """Return the reader's catalog, looked up once per request: a page has some sixty texts."""
    found: NullTranslations | None = g.get("catalogue") if has_app_context() else None
    if found is None:
        found = cast(NullTranslations, flask_babel.get_translations())
        if has_app_context():
            g.catalogue = found
    return found


def _locale() -> Locale:
    return flask_babel.get_locale() or Locale(SUPPORTED[0])


# Translations are plain text in templates, and so are their arguments unless marked as markup.


def _gettext_in_page(message: str, **values: object) -> str:
    text: str = _catalogue().ugettext(message)
    return escape(text) % values if values else text


def _ngettext_in_page(singular: str, plural: str, count: int, **values: object) -> Markup:
    chosen = _catalogue().ungettext(singular, plural, count)
    return escape(chosen) % {"num": number(count), **values}


def _format_list_in_page(items: Iterable[str]) -> Markup:
    return Markup(format_list(escape(item) for item in items))  # noqa: S704 - every item is escaped
