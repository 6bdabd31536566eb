#include "sandbox_trial.h"

#include <errno.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

char folder[] = "/tmp/codestream-sandbox-XXXXXX";
char inner[64], ca_file[80], beside[80], outside[80];
char mount[64], first[80], second[80], data[80], mounted[80], mounted_first[96],
    mounted_second[96];
char linked[80];
char ca_file_in_root[] = "/codestream-sandbox-XXXXXX";

char log_path[80];
int log_file;
void *shared_code;

static void write_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, "x", 1), 1);
    close(fd);
}

static void make_mount(void)
{
    (void)snprintf(mount, sizeof(mount), "%s/mount", folder);
    (void)snprintf(first, sizeof(first), "%s/..1", mount);
    (void)snprintf(second, sizeof(second), "%s/..2", mount);
    (void)snprintf(data, sizeof(data), "%s/..data", mount);
    (void)snprintf(mounted, sizeof(mounted), "%s/ca.pem", mount);
    (void)snprintf(mounted_first, sizeof(mounted_first), "%s/ca.pem", first);
    (void)snprintf(mounted_second, sizeof(mounted_second), "%s/ca.pem", second);
    assert_int_equal(mkdir(mount, 0700) | mkdir(first, 0700) | mkdir(second, 0700), 0);
    write_file(mounted_first);
    write_file(mounted_second);
    assert_int_equal(symlink("..1", data) | symlink("..data/ca.pem", mounted), 0);
    (void)snprintf(linked, sizeof(linked), "%s/linked.pem", mount);
    assert_int_equal(symlink("../inner/ca.pem", linked), 0);
}

static void remove_mount(void)
{
    const char *const files[] = { linked, mounted, data, mounted_first, mounted_second };

    for (size_t i = 0; i < COUNT(files); i++)
        unlink(files[i]);
    rmdir(first);
    rmdir(second);
    rmdir(mount);
}

int make_files(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    make_mount();
    (void)snprintf(inner, sizeof(inner), "%s/inner", folder);
    (void)snprintf(ca_file, sizeof(ca_file), "%s/ca.pem", inner);
    (void)snprintf(beside, sizeof(beside), "%s/renewed.pem", inner);
    (void)snprintf(outside, sizeof(outside), "%s/secret", folder);
    assert_int_equal(mkdir(inner, 0700), 0);
    write_file(ca_file);
    write_file(beside);
    write_file(outside);
    (void)snprintf(log_path, sizeof(log_path), "%s/log", folder);
    log_file = open(log_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(write(log_file, "one\n", 4), 4);
    shared_code = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(shared_code != MAP_FAILED);
    return 0;
}

int remove_files(void **state)
{
    (void)state;
    unlink(ca_file);
    unlink(beside);
    unlink(outside);
    close(log_file);
    unlink(log_path);
    rmdir(inner);
    remove_mount();
    return rmdir(folder);
}

/* ---- children ---- */

bool is_in_force(const char *part)
{
    return strcmp(part, "restricted") == 0;
}

int error_of(long result)
{
    return result < 0 ? errno : 0;
}

/* In the child; the number of the first trial that went otherwise, counted from 1. */
static int try_all(const struct trial *trials, size_t count, const char *certificates)
{
    struct sandbox sandbox;

    sandbox_enter(certificates, &sandbox);
    if (!is_in_force(certificates ? sandbox.files : sandbox.calls))
        return NOTHING_TO_TRY;
    for (size_t i = 0; i < count; i++) {
        if (trials[i].act() != trials[i].want)
            return (int)i + 1;
    }
    return DONE;
}

int in_child(int (*body)(void))
{
    int status;
    pid_t child = fork();

    if (child == 0)
        _exit(body());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

void expect_nothing_else_refuses(const struct trial *trials, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (in_child(trials[i].act) == EPERM)
            fail_msg("%s is refused without a sandbox", trials[i].what);
    }
}

void expect(const struct trial *trials, size_t count, const char *certificates)
{
    int status;
    pid_t child = fork();

    if (child == 0)
        _exit(try_all(trials, count, certificates)); /* no sanitizer's last look */
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == NOTHING_TO_TRY) {
        print_message("this kernel or host does not offer it\n");
        skip();
    }
    if (WEXITSTATUS(status) != DONE)
        print_error("%s\n", trials[WEXITSTATUS(status) - 1].what);
    assert_int_equal(WEXITSTATUS(status), DONE);
}

/* ---- what tests of several kinds try ---- */

int a_socket(void)
{
    return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

int watch_files(void)
{
    return error_of(inotify_init1(IN_CLOEXEC));
}
