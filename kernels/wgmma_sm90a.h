// wgmma_sm90a.h: warp groups' products and barriers of compute capability 9.0, for PTX. wgmma_emul.h is the same for
// OpenCL.
#ifndef WGMMA_SM90A_H
#define WGMMA_SM90A_H
#if defined(__CUDA__)
// A matrix in on-chip memory: address, two distances, and 128-byte swizzle (PTX ISA, "Matrix-descriptor format"). Its
// fields are in units of 16 bytes.
FN unsigned long matrix_at(shared_t at, const int leading, const int stride)
{
    return (unsigned long)((at & 0x3FFFF) >> 4) | ((unsigned long)(leading >> 4) << 16)
        | ((unsigned long)(stride >> 4) << 32) | (1ul << 62);
}

// A barrier in on-chip memory counts arrivals; a phase ends with the last of them, and the phases' parities alternate.
FN void start_barrier(shared_t barrier, const int arrivals)
{ __asm__ volatile("mbarrier.init.shared::cta.b64 [%0], %1;" :: "r"(barrier), "r"(arrivals) : "memory"); }

// What this item has started can be seen by the copy engine after a barrier of the group.
FN void show_barriers(void)
{ __asm__ volatile("fence.mbarrier_init.release.cluster;\nfence.proxy.async.shared::cta;" ::: "memory"); }

FN void arrive(shared_t barrier)
{ __asm__ volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" :: "r"(barrier) : "memory"); }

FN void wait_phase(shared_t barrier, int parity)
{
    __asm__ volatile(
        "{\n"
        ".reg .pred done;\n"
        "retry:\n"
        "mbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n"
        "@done bra finished;\n"
        "bra retry;\n"
        "finished:\n"
        "}"
        :: "r"(barrier), "r"(parity) : "memory");
}

// The first item announces the bytes of boxes that the barrier's phase waits for, beside the arrivals.
FN void expect_boxes(int item, shared_t barrier, const int bytes)
{
    if (item == 0)
    {
        __asm__ volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;"
            :: "r"(barrier), "r"(bytes) : "memory");
    }
}

// Before its first box: the first item gets to see the map as the host wrote it, not what the copy engine may still
// have of another one at its address (PTX ISA, "membar / fence": proxy.tensormap).
FN void fence_map(int item, GLOBAL const void* map)
{
    if (item == 0)
    {
        __asm__ volatile("fence.proxy.tensormap::generic.acquire.sys [%0], 128;" :: "l"(map) : "memory");
    }
}

// The first item has 64 rows of 128 bytes copied from `row` on, with 128-byte swizzle; zeros beyond the last row. `map`
// describes the matrix to the copy engine.
FN void copy_box(
    int item, shared_t to, GLOBAL const void* map, GLOBAL const store_t* matrix, long row, long rows, shared_t barrier)
{
    if (item == 0)
    {
        __asm__ volatile(
            "cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes "
            "[%0], [%1, {%3, %4}], [%2];"
            :: "r"(to), "l"(map), "r"(barrier), "r"(0), "r"((int)row) : "memory");
    }
}

// What this item has written to on-chip memory can be read by wgmma after a barrier.
FN void fence_for_products(void) { __asm__ volatile("fence.proxy.async.shared::cta;" ::: "memory"); }

FN void start_products(void) { __asm__ volatile("wgmma.fence.sync.aligned;" ::: "memory"); }

// A warp group gives registers back, or takes what others have given, and waits for ever where that is less: multiples
// of 8 an item, of 168 for each that 384 items start with.
#define FEWER_REGISTERS(n) __asm__ volatile("setmaxnreg.dec.sync.aligned.u32 %0;" :: "n"(n))
#define MORE_REGISTERS(n) __asm__ volatile("setmaxnreg.inc.sync.aligned.u32 %0;" :: "n"(n))

FN void commit_products(void) { __asm__ volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }

// Keeps the compiler from moving sums while products are under way.
FN void hold_sums(float* sums, const int count)
{
    UNROLL_MMA
    for (int i = 0; i < count; i++) __asm__ volatile("" : "+f"(sums[i]) :: "memory");
}

// The same for operands in registers.
FN void hold_bits(uint* bits, const int count)
{
    UNROLL_MMA
    for (int i = 0; i < count; i++) __asm__ volatile("" : "+r"(bits[i]) :: "memory");
}

// Waits until at most n groups of products are under way.
#define WAIT_PRODUCTS(n) __asm__ volatile("wgmma.wait_group.sync.aligned %0;" :: "n"(n) : "memory")

#define D8(i) "+f"(d[i]), "+f"(d[i + 1]), "+f"(d[i + 2]), "+f"(d[i + 3]), \
    "+f"(d[i + 4]), "+f"(d[i + 5]), "+f"(d[i + 6]), "+f"(d[i + 7])

// d += a b: 64x16 rows along the inputs by 16x128 along the columns, 16x192, or 16x256.
FN void multiply_two_panels(float* d, unsigned long a, unsigned long b)
{
    __asm__ volatile(
        "wgmma.mma_async.sync.aligned.m64n128k16.f32." MMA_TYPES " {"
        "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
        "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
        "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
        "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63}, "
        "%64, %65, 1, 1, 1, 0, 1;"
        : D8(0), D8(8), D8(16), D8(24), D8(32), D8(40), D8(48), D8(56) : "l"(a), "l"(b));
}

FN void multiply_three_panels(float* d, unsigned long a, unsigned long b)
{
    __asm__ volatile(
        "wgmma.mma_async.sync.aligned.m64n192k16.f32." MMA_TYPES " {"
        "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
        "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
        "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
        "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63, "
        "%64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79, "
        "%80, %81, %82, %83, %84, %85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95}, "
        "%96, %97, 1, 1, 1, 0, 1;"
        : D8(0), D8(8), D8(16), D8(24), D8(32), D8(40), D8(48),
        D8(56), D8(64), D8(72), D8(80), D8(88) : "l"(a), "l"(b));
}

FN void multiply_four_panels(float* d, unsigned long a, unsigned long b)
{
    __asm__ volatile(
        "wgmma.mma_async.sync.aligned.m64n256k16.f32." MMA_TYPES " {"
        "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
        "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
        "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
        "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63, "
        "%64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79, "
        "%80, %81, %82, %83, %84, %85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95, "
        "%96, %97, %98, %99, %100, %101, %102, %103, %104, %105, %106, %107, %108, %109, %110, %111, "
        "%112, %113, %114, %115, %116, %117, %118, %119, %120, %121, %122, %123, %124, %125, %126, %127}, "
        "%128, %129, 1, 1, 1, 0, 1;"
        : D8(0), D8(8), D8(16), D8(24), D8(32), D8(40), D8(48), D8(56), D8(64), D8(72), D8(80), D8(88),
        D8(96), D8(104), D8(112), D8(120) : "l"(a), "l"(b));
}

// d += a b: 64x16 rows by 16x128 columns, both along the inputs.
FN void multiply_rows(float* d, unsigned long a, unsigned long b)
{
    __asm__ volatile(
        "wgmma.mma_async.sync.aligned.m64n128k16.f32." MMA_TYPES " {"
        "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
        "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
        "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
        "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63}, "
        "%64, %65, 1, 1, 1, 0, 0;"
        : D8(0), D8(8), D8(16), D8(24), D8(32), D8(40), D8(48), D8(56) : "l"(a), "l"(b));
}

// d += a b: 64x16 in registers, four of a row's pairs a lane as for mma, by 16x64 along the columns.
FN void multiply_registers(float* d, const uint* a, unsigned long b)
{
    __asm__ volatile(
        "wgmma.mma_async.sync.aligned.m64n64k16.f32." MMA_TYPES " {"
        "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
        "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31}, "
        "{%32, %33, %34, %35}, %36, 1, 1, 1, 1;"
        : D8(0), D8(8), D8(16), D8(24) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b));
}

// `wide` panels.
FN void multiply_group(
    float* d, unsigned long a, unsigned long b, const int wide, shared_t base, shared_t exchange)
{
    if (wide == 2) multiply_two_panels(d, a, b);
    else if (wide == 3) multiply_three_panels(d, a, b);
    else multiply_four_panels(d, a, b);
}
#endif
#endif
