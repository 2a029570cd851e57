/* The process itself: this very program shuts itself in, and becomes the one that reads PDFs. A
 * reader of PDFs is much code that meets what strangers made; should one take it over, he has the
 * bytes that he sent, some processor time, and a socket whose other end takes text from him.
 *
 * Landlock closes the files, for the process has the rights of the server's user, whose data it
 * must not see; a kernel without it reads no PDFs. Builds with sanitizers are confined alike: what
 * is executed is not built with them. */
#include "documents/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Programs and libraries, and the tables of Chinese, Japanese and Korean characters. */
static const char *const folders[] = {"/usr", "/lib", "/lib64", "/etc/ld.so.cache"};
#define FOLDERS ARRAY_COUNT(folders)

static const struct call_rule rules[] = {
    {SYS_read, CALL_ALLOW},
    {SYS_readv, CALL_ALLOW},
    {SYS_pread64, CALL_ALLOW},
    {SYS_write, CALL_ALLOW},
    {SYS_writev, CALL_ALLOW},
    {SYS_close, CALL_ALLOW},
    {SYS_lseek, CALL_ALLOW},
    {SYS_fstat, CALL_ALLOW},
    {SYS_newfstatat, CALL_ALLOW},
    {SYS_statx, CALL_ALLOW},
    {SYS_openat, CALL_READING},
    {SYS_getdents64, CALL_ALLOW},
    {SYS_readlinkat, CALL_ALLOW},
    {SYS_faccessat, CALL_ALLOW},
    {SYS_faccessat2, CALL_ALLOW},
#ifdef SYS_stat
    {SYS_stat, CALL_ALLOW},
    {SYS_lstat, CALL_ALLOW},
    {SYS_access, CALL_ALLOW},
    {SYS_readlink, CALL_ALLOW},
    {SYS_arch_prctl, CALL_ALLOW},
#endif
    {SYS_mmap, CALL_ALLOW},
    {SYS_mprotect, CALL_ALLOW},
    {SYS_munmap, CALL_ALLOW},
    {SYS_mremap, CALL_ALLOW},
    {SYS_madvise, CALL_ALLOW},
    {SYS_brk, CALL_ALLOW},
    {SYS_futex, CALL_ALLOW},
    {SYS_clock_gettime, CALL_ALLOW},
    {SYS_gettimeofday, CALL_ALLOW},
    {SYS_getrandom, CALL_ALLOW},
    {SYS_sysinfo, CALL_ALLOW},
    {SYS_uname, CALL_ALLOW},
    {SYS_set_tid_address, CALL_ALLOW},
    {SYS_set_robust_list, CALL_ALLOW},
    {SYS_rseq, CALL_ALLOW},
    {SYS_rt_sigaction, CALL_ALLOW},
    {SYS_rt_sigprocmask, CALL_ALLOW},
    {SYS_rt_sigreturn, CALL_ALLOW},
    {SYS_restart_syscall, CALL_ALLOW},
    {SYS_execve, CALL_ALLOW}, /* what it executes is shut in alike */
    {SYS_exit, CALL_ALLOW},
    {SYS_exit_group, CALL_ALLOW},
};

static bool process_close(const char *tool, uint64_t cpu_s)
{
    const struct confine_limits limits = {.cpu_s = cpu_s, .addresses = READER_ADDRESSES};
    const char *read[FOLDERS + 1];
    for (size_t i = 0; i < FOLDERS; i++)
        read[i] = folders[i];
    read[FOLDERS] = tool;
    os_confine_count(READER_DESCRIPTORS);
    if (!os_confine_files(read, FOLDERS + 1))
        return false;
    os_confine_resources(&limits);
    return os_confine_calls(rules, ARRAY_COUNT(rules), false);
}

int documents_reader_main(int count, char **words)
{
    char name[] = "pdftotext", quiet[] = "-q", encoding[] = "-enc", utf8[] = "UTF-8",
         pages[] = "-nopgbrk", lines[] = "-eol", unix_lines[] = "unix", in[] = "-", out[] = "-";
    char *arguments[] = {name, quiet, encoding, utf8, pages, lines, unix_lines, in, out, NULL};
    char *environment[] = {NULL};
    uint64_t cpu_s = count == 2 ? strtoull(words[1], NULL, 10) : 0;
    if (cpu_s == 0) {
        fprintf(stderr, "mainstem: " DOCUMENTS_READER_VERB " is not a verb for people: the server "
                        "reads PDFs in it\n");
        return 2;
    }
    if (!process_close(words[0], cpu_s))
        _exit(READER_EXIT_OPEN);
    (void)execve(words[0], arguments, environment);
    _exit(READER_EXIT_MISSING); /* no more of this program: it is shut in */
}
