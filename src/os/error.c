#include "os/error.h"

#include <errno.h>

enum err os_err(int error)
{
    switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG: /* RLIMIT_FSIZE, or past what the file system can address */
        return ERR_NO_SPACE;
    case ENOMEM:
    case ENOBUFS:
        return ERR_NO_MEMORY;
    case EMFILE:
    case ENFILE:
        return ERR_LIMIT;
    case ENOENT:
    case ECONNREFUSED: /* nobody listens */
        return ERR_MISSING;
    case EEXIST:
    case EADDRINUSE:
        return ERR_EXISTS;
    case EACCES:
    case EPERM:
    case EROFS:
        return ERR_REFUSED;
    case ENOTDIR:
    case EISDIR:
    case ENAMETOOLONG:
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
        return ERR_INVALID;
    case EAGAIN:
    case ETIMEDOUT:
    case EBUSY:
        return ERR_BUSY;
    default:
        return ERR_IO;
    }
}
