/* A process that reads what strangers wrote gives up what it does not need: limits, files, calls.
 */
#include "os/os.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NICE 15

static void limit_set(int what, uint64_t most)
{
    struct rlimit limit = {.rlim_cur = (rlim_t)most, .rlim_max = (rlim_t)most};
    (void)setrlimit((__rlimit_resource_t)what, &limit);
}

void os_confine_resources(const struct confine_limits *limits)
{
    const struct sched_param none = {.sched_priority = 0};
    (void)setpriority(PRIO_PROCESS, 0, NICE);
    (void)sched_setscheduler(0, SCHED_BATCH,
                             &none);        /* it never takes the processor from who wakes */
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* the server's thread that started it is gone */
    (void)prctl(PR_SET_DUMPABLE, 0);
    limit_set(RLIMIT_CORE, 0);
    limit_set(RLIMIT_FSIZE, 0);
    if (limits->cpu_s > 0)
        limit_set(RLIMIT_CPU, limits->cpu_s);
    if (limits->addresses > 0)
        limit_set(RLIMIT_AS, limits->addresses);
}

void os_confine_count(uint64_t descriptors)
{
    limit_set(RLIMIT_NOFILE, descriptors);
    limit_set(RLIMIT_NPROC, 0);
}

/* ---- files -------------------------------------------------------------------------------------
 */
/* All that the first Landlock knows to forbid, and what later ones do and the headers name. */
#define FILES_READ                                                                                 \
    (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FILES_ALL                                                                                  \
    (FILES_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |                  \
     LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | \
     LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |   \
     LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM)

static bool files_allow(int rules, const char *path)
{
    struct landlock_path_beneath_attr beneath = {.parent_fd = open(path, O_PATH | O_CLOEXEC)};
    struct stat about;
    if (beneath.parent_fd < 0)
        return errno == ENOENT; /* what is not there need not be read */
    bool folder = fstat(beneath.parent_fd, &about) == 0 && S_ISDIR(about.st_mode);
    beneath.allowed_access =
        folder ? FILES_READ : FILES_READ & ~(uint64_t)LANDLOCK_ACCESS_FS_READ_DIR;
    bool added =
        syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) == 0;
    close(beneath.parent_fd);
    return added;
}

bool os_confine_files(const char *const *read, size_t count)
{
    const struct landlock_ruleset_attr handled = {.handled_access_fs = FILES_ALL};
    int rules = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0);
    if (rules < 0)
        return false; /* the kernel has none, or does not let us */
    bool good = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
    for (size_t i = 0; good && i < count; i++)
        good = files_allow(rules, read[i]);
    good = good && syscall(SYS_landlock_restrict_self, rules, 0) == 0;
    close(rules);
    return good;
}

/* ---- calls -------------------------------------------------------------------------------------
 */
#if defined(__x86_64__)
#define CALLS_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define CALLS_ARCH AUDIT_ARCH_AARCH64
#else
#error "confine.c wants the audit number of this processor"
#endif

#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(offset))
#define ANSWER(action) BPF_STMT(BPF_RET | BPF_K, (action))
#define NO_PERMISSION (SECCOMP_RET_ERRNO | (uint32_t)EPERM)
#define RULE_STEPS 5 /* of the longest rule */
#define RULES_MAX 128
#define WRITING ((uint32_t)(O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY)))

static size_t step_put(struct sock_filter *at, const struct sock_filter *steps, size_t count)
{
    for (size_t i = 0; i < count; i++)
        at[i] = steps[i];
    return count;
}

/* Its steps, with the number of the call loaded: an answer, or on to the next rule. */
static size_t rule_put(struct sock_filter *at, const struct call_rule *rule)
{
    uint32_t number = (uint32_t)rule->number;
    uint32_t forbidden = rule->answer == CALL_DATA ? (uint32_t)PROT_EXEC : WRITING;
    const struct sock_filter plain[] = {
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
        ANSWER(rule->answer == CALL_ALLOW ? SECCOMP_RET_ALLOW : NO_PERMISSION),
    };
    const struct sock_filter judged[RULE_STEPS] = {
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 4),
        LOAD(offsetof(struct seccomp_data, args[2])),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, forbidden, 0, 1),
        ANSWER(NO_PERMISSION),
        ANSWER(SECCOMP_RET_ALLOW),
    };
    return rule->answer == CALL_ALLOW || rule->answer == CALL_REFUSE
               ? step_put(at, plain, ARRAY_COUNT(plain))
               : step_put(at, judged, ARRAY_COUNT(judged));
}

bool os_confine_calls(const struct call_rule *rules, size_t count, bool others_end_it)
{
    struct sock_filter filter[4 + RULES_MAX * RULE_STEPS + 1];
    const struct sock_filter begin[] = {
        LOAD(offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, CALLS_ARCH, 1, 0),
        ANSWER(SECCOMP_RET_KILL_PROCESS),
        LOAD(offsetof(struct seccomp_data, nr)),
    };
    const struct sock_filter end[] = {
        ANSWER(others_end_it ? SECCOMP_RET_KILL_PROCESS : NO_PERMISSION)};
    check(count <= RULES_MAX);
    size_t size = step_put(filter, begin, ARRAY_COUNT(begin));
    for (size_t i = 0; i < count; i++)
        size += rule_put(filter + size, &rules[i]);
    size += step_put(filter + size, end, ARRAY_COUNT(end));
    struct sock_fprog program = {.len = (unsigned short)size, .filter = filter};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}
