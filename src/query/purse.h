/* purse: what one run holds of the memory that all runs share, and of its tenant's part of it:
 * where there are several tenants, none holds more than three quarters. Only growth is asked for
 * here; what is charged once is given back as a whole when the run ends, so that a piece of work
 * cannot fail at the same place again and again. One thread a purse; the shared counts are atomic.
 */
#pragma once

#include "base/base.h"

#include <stdatomic.h>

#define PURSE_TENANT_QUARTERS 3
struct purse {
    _Atomic uint64_t *used; /* by all */
    const _Atomic uint64_t *most;
    _Atomic uint64_t *of_tenant; /* used by the runs of the tenant; NULL: not counted */
    const _Atomic bool *several; /* tenants ask */
    uint64_t mine;
    bool empty; /* something was refused */
};
MUST_USE bool purse_take(struct purse *purse, uint64_t bytes);
void purse_give(struct purse *purse, uint64_t bytes);
void purse_done(struct purse *purse); /* gives all back */
/* Grows the array *at of things of `size` bytes to hold `count`; capacity doubles. False: refused,
 * and purse->empty is set; the array stays. */
MUST_USE bool purse_grow(struct purse *purse, void *at, size_t *capacity, size_t count,
                         size_t size);
/* Frees such an array and gives its bytes back. */
void purse_free(struct purse *purse, void *at, size_t capacity, size_t size);
