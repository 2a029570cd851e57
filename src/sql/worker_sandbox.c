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

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NICE 15
/* Beside SQLite's memory: program and libraries, stack, frames, the allocator's own. */
#define ADDRESS_EXTRA ((rlim_t)192 << 20)

static void limit_set(int what, rlim_t soft, rlim_t hard)
{
    struct rlimit limit = {.rlim_cur = soft, .rlim_max = hard};
    (void)setrlimit((__rlimit_resource_t)what, &limit);
}

void sandbox_limit(uint64_t memory)
{
    const struct sched_param none = {.sched_priority = 0};
    (void)setpriority(PRIO_PROCESS, 0, NICE);
    (void)sched_setscheduler(0, SCHED_BATCH,
                             &none);        /* it never takes the processor from who wakes */
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* the server's thread that started it is gone */
    (void)prctl(PR_SET_DUMPABLE, 0);
    limit_set(RLIMIT_CORE, 0, 0);
    limit_set(RLIMIT_FSIZE, 0, 0);
    if (!SANITIZED)
        limit_set(RLIMIT_AS, (rlim_t)memory + ADDRESS_EXTRA, (rlim_t)memory + ADDRESS_EXTRA);
}

#if !SANITIZED
#if defined(__x86_64__)
#define SANDBOX_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define SANDBOX_ARCH AUDIT_ARCH_AARCH64
#else
#error "worker_sandbox.c wants the audit number of this processor"
#endif

#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(offset))
#define ANSWER(action) BPF_STMT(BPF_RET | BPF_K, (action))
/* Of the call with this number: that answer; else go on. */
#define CALL(number, action)                                                                       \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(number), 0, 1), ANSWER(action)
#define ALLOW(number) CALL(number, SECCOMP_RET_ALLOW)
#define NO_PERMISSION (SECCOMP_RET_ERRNO | 1u) /* EPERM */
/* Memory that may be run as code is none that SQLite needs: the protection is the third argument.
 */
#define ALLOW_DATA(number)                                                                         \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(number), 0, 4),                                 \
        LOAD(offsetof(struct seccomp_data, args[2])),                                              \
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1), ANSWER(NO_PERMISSION),              \
        ANSWER(SECCOMP_RET_ALLOW)

static bool sandbox_filter(void)
{
    static struct sock_filter filter[] = {
        LOAD(offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SANDBOX_ARCH, 1, 0),
        ANSWER(SECCOMP_RET_KILL_PROCESS),
        LOAD(offsetof(struct seccomp_data, nr)),
        ALLOW(SYS_read),
        ALLOW(SYS_write),
#ifdef SYS_poll
        ALLOW(SYS_poll),
#endif
        ALLOW(SYS_ppoll),
        ALLOW_DATA(SYS_mmap),
        ALLOW_DATA(SYS_mprotect),
        ALLOW(SYS_munmap),
        ALLOW(SYS_mremap),
        ALLOW(SYS_madvise),
        ALLOW(SYS_brk),
        ALLOW(SYS_futex),
        ALLOW(SYS_clock_gettime),
        ALLOW(SYS_gettimeofday),
        ALLOW(SYS_getrandom),
        ALLOW(SYS_restart_syscall),
        ALLOW(SYS_rt_sigreturn),
        ALLOW(SYS_exit),
        ALLOW(SYS_exit_group),
        CALL(SYS_openat, NO_PERMISSION),
#ifdef SYS_open
        CALL(SYS_open, NO_PERMISSION),
        CALL(SYS_stat, NO_PERMISSION),
        CALL(SYS_access, NO_PERMISSION),
#endif
        CALL(SYS_newfstatat, NO_PERMISSION),
        CALL(SYS_fstat, NO_PERMISSION),
        CALL(SYS_lseek, NO_PERMISSION),
        CALL(SYS_getpid, NO_PERMISSION),
        ALLOW(SYS_sysinfo), /* qsort asks how much memory there is */
        CALL(SYS_prlimit64, NO_PERMISSION),
        ANSWER(SECCOMP_RET_KILL_PROCESS),
    };
    struct sock_fprog program = {.len = ARRAY_COUNT(filter), .filter = filter};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}
#else
static bool sandbox_filter(void)
{
    return true;
}
#endif

bool sandbox_close(void)
{
    limit_set(RLIMIT_NOFILE, 3, 3); /* the three that are open */
    limit_set(RLIMIT_NPROC, 0, 0);
    return sandbox_filter();
}
