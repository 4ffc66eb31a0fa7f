"""Texts of the error pages, which contain no data of a store."""

from dataclasses import dataclass, replace

from bcapp.language import lazy_gettext as _

# Only the control panel can start a new launch, not the frame.
MY_APPS = "https://login.bigcommerce.com/deep-links/manage/marketplace/apps/my-apps"
_TO_MY_APPS = (_("Go to My Apps"), MY_APPS, True)
_TO_CARRIERS = (_("Go to carriers"), "/carriers", False)
_TO_ACTIVITY = (_("Open activity"), "/activity", False)


@dataclass(frozen=True)
class ErrorPage:
    status: int
    icon: str
    heading: str
    text: str
    action: tuple[str, str, bool] | None = None
    to_support: bool = False


SESSION_ENDED = ErrorPage(
    401,
    "lock",
    _("Your session has ended"),
    _(
        "Anything you already sent stays as it was. Anything you typed since then was not saved. "
        "Open this app again from My Apps."
    ),
    _TO_MY_APPS,
)
NO_SESSION = replace(
    SESSION_ENDED,
    heading=_("Open this app again"),
    text=_(
        "Your session has ended, or this page was reached without it, for example by going "
        "back to it. Anything you already sent stays as it was. Open this app again from My Apps."
    ),
)
PAYLOAD_REFUSED = ErrorPage(
    401,
    "lock",
    _("We couldn’t confirm who sent you"),
    _(
        "The link was altered, is more than a day old, or was made for another app. Nothing has "
        "changed. Open this app again from My Apps."
    ),
    _TO_MY_APPS,
)
NOT_INSTALLED = ErrorPage(
    403,
    "lock",
    _("This app isn’t installed on your store"),
    _("It may have been removed. The store owner can install it again from the App Marketplace."),
    to_support=True,
)
USER_REMOVED = ErrorPage(
    403,
    "lock",
    _("You no longer have access to this app"),
    _("Ask the store owner to give you access again in the control panel."),
)
ACCESS_REVOKED = ErrorPage(
    403,
    "lock",
    _("BigCommerce no longer lets this app in"),
    _(
        "Your carriers stay as they are in BigCommerce, but we can’t change them. The store owner "
        "needs to open it from My Apps and approve it, or install it again."
    ),
    _TO_MY_APPS,
)
TOKEN_REFUSED = replace(
    ACCESS_REVOKED,
    text=_(
        "Your carriers stay as they are in BigCommerce, but we can’t change them. The store owner "
        "needs to install the app again from the App Marketplace."
    ),
)
TOKEN_UNREADABLE = ErrorPage(
    403,
    "lock",
    _("This app has to be approved again"),
    _(
        "We can’t read the access that BigCommerce gave us for your store. Nothing has changed. "
        "Open the app again to renew access. If this page comes back, the store owner needs to "
        "install it again from the App Marketplace."
    ),
    to_support=True,
)
SCOPE_MISSING = ErrorPage(
    403,
    "lock",
    _("This app needs the Information & Settings permission"),
    _(
        "BigCommerce did not grant it, so nothing was installed. Install the app again and approve "
        "the permission it asks for."
    ),
    to_support=True,
)
CODE_REFUSED = ErrorPage(
    400,
    "exclamation",
    _("BigCommerce didn’t accept this install link"),
    _(
        "It may be old, or used already. If the app is in My Apps, open it there. Otherwise "
        "install it again from the App Marketplace."
    ),
    _TO_MY_APPS,
)
TOO_MANY_INSTALLS = ErrorPage(
    429,
    "exclamation",
    _("That was one install after another"),
    _("Nothing was installed this time. Wait a minute, then try again."),
    _TO_MY_APPS,
)
NO_TOKEN = ErrorPage(
    502,
    "exclamation",
    _("BigCommerce didn’t confirm the install"),
    _(
        "We got no answer that we could use, so nothing was saved here. Install the app again from "
        "the App Marketplace."
    ),
    _TO_MY_APPS,
)
NO_ANSWER = ErrorPage(
    502,
    "exclamation",
    _("BigCommerce didn’t answer"),
    _("We don’t know whether your last change went through. Check Activity before you try again."),
    _TO_ACTIVITY,
)
ASKED_TO_WAIT = ErrorPage(
    503,
    "exclamation",
    _("BigCommerce asked us to wait"),
    _("Nothing was sent. Try again in a minute."),
    _TO_CARRIERS,
)
TOO_BUSY = ErrorPage(
    503,
    "exclamation",
    _("Too many people are sending right now"),
    _("Nothing was sent. Try again in a few seconds."),
    _TO_CARRIERS,
)
NO_DATABASE = ErrorPage(
    503,
    "exclamation",
    _("We can’t reach our records"),
    _(
        "We don’t know whether your last change went through. Wait a minute, then check Activity "
        "before you try again."
    ),
    _TO_ACTIVITY,
)
BROKEN = ErrorPage(
    500,
    "exclamation",
    _("Something went wrong on our side"),
    _("We don’t know whether your last change went through. Check Activity before you try again."),
    _TO_ACTIVITY,
)
BAD_REQUEST = ErrorPage(
    400,
    "exclamation",
    _("That link is incomplete"),
    _(
        "Something that BigCommerce should have sent with it is missing. Nothing has changed. Open "
        "this app again from My Apps."
    ),
    _TO_MY_APPS,
)
NOT_FOUND = ErrorPage(
    404,
    "search",
    _("We can’t find that page"),
    _("The link may be old, or the carrier may have been removed from this app."),
    _TO_CARRIERS,
)
ZONE_UNKNOWN = replace(
    NOT_FOUND,
    heading=_("BigCommerce has no such zone"),
    text=_("It may have been deleted there. Nothing was changed. Open the carrier again."),
)
WRONG_METHOD = ErrorPage(
    405,
    "exclamation",
    _("That page can’t be opened like this"),
    _("Nothing has changed. Go to Carriers and start again from there."),
    _TO_CARRIERS,
)
TOO_LARGE = ErrorPage(
    413,
    "exclamation",
    _("That was too much at once"),
    _("Nothing was sent. Go back and send less."),
    _TO_CARRIERS,
)
OUTSIDE_FRAME = ErrorPage(
    404,
    "search",
    _("Open this app from your control panel"),
    _("It works inside BigCommerce, under Apps."),
    _TO_MY_APPS,
)
