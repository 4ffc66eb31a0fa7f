"""Make a newer version of the app: one more migration, and code that uses its column."""

import shutil
from pathlib import Path

from bcapp import database

VERSION = "1.1-rehearsed"
COLUMN = "launches"
# As in the image.
PARTS = ("app.py", "gunicorn.conf.py", "pyproject.toml", "bcapp", "migrations", "templates")

# Replacements by file: the newer version counts launches per store.
CHANGES = {
    "bcapp/factory.py": ('APP_VERSION = "1.0"', f'APP_VERSION = "{VERSION}"'),
    "bcapp/models.py": (
        "    zones_version: Mapped[int] = mapped_column(default=0)\n",
        "    zones_version: Mapped[int] = mapped_column(default=0)\n"
        f"    {COLUMN}: Mapped[int] = mapped_column(default=0)\n",
    ),
    "bcapp/stores.py": (
        "        raise UserRemoved\n    if user is None or user.removed_at is not None",
        f"        raise UserRemoved\n    store.{COLUMN} = Store.{COLUMN} + 1\n"
        "    if user is None or user.removed_at is not None",
    ),
}


def make_newer(folder: Path) -> Path:
    """Copy this checkout, apply the changes, and return its folder."""
    code = folder / "newer"
    code.mkdir()
    for part in PARTS:
        copy = shutil.copytree if (database.CHECKOUT / part).is_dir() else shutil.copy
        copy(database.CHECKOUT / part, code / part)
    for name, (before, after) in CHANGES.items():
        text = (code / name).read_text()
        if text.count(before) != 1:
            raise RuntimeError(f"{name} is not what the newer version was made from")
        (code / name).write_text(text.replace(before, after))
    versions = code / "migrations" / "versions"
    newest = max(path.name[:4] for path in versions.glob("0*.py"))
    number = f"{int(newest) + 1:04}"
    (versions / f"{number}_{COLUMN}.py").write_text(
        "import sqlalchemy as sa\n"
        "from alembic import op\n"
        f"revision, down_revision = {number!r}, {newest!r}\n"
        "def upgrade() -> None:\n"
        f"    column = sa.Column({COLUMN!r}, sa.Integer, nullable=False, server_default='0')\n"
        "    op.add_column('stores', column)\n"
    )
    return code
