"""A contact sheet: one row a picture, one column a codec, each with its numbers."""
from PIL import Image, ImageDraw

_MARGIN, _LABEL = 6, 30


def write(path, rows, width=256):
    """rows: lists of (label, PIL picture); every picture is shown WIDTH wide."""
    heights = [max(round(width * image.size[1] / image.size[0]) for _, image in row) for row in rows]
    columns = max(map(len, rows))
    sheet = Image.new("RGB", (columns * (width + _MARGIN) + _MARGIN, sum(heights) + len(rows) * (_LABEL + _MARGIN)),
                      "white")
    draw, top = ImageDraw.Draw(sheet), _MARGIN // 2
    for row, height in zip(rows, heights):
        for column, (label, image) in enumerate(row):
            left = _MARGIN + column * (width + _MARGIN)
            draw.text((left, top), label, "black")
            shown = image.resize((width, round(width * image.size[1] / image.size[0])), Image.LANCZOS)
            sheet.paste(shown, (left, top + _LABEL - 2))
        top += height + _LABEL + _MARGIN
    sheet.save(path, optimize=True)
