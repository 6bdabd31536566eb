#include "test.h"

#include <errno.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"

/* ---- the quota of a cgroup ---- */

static void a_quota_is_rounded_up_to_whole_processors(void **state)
{
    static const struct {
        const char *text;
        unsigned cores;
    } all[] = {
        { "100000 100000\n", 1 },
        { "100000 100000", 1 },
        { "100001 100000\n", 2 },
        { "150000 100000\n", 2 },
        { "1 100000\n", 1 },
        { "50000 100000\n", 1 },
        { "400000 100000\n", 4 },
        { "25000 10000\n", 3 },
        { "9223372036854775807 1\n", UINT32_MAX },
        /* no quota */
        { "max 100000\n", 0 },
        { "max\n", 0 },
        /* not such a text */
        { "", 0 },
        { "\n", 0 },
        { "100000\n", 0 },
        { "100000 0\n", 0 },
        { "0 100000\n", 0 },
        { "-1 100000\n", 0 },
        { "100000 100000 1\n", 0 },
        { "x 100000\n", 0 },
        { "99999999999999999999 100000\n", 0 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(all); i++) {
        char *text = strdup(all[i].text);
        assert_non_null(text);
        assert_int_equal(capacity_parse_cpu_max(str_from(text)), all[i].cores);
        free(text);
    }
}

/* A machine of the tests' own, below a folder. */
static char root[64];

static void make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        assert_true(mkdir(path, 0700) == 0 || errno == EEXIST);
        *slash = '/';
    }
}

static void put(const char *name, const char *text)
{
    char path[256];
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s%s", root, name);
    make_folders(path);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int begin(void **state)
{
    (void)state;
    (void)snprintf(root, sizeof(root), "/tmp/codestream-capacity-XXXXXX");
    return mkdtemp(root) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *place)
{
    (void)about, (void)kind, (void)place;
    return remove(path);
}

static int end(void **state)
{
    (void)state;
    return nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void without_cgroups_there_is_no_quota(void **state)
{
    (void)state;
    assert_int_equal(capacity_quota_cores(root), 0);
    put("/proc/self/cgroup", "nonsense\n0\n:::\n\n0::\n");
    assert_int_equal(capacity_quota_cores(root), 0);
}

static void the_own_cgroup_has_a_quota(void **state)
{
    (void)state;
    put("/proc/self/cgroup", "0::/app/handler\n");
    put("/sys/fs/cgroup/app/handler/cpu.max", "150000 100000\n");
    assert_int_equal(capacity_quota_cores(root), 2);
}

static void the_least_quota_of_all_above_holds(void **state)
{
    (void)state;
    put("/proc/self/cgroup", "0::/a/b/c\n");
    put("/sys/fs/cgroup/a/b/c/cpu.max", "max 100000\n");
    assert_int_equal(capacity_quota_cores(root), 0);
    put("/sys/fs/cgroup/a/cpu.max", "300000 100000\n");
    assert_int_equal(capacity_quota_cores(root), 3);
    put("/sys/fs/cgroup/a/b/cpu.max", "800000 100000\n");
    assert_int_equal(capacity_quota_cores(root), 3);
    put("/sys/fs/cgroup/a/b/c/cpu.max", "200000 100000\n");
    assert_int_equal(capacity_quota_cores(root), 2);
}

static void a_container_sees_its_own_cgroup_at_the_top(void **state)
{
    (void)state;
    put("/sys/fs/cgroup/cpu.max", "200000 100000\n");
    put("/proc/self/cgroup", "0::/\n");
    assert_int_equal(capacity_quota_cores(root), 2);
    put("/proc/self/cgroup", "0::/docker/0123456789abcdef\n"); /* a name of the host's */
    assert_int_equal(capacity_quota_cores(root), 2);
    put("/proc/self/cgroup", "0::/../neighbour\n");
    assert_int_equal(capacity_quota_cores(root), 2);
}

static void version_1_has_a_quota_too(void **state)
{
    (void)state;
    put("/proc/self/cgroup", "9:cpuset:/other\n4:cpu,cpuacct:/app\n1:name=systemd:/x\n0::/\n");
    put("/sys/fs/cgroup/cpu,cpuacct/app/cpu.cfs_quota_us", "-1\n");
    put("/sys/fs/cgroup/cpu,cpuacct/app/cpu.cfs_period_us", "100000\n");
    assert_int_equal(capacity_quota_cores(root), 0);
    put("/sys/fs/cgroup/cpu,cpuacct/app/cpu.cfs_quota_us", "250000\n");
    assert_int_equal(capacity_quota_cores(root), 3);
    put("/proc/self/cgroup", "1:cpu:/a/b\n");
    put("/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "100000\n");
    put("/sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "50000\n");
    assert_int_equal(capacity_quota_cores(root), 2);
}

static void there_is_at_least_one_processor(void **state)
{
    (void)state;
    assert_in_range(capacity_cores(), 1, sysconf(_SC_NPROCESSORS_CONF));
}

/* ---- descriptors ---- */

static void fewer_descriptors_are_fewer_places_but_never_none(void **state)
{
    struct capacity_places before = { 0, 0 };

    (void)state;
    for (size_t descriptors = 0; descriptors < 70000; descriptors++) {
        struct capacity_places places = capacity_places(descriptors, 2);
        assert_in_range(places.loops, 1, 2);
        assert_true(places.connections >= 1);
        assert_true(places.loops * places.connections + 8 >= before.loops * before.connections);
        assert_true(places.loops >= before.loops);
        before = places;
    }
}

static void all_that_is_open_fits_into_the_limit(void **state)
{
    (void)state;
    for (size_t descriptors = 20; descriptors < 5000; descriptors++) {
        for (size_t loops = 1; loops <= 64; loops *= 2) {
            struct capacity_places places = capacity_places(descriptors, loops);
            /* Standard ones and the listener; of a loop what is always open. */
            size_t open = 4 + places.loops * (6 + 2 * places.connections);
            assert_true(open <= descriptors);
        }
    }
}

static void two_loops_have_eight_places_each_from_64_on(void **state)
{
    (void)state;
    for (size_t descriptors = 64; descriptors < 5000; descriptors++) {
        struct capacity_places places = capacity_places(descriptors, 2);
        assert_int_equal(places.loops, 2);
        assert_true(places.connections >= 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quota_is_rounded_up_to_whole_processors),
        cmocka_unit_test_setup_teardown(without_cgroups_there_is_no_quota, begin, end),
        cmocka_unit_test_setup_teardown(the_own_cgroup_has_a_quota, begin, end),
        cmocka_unit_test_setup_teardown(the_least_quota_of_all_above_holds, begin, end),
        cmocka_unit_test_setup_teardown(a_container_sees_its_own_cgroup_at_the_top, begin, end),
        cmocka_unit_test_setup_teardown(version_1_has_a_quota_too, begin, end),
        cmocka_unit_test(there_is_at_least_one_processor),
        cmocka_unit_test(fewer_descriptors_are_fewer_places_but_never_none),
        cmocka_unit_test(all_that_is_open_fits_into_the_limit),
        cmocka_unit_test(two_loops_have_eight_places_each_from_64_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
