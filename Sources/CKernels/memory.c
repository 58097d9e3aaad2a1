#include "kernels.h"
#ifdef __GLIBC__
#include <malloc.h>
#endif

void holdfast_keep_freed_memory(void) {
#ifdef __GLIBC__
    // The largest that glibc takes: only above it is a request mapped by itself and unmapped when it is freed.
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 64 << 20);
#endif
}

void holdfast_return_freed_memory(void) {
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}
