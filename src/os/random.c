#include "os/os.h"

#include <errno.h>
#include <sys/random.h>

void os_random(void *at, size_t size)
{
    uint8_t *p = at;
    while (size > 0) {
        ssize_t got = getrandom(p, size, 0);
        if (got < 0 && errno == EINTR)
            continue;
        check(got > 0);
        p += got;
        size -= (size_t)got;
    }
}
