#include "../load/sample.h"
#include "test.h"

static struct sample sample;

static void empty(void)
{
    memset(&sample, 0, sizeof(sample));
}

static void of_nothing_every_quantile_is_zero(void **state)
{
    (void)state;
    empty();
    assert_true(sample_quantile_ms(&sample, 0.5) <= 0);
}

static void quantiles_are_right_within_one_percent(void **state)
{
    static const double shares[] = { 0.001, 0.5, 0.9, 0.99 };

    (void)state;
    empty();
    for (int64_t ns = 1000; ns <= 100000000; ns += 1000) /* up to 100 ms, all as often */
        sample_add(&sample, ns);
    assert_int_equal(sample.count, 100000);
    for (size_t i = 0; i < COUNT(shares); i++) {
        double ratio = sample_quantile_ms(&sample, shares[i]) / (shares[i] * 100);
        assert_true(ratio > 0.99 && ratio < 1.01);
    }
}

static void the_longest_is_exact_and_no_quantile_exceeds_it(void **state)
{
    (void)state;
    for (int64_t ns = 1; ns < INT64_C(1) << SAMPLE_MAX_BITS; ns = ns * 3 + 1) {
        empty();
        sample_add(&sample, ns);
        assert_int_equal(sample.max_ns, ns);
        assert_true(sample_quantile_ms(&sample, 1) <= (double)ns / 1e6);
        assert_true(sample_quantile_ms(&sample, 1) >= (double)ns / 1e6 * 0.99);
    }
}

static void what_is_out_of_range_counts_at_its_end(void **state)
{
    (void)state;
    empty();
    sample_add(&sample, -5);
    sample_add(&sample, INT64_MAX);
    assert_int_equal(sample.count, 2);
    assert_int_equal(sample.counts[0], 1);
    assert_int_equal(sample.counts[COUNT(sample.counts) - 1], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_nothing_every_quantile_is_zero),
        cmocka_unit_test(quantiles_are_right_within_one_percent),
        cmocka_unit_test(the_longest_is_exact_and_no_quantile_exceeds_it),
        cmocka_unit_test(what_is_out_of_range_counts_at_its_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
