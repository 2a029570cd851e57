/* Memory with a shape: blocks for direct writes, huge pages for the tables that are read at random.
 * With 4 KiB pages, a live table of hundreds of megabytes spends more on the TLB than on the data.
 */
#include "os/os.h"

#include <stdlib.h>
#include <sys/mman.h>

void *os_aligned_alloc(size_t size)
{
    void *at = NULL;
    if (posix_memalign(&at, DISK_BLOCK, size == 0 ? DISK_BLOCK : size) != 0)
        return NULL;
    return at;
}

void os_aligned_free(void *at)
{
    free(at);
}

static void *map_aligned(size_t size, int advice)
{
    check(size > 0 && size % OS_HUGE_PAGE == 0);
    size_t mapped;
    if (__builtin_add_overflow(size, OS_HUGE_PAGE, &mapped))
        return NULL;
    uint8_t *at = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED)
        return NULL;
    /* One page too many was mapped; what lies before and after the aligned part goes back. */
    size_t before = (OS_HUGE_PAGE - (uintptr_t)at % OS_HUGE_PAGE) % OS_HUGE_PAGE;
    size_t after = OS_HUGE_PAGE - before;
    if (before > 0)
        munmap(at, before);
    munmap(at + before + size, after);
    at += before;
    /* A wish, not a need: kernels without huge pages refuse it, and all works as before. */
    (void)madvise(at, size, advice);
    return at;
}

void *os_huge_alloc(size_t size)
{
    return map_aligned(size, MADV_HUGEPAGE);
}

void *os_sparse_alloc(size_t size)
{
    return map_aligned(size, MADV_NOHUGEPAGE);
}

void os_huge_free(void *at, size_t size)
{
    if (at != NULL)
        munmap(at, size);
}
