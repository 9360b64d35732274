// conv2d_parameters.h: what conv2d takes on tensor cores, and the product that it is. The copy engine needs `map`, a
// description of the matrix; other kernels do without. `partial` is null for a single split.
#ifndef CONV2D_PARAMETERS
#define CONV2D_PARAMETERS \
    GLOBAL const store_t* x, GLOBAL const store_t* second, GLOBAL const store_t* matrix, GLOBAL const float* bias, \
    GLOBAL const store_t* channel_bias, GLOBAL const store_t* residual, GLOBAL store_t* y, int channels1, \
    int channels2, int height, int width, int up_height, int up_width, float ratio_y, float ratio_x, \
    int result_height, int result_width, int rows, int outputs, int kernel_height, int kernel_width, int stride, \
    int pad_top, int pad_left, int residual_rows, int activation, int panels, \
    GLOBAL const void* map, int splits, GLOBAL float* partial

#define CONV2D_PRODUCT \
    struct product_rows in = \
    { \
        .x = x, .second = second, .pictures = 1, .rows = rows, .channels1 = channels1, .channels2 = channels2, \
        .height = height, .width = width, .up_height = up_height, .up_width = up_width, \
        .result_height = result_height, .result_width = result_width, .kernel_height = kernel_height, \
        .kernel_width = kernel_width, .stride = stride, .pad_top = pad_top, .pad_left = pad_left, \
        .ratio_y = ratio_y, .ratio_x = ratio_x, \
    }; \
    struct product_end end = \
    { \
        .bias = bias, .channel_bias = channel_bias, .residual = residual, .y = y, .partial = partial, .rows = rows, \
        .outputs = outputs, .picture_rows = result_height * result_width, .residual_rows = residual_rows, \
        .activation = activation, \
    };
#endif
