"""Build bcapp/static/fonts from the PyPI package font-source-sans-pro: `make fonts`.

Outlines are unchanged, the name is not: the font's licence reserves "Source", and a subset is a
modified version.
"""

import shutil
from pathlib import Path

import font_source_sans_pro
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

FROM = Path(font_source_sans_pro.font_directory)
TO = Path(__file__).resolve().parent.parent / "bcapp" / "static" / "fonts"
WEIGHTS = {"Light": 300, "Regular": 400, "Semibold": 600}
NAME = "Carrier Sans"
COPYRIGHT, FAMILY, STYLE, IDENTITY, FULL_NAME, POSTSCRIPT, LICENCE, LICENCE_URL = (
    0, 1, 2, 3, 4, 6, 13, 14,
)  # fmt: skip

# Western European Latin, and the punctuation that pages use.
MARKS = "ŒœŸ‘’‚“”„‹›–—…•→€™\u2009\u202f\u2212"
LETTERS = [*range(0x20, 0x7F), *range(0xA0, 0x100), *map(ord, MARKS)]


def make(style: str, weight: int) -> None:
    options = Options()
    options.flavor = "woff2"
    options.layout_features = ["kern", "liga", "mark", "ccmp", "locl"]
    options.name_IDs = [COPYRIGHT, LICENCE, LICENCE_URL]
    options.hinting = False
    options.desubroutinize = True
    font = TTFont(FROM / f"SourceSansPro-{style}.otf", recalcTimestamp=False)
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=LETTERS)
    subsetter.subset(font)
    postscript = f"{NAME.replace(' ', '')}-{style}"
    for number, text in {
        FAMILY: f"{NAME} {style}",
        STYLE: "Regular",
        IDENTITY: postscript,
        FULL_NAME: f"{NAME} {style}",
        POSTSCRIPT: postscript,
    }.items():
        font["name"].setName(text, number, 3, 1, 0x409)
    cff = font["CFF "].cff
    cff.fontNames = [postscript]
    cff.topDictIndex[0].FamilyName = NAME
    cff.topDictIndex[0].FullName = f"{NAME} {style}"
    font.flavor = "woff2"
    font.save(TO / f"carrier-sans-{weight}.woff2")


if __name__ == "__main__":
    TO.mkdir(exist_ok=True)
    shutil.copy(FROM / "LICENSE.txt", TO / "LICENSE.txt")
    for style, weight in WEIGHTS.items():
        make(style, weight)
