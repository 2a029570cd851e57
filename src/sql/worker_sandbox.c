/* What the process may do. SQLite is careful code, and it runs what strangers write: should one of
 * them take the process over, he has its memory, its processor time and its socket, whose other end
 * believes nothing.
 *
 * The limits of rlimit hold whatever happens. The filter of system calls (seccomp) is a list of
 * what is needed after the start: bytes through descriptors that are open, memory without code, the
 * clock, the end. Calls that open files fail as if permission were missing, for libc asks now and
 * then; all others end the process.
 *
 * Builds with sanitizers reserve terabytes of addresses and call what they like: they have neither
 * the limit of addresses nor the filter. */
#include "sql/worker.h"

#include "os/os.h"

#include <sys/syscall.h>

/* Beside SQLite's memory: program and libraries, stack, frames, the allocator's own. */
#define ADDRESS_EXTRA ((uint64_t)192 << 20)

void sandbox_limit(uint64_t memory)
{
    const struct confine_limits limits = {.addresses = SANITIZED ? 0 : memory + ADDRESS_EXTRA};
    os_confine_resources(&limits);
}

static const struct call_rule rules[] = {
    {SYS_read, CALL_ALLOW},
    {SYS_write, CALL_ALLOW},
#ifdef SYS_poll
    {SYS_poll, CALL_ALLOW},
#endif
    {SYS_ppoll, CALL_ALLOW},
    {SYS_mmap, CALL_DATA}, /* memory that may be run as code is none that SQLite needs */
    {SYS_mprotect, CALL_DATA},
    {SYS_munmap, CALL_ALLOW},
    {SYS_mremap, CALL_ALLOW},
    {SYS_madvise, CALL_ALLOW},
    {SYS_brk, CALL_ALLOW},
    {SYS_futex, CALL_ALLOW},
    {SYS_clock_gettime, CALL_ALLOW},
    {SYS_gettimeofday, CALL_ALLOW},
    {SYS_getrandom, CALL_ALLOW},
    {SYS_restart_syscall, CALL_ALLOW},
    {SYS_rt_sigreturn, CALL_ALLOW},
    {SYS_exit, CALL_ALLOW},
    {SYS_exit_group, CALL_ALLOW},
    {SYS_openat, CALL_REFUSE},
#ifdef SYS_open
    {SYS_open, CALL_REFUSE},
    {SYS_stat, CALL_REFUSE},
    {SYS_access, CALL_REFUSE},
#endif
    {SYS_newfstatat, CALL_REFUSE},
    {SYS_fstat, CALL_REFUSE},
    {SYS_lseek, CALL_REFUSE},
    {SYS_getpid, CALL_REFUSE},
    {SYS_sysinfo, CALL_ALLOW}, /* qsort asks how much memory there is */
    {SYS_prlimit64, CALL_REFUSE},
};

bool sandbox_close(void)
{
    os_confine_count(3); /* the three that are open */
    return SANITIZED || os_confine_calls(rules, ARRAY_COUNT(rules), true);
}
