// upsample_nearest: any size, with torch's rounding: floor(i * float(from)/to). Group 1 is the picture.
#include "portable.h"

KERNEL(upsample_nearest, ITEMS)(
    GLOBAL const store_t* x, GLOBAL store_t* y, int channels, int from_height, int from_width, int height, int width,
    float ratio_y, float ratio_x)
{
    const int vectors = (channels + VW - 1) / VW, item = GRP0 * ITEMS + LID;
    const int position = item / vectors, c = (item % vectors) * VW;
    if (position < height * width)
    {
        int row = (int)floor1((float)(position / width) * ratio_y);
        int column = (int)floor1((float)(position % width) * ratio_x);
        row = row < from_height ? row : from_height - 1;
        column = column < from_width ? column : from_width - 1;
        const long from = (((long)GRP1 * from_height + row) * from_width + column) * channels + c;
        const long to = ((long)GRP1 * height * width + position) * channels + c;
        storev_n(loadv_n(x, from, channels - c), y, to, channels - c);
    }
}
