/* Which files a process can open, change or keep from others once it is in the sandbox. */
#include "sandbox_trial.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static int open_to_write(void)
{
    return error_of(open("/dev/null", O_WRONLY | O_CLOEXEC));
}

static int open_to_read_and_write(void)
{
    return error_of(open(ca_file, O_RDWR | O_CLOEXEC));
}

static int open_new(void)
{
    return error_of(open(outside, O_RDONLY | O_CREAT | O_CLOEXEC, 0600));
}

static int open_by_openat2(void)
{
    return error_of(syscall(SYS_openat2, AT_FDCWD, outside, NULL, 0));
}

static int remove_file(void)
{
    return error_of(unlink(ca_file));
}

static int rename_file(void)
{
    return error_of(rename(ca_file, beside));
}

static int make_folder(void)
{
    return error_of(mkdir("/tmp/codestream-sandbox", 0700));
}

static int change_mode(void)
{
    return error_of(chmod(ca_file, 0777));
}

static int empty_the_log(void)
{
    return error_of(ftruncate(log_file, 0));
}

static int punch_a_hole_into_the_log(void)
{
    return error_of(fallocate(log_file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096));
}

static int overwrite_the_log(void)
{
    return error_of(pwrite(log_file, "x", 1, 0));
}

static int overwrite_the_log_with_several_texts(void)
{
    const struct iovec text = { folder, 1 };

    return error_of(pwritev(log_file, &text, 1, 0));
}

static int overwrite_the_log_otherwise(void)
{
    const struct iovec text = { folder, 1 };

    return error_of(pwritev2(log_file, &text, 1, 0, 0));
}

static int copy_into_the_log(void)
{
    off_t from = 0, to = 4096;

    return error_of(copy_file_range(log_file, &from, log_file, &to, 1, 0));
}

static int add_to_the_log(void)
{
    return error_of(write(log_file, "two\n", 4));
}

static int splice_into_the_log(void)
{
    return error_of(splice(-1, NULL, log_file, NULL, 1, 0));
}

static int lease_a_file(void)
{
    return error_of(fcntl(open("/etc/passwd", O_RDONLY | O_CLOEXEC), F_SETLEASE, F_RDLCK));
}

static int watch_a_folder_by_signals(void)
{
    return error_of(fcntl(open("/etc", O_RDONLY | O_CLOEXEC), F_NOTIFY, DN_ACCESS));
}

static int lock_a_file_for_others(void)
{
    return error_of(flock(open("/etc/passwd", O_RDONLY | O_CLOEXEC), LOCK_EX | LOCK_NB));
}

static int lock_a_part_for_others(void)
{
    const struct flock all = { .l_type = F_RDLCK };

    return error_of(fcntl(open("/etc/passwd", O_RDONLY | O_CLOEXEC), F_SETLK, &all));
}

static int watch_all_files(void)
{
    return error_of(syscall(SYS_fanotify_init, 0, 0));
}

static int freeze_a_file_system(void)
{
    return error_of(ioctl(open("/etc", O_RDONLY | O_CLOEXEC), FIFREEZE, 0));
}

static int read_the_systems_settings(void)
{
    return error_of(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
}

static int read_random_numbers(void)
{
    return error_of(open("/dev/urandom", O_RDONLY | O_CLOEXEC));
}

static int read_certificates(void)
{
    return error_of(open(ca_file, O_RDONLY | O_CLOEXEC));
}

static int read_renewed_certificates(void)
{
    return error_of(open(beside, O_RDONLY | O_CLOEXEC));
}

static int read_mounted_certificates(void)
{
    return error_of(open(mounted, O_RDONLY | O_CLOEXEC));
}

static int read_renewed_mounted_certificates(void)
{
    return error_of(open(mounted_second, O_RDONLY | O_CLOEXEC));
}

static int read_certificates_in_root(void)
{
    return error_of(open(ca_file_in_root, O_RDONLY | O_CLOEXEC));
}

static int list_root(void)
{
    return error_of(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

static int read_elsewhere(void)
{
    return error_of(open(outside, O_RDONLY | O_CLOEXEC));
}

static int read_environment(void)
{
    return error_of(open("/proc/self/environ", O_RDONLY | O_CLOEXEC));
}

static int list_folder(void)
{
    return error_of(open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

static void who_takes_over_writes_no_file(void **state)
{
    static const struct trial trials[] = {
        { "open to write", open_to_write, EPERM },
        { "open to read and write", open_to_read_and_write, EPERM },
        { "open to create", open_new, EPERM },
        { "openat2", open_by_openat2, ENOSYS },
        { "unlink", remove_file, EPERM },
        { "rename", rename_file, EPERM },
        { "mkdir", make_folder, EPERM },
        { "chmod", change_mode, EPERM },
    };

    (void)state;
    expect(trials, COUNT(trials), NULL);
}

static void the_log_is_added_to_and_not_emptied_or_copied_over(void **state)
{
    static const struct trial trials[] = {
        { "ftruncate", empty_the_log, EPERM },
        { "fallocate", punch_a_hole_into_the_log, EPERM },
        { "pwrite", overwrite_the_log, EPERM },
        { "pwritev", overwrite_the_log_with_several_texts, EPERM },
        { "pwritev2", overwrite_the_log_otherwise, EPERM },
        { "copy_file_range", copy_into_the_log, EPERM },
        { "splice", splice_into_the_log, EPERM },
        { "write", add_to_the_log, 0 },
    };

    (void)state;
    expect_nothing_else_refuses(trials, COUNT(trials));
    expect(trials, COUNT(trials), NULL);
}

static void who_takes_over_neither_watches_files_nor_keeps_others_from_them(void **state)
{
    static const struct trial trials[] = {
        { "F_SETLEASE", lease_a_file, EPERM },
        { "F_NOTIFY", watch_a_folder_by_signals, EPERM },
        { "F_SETLK", lock_a_part_for_others, EPERM },
        { "flock", lock_a_file_for_others, EPERM },
        { "inotify", watch_files, EPERM },
        { "fanotify", watch_all_files, EPERM },
        { "FIFREEZE", freeze_a_file_system, EPERM },
    };

    (void)state;
    expect(trials, COUNT(trials), NULL);
}

static void of_files_only_settings_and_certificates_are_read(void **state)
{
    static const struct trial trials[] = {
        { "/etc", read_the_systems_settings, 0 },
        { "/dev/urandom", read_random_numbers, 0 },
        { "the certificates", read_certificates, 0 },
        { "certificates that were renewed", read_renewed_certificates, 0 },
        { "a file elsewhere", read_elsewhere, EACCES },
        { "the environment", read_environment, EACCES },
        { "a folder", list_folder, EACCES },
    };

    (void)state;
    expect(trials, COUNT(trials), ca_file);
    expect(trials, COUNT(trials), linked);
}

static void mounted_certificates_are_read_and_so_are_those_that_replace_them(void **state)
{
    static const struct trial trials[] = {
        { "the certificates", read_mounted_certificates, 0 },
        { "what their link will lead to", read_renewed_mounted_certificates, 0 },
        { "a file elsewhere", read_elsewhere, EACCES },
    };

    (void)state;
    expect(trials, COUNT(trials), mounted);
}

static int make_file_in_root(void **state)
{
    int fd = mkstemp(ca_file_in_root);

    *state = fd < 0 ? NULL : ca_file_in_root;
    close(fd);
    return 0;
}

static int remove_file_in_root(void **state)
{
    return *state ? unlink(*state) : 0;
}

static void certificates_in_the_root_folder_are_read_and_nothing_beside_them(void **state)
{
    static const struct trial trials[] = {
        { "the certificates", read_certificates_in_root, 0 },
        { "a file elsewhere", read_elsewhere, EACCES },
        { "the root folder", list_root, EACCES },
    };
    char otherwise[64];

    if (!*state) {
        print_message("only root may write to the root folder\n");
        skip();
    }
    expect(trials, COUNT(trials), ca_file_in_root);
    (void)snprintf(otherwise, sizeof(otherwise), "/etc/../%s", ca_file_in_root);
    expect(trials, COUNT(trials), otherwise);
}

/* As a host's own filter may, which knows Landlock in part. */
static void refuse_rules_of_landlock(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 445, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = { COUNT(filter), filter };

    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    (void)prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static int enter_without_rules(void)
{
    static const char no_rule[] = "open: no rule for /etc: ";
    struct sandbox sandbox;

    refuse_rules_of_landlock();
    sandbox_enter(ca_file, &sandbox);
    if (strncmp(sandbox.files, "open: no rule", 13) != 0 &&
        strncmp(sandbox.files, "open: ", 6) == 0)
        return NOTHING_TO_TRY; /* nor Landlock */
    if (strncmp(sandbox.files, no_rule, strlen(no_rule)) != 0)
        return 1;
    return read_certificates() == 0 && read_elsewhere() == 0 ? DONE : 2;
}

static void where_no_rule_can_be_made_files_stay_open_and_the_first_is_told(void **state)
{
    int how = in_child(enter_without_rules);

    (void)state;
    if (how == NOTHING_TO_TRY)
        skip();
    assert_int_equal(how, DONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_takes_over_writes_no_file),
        cmocka_unit_test(the_log_is_added_to_and_not_emptied_or_copied_over),
        cmocka_unit_test(who_takes_over_neither_watches_files_nor_keeps_others_from_them),
        cmocka_unit_test(of_files_only_settings_and_certificates_are_read),
        cmocka_unit_test(mounted_certificates_are_read_and_so_are_those_that_replace_them),
        cmocka_unit_test_setup_teardown(
            certificates_in_the_root_folder_are_read_and_nothing_beside_them, make_file_in_root,
            remove_file_in_root),
        cmocka_unit_test(where_no_rule_can_be_made_files_stay_open_and_the_first_is_told),
    };

    return cmocka_run_group_tests(tests, make_files, remove_files);
}
