// A CUDA driver for tests: device memory is the host's, kernels do nothing, and calls fail as FAKE_CUDA says. It checks
// how the driver is called, not what a GPU would compute.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define DRIVER __attribute__((visibility("default"))) int

static int capturing, captured, launches, graphs;

static int mode(const char* name)
{
    const char* chosen = getenv("FAKE_CUDA");
    return chosen != 0 && strcmp(chosen, name) == 0;
}

DRIVER cuInit(unsigned flags) { (void)flags; return mode("init-fails") ? 999 : mode("no-device") ? 100 : 0; }
DRIVER cuDriverGetVersion(int* version) { *version = 12040; return 0; }
DRIVER cuDeviceGetCount(int* count) { *count = 1; return 0; }
DRIVER cuDeviceGet(int* device, int index) { *device = index; return 0; }
DRIVER cuDeviceGetName(char* name, int size, int device)
{ (void)device; strncpy(name, "Fake GPU", size); return 0; }
DRIVER cuDeviceTotalMem_v2(size_t* bytes, int device) { (void)device; *bytes = (size_t)8 << 30; return 0; }
DRIVER cuDeviceGetAttribute(int* value, int what, int device)
{
    (void)device;
    *value = what == 75 ? (mode("old") ? 6 : 7) : what == 76 ? 0 : what == 8 ? 49152 : what == 16 ? 80 : 0;
    return 0;
}
DRIVER cuGetErrorName(int status, const char** name)
{
    *name = status == 2 ? "CUDA_ERROR_OUT_OF_MEMORY" : status == 218 ? "CUDA_ERROR_INVALID_PTX" : "CUDA_ERROR_UNKNOWN";
    return 0;
}
DRIVER cuDevicePrimaryCtxRetain(void** context, int device) { (void)device; *context = malloc(1); return 0; }
DRIVER cuDevicePrimaryCtxRelease_v2(int device) { (void)device; return 0; }
DRIVER cuCtxSetCurrent(void* context) { (void)context; return 0; }
DRIVER cuMemAlloc_v2(void** memory, size_t bytes)
{ *memory = mode("out-of-memory") ? 0 : calloc(1, bytes); return *memory == 0 ? 2 : 0; }
DRIVER cuMemFree_v2(void* memory) { free(memory); return 0; }
DRIVER cuMemAllocHost_v2(void** memory, size_t bytes) { *memory = malloc(bytes); return 0; }
DRIVER cuMemFreeHost(void* memory) { free(memory); return 0; }
DRIVER cuMemGetInfo_v2(size_t* available, size_t* total) { *available = *total = (size_t)8 << 30; return 0; }
DRIVER cuMemcpyHtoDAsync_v2(void* to, const void* from, size_t bytes, void* stream)
{ (void)stream; memcpy(to, from, bytes); return capturing ? 900 : 0; }
DRIVER cuMemcpyDtoHAsync_v2(void* to, const void* from, size_t bytes, void* stream)
{ (void)stream; memcpy(to, from, bytes); return capturing ? 900 : 0; }
DRIVER cuModuleLoadDataEx(void** module, const void* text, unsigned count, int* options, void** values)
{
    (void)text; (void)count; (void)options;
    *module = malloc(1);
    if (!mode("bad-ptx")) return 0;
    strcpy(values[0], "ptxas: line 7, unexpected instruction");
    return 218;
}
DRIVER cuModuleUnload(void* module) { free(module); return 0; }
DRIVER cuModuleGetFunction(void** function, void* module, const char* name)
{ (void)module; (void)name; *function = &launches; return 0; }
DRIVER cuFuncSetAttribute(void* function, int what, int value)
{ (void)function; (void)what; (void)value; return 0; }
DRIVER cuLaunchKernel(
    void* function, unsigned x, unsigned y, unsigned z, unsigned bx, unsigned by, unsigned bz, unsigned shared,
    void* stream, void** arguments, void** extra)
{
    (void)function; (void)bx; (void)by; (void)bz; (void)shared; (void)stream; (void)arguments; (void)extra;
    if (x == 0 || y == 0 || z == 0 || y > 65535 || z > 65535) return 1;
    if (capturing) captured++; else launches++;
    return 0;
}
DRIVER cuStreamCreate(void** stream, unsigned flags) { (void)flags; *stream = malloc(1); return 0; }
DRIVER cuStreamSynchronize(void* stream) { (void)stream; return capturing ? 900 : 0; }
DRIVER cuStreamDestroy_v2(void* stream) { free(stream); return 0; }
DRIVER cuEventCreate(void** event, unsigned flags) { (void)flags; *event = malloc(1); return 0; }
DRIVER cuEventRecord(void* event, void* stream) { (void)event; (void)stream; return 0; }
DRIVER cuEventSynchronize(void* event) { (void)event; return 0; }
DRIVER cuEventElapsedTime(float* ms, void* start, void* end) { (void)start; (void)end; *ms = 1.5f; return 0; }
DRIVER cuEventDestroy_v2(void* event) { free(event); return 0; }
#ifndef WITHOUT_GRAPHS
DRIVER cuStreamBeginCapture_v2(void* stream, int how)
{ (void)stream; (void)how; capturing = 1; captured = 0; return 0; }
DRIVER cuStreamEndCapture(void* stream, void** graph)
{ (void)stream; capturing = 0; *graph = malloc(sizeof(int)); *(int*)*graph = captured; return 0; }
DRIVER cuGraphInstantiateWithFlags(void** executable, void* graph, unsigned long long flags)
{
    (void)flags;
    if (mode("no-instance")) return 801;
    *executable = malloc(sizeof(int));
    *(int*)*executable = *(int*)graph;
    return 0;
}
DRIVER cuGraphLaunch(void* executable, void* stream)
{ (void)stream; launches += *(int*)executable; graphs++; return 0; }
DRIVER cuGraphExecDestroy(void* executable) { free(executable); return 0; }
DRIVER cuGraphDestroy(void* graph) { free(graph); return 0; }
#endif

// What was called, for the tests.
DRIVER fake_launches(void) { return launches; }
DRIVER fake_graphs(void) { return graphs; }
