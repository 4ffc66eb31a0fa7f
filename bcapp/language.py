"""The language of whoever reads a page: its words, lists, numbers and dates.

The only module that knows Flask-Babel. Where nobody reads, in a command or a log, all is English.
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

SUPPORTED = ("en", "es", "fr", "de")  # the others have a catalogue in `translations`


def init_app(app: Flask, asked_for: Callable[[], Iterable[str]]) -> None:
    """`asked_for` names the languages of the current reader, best first, as BCP 47 does."""
    # Without its Jinja part, which takes translations for markup.
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
    """The first that we speak: "de-AT" is German; English when there is none."""
    return (negotiate_locale(asked_for, SUPPORTED, sep="-") or SUPPORTED[0]).lower()


def language() -> str:
    return _locale().language


def gettext(message: str, **values: object) -> str:
    text = _catalogue().ugettext(message)
    return str(text % values if values else text)


def ngettext(singular: str, plural: str, count: int, **values: object) -> str:
    """`%(num)s` stands for the count."""
    chosen = _catalogue().ungettext(singular, plural, count)
    return str(chosen % {"num": number(count), **values})


def lazy_gettext(message: str) -> str:
    """For texts that are made once: translated each time when they become a string."""
    return cast(str, LazyString(gettext, message))


def format_list(items: Iterable[str]) -> str:
    """ "a, b and c"."""
    # Babel's plain English puts a comma before the "and".
    locale = Locale("en", "GB") if language() == "en" else _locale()
    return lists.format_list([str(item) for item in items], locale=locale)


def number(value: int) -> str:
    return format_decimal(value, locale=_locale())


def date_and_time(moment: datetime, timezone: tzinfo) -> str:
    # English too has the day first, unlike Babel's; the other languages have what is usual there.
    skeletons = _locale().datetime_skeletons
    day = "d MMM y" if language() == "en" else skeletons["yMMMd"].pattern
    return format_datetime(moment, f"{day}, HH:mm", timezone, _locale())


def time_of_day(moment: datetime, timezone: tzinfo) -> str:
    return format_datetime(moment, "HH:mm", timezone, _locale())


def _catalogue() -> NullTranslations:
    """The reader's, looked up once a request: a page has some sixty texts."""
    found: NullTranslations | None = g.get("catalogue") if has_app_context() else None
    if found is None:
        found = cast(NullTranslations, flask_babel.get_translations())
        if has_app_context():
            g.catalogue = found
    return found


def _locale() -> Locale:
    return flask_babel.get_locale() or Locale(SUPPORTED[0])


# In templates a translation is plain text, and so is what goes into it, unless it is marked as
# markup, as the output of a macro is.


def _gettext_in_page(message: str, **values: object) -> str:
    text: str = _catalogue().ugettext(message)
    return escape(text) % values if values else text


def _ngettext_in_page(singular: str, plural: str, count: int, **values: object) -> Markup:
    chosen = _catalogue().ungettext(singular, plural, count)
    return escape(chosen) % {"num": number(count), **values}


def _format_list_in_page(items: Iterable[str]) -> Markup:
    return Markup(format_list(escape(item) for item in items))  # noqa: S704 - every item is escaped
