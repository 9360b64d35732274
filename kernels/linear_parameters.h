// linear_parameters.h: what linear takes on tensor cores, and the product that it is. The copy engine needs `map`, a
// description of the matrix; other kernels do without. `partial` is null for a single split.
#ifndef LINEAR_PARAMETERS
#define LINEAR_PARAMETERS \
    GLOBAL const store_t* x, GLOBAL const store_t* matrix, GLOBAL const float* bias, GLOBAL const store_t* residual, \
    GLOBAL store_t* y, int rows, int inputs, int outputs, int activation, int panels, \
    GLOBAL const void* map, int splits, GLOBAL float* partial

#define LINEAR_PRODUCT \
    struct product_rows in = { .x = x, .rows = rows, .channels1 = inputs, .kernel_height = 1, .kernel_width = 1 }; \
    struct product_end end = \
    { \
        .bias = bias, .residual = residual, .y = y, .partial = partial, .rows = rows, .outputs = outputs, \
        .picture_rows = 1, .residual_rows = rows, .activation = activation, \
    };
#endif
