#include "sample.h"

/* Below 2 * SAMPLE_STEPS each nanosecond has its place, above each power of two its steps. */
static size_t place_of(int64_t ns)
{
    uint64_t value = ns > 0 ? (uint64_t)ns : 0;
    unsigned shift = 0;

    if (value >> SAMPLE_MAX_BITS)
        value = (UINT64_C(1) << SAMPLE_MAX_BITS) - 1;
    if (value >= 2 * SAMPLE_STEPS)
        shift = 63U - (unsigned)__builtin_clzll(value) - SAMPLE_STEP_BITS;
    return ((size_t)shift << SAMPLE_STEP_BITS) + (size_t)(value >> shift);
}

/* The middle of what a place stands for. */
static double value_of(size_t place)
{
    size_t shift = place < 2 * SAMPLE_STEPS ? 0 : (place >> SAMPLE_STEP_BITS) - 1;
    uint64_t low = (uint64_t)(place - (shift << SAMPLE_STEP_BITS)) << shift;

    return (double)low + (double)(UINT64_C(1) << shift) / 2;
}

void sample_add(struct sample *sample, int64_t ns)
{
    sample->counts[place_of(ns)]++;
    sample->count++;
    if (ns > sample->max_ns)
        sample->max_ns = ns;
}

double sample_quantile_ms(const struct sample *sample, double share)
{
    double wanted = share * (double)sample->count;
    uint64_t seen = 0;

    for (size_t place = 0; place < COUNT(sample->counts); place++) {
        seen += sample->counts[place];
        if (seen > 0 && (double)seen >= wanted) {
            double ns = value_of(place);
            return (ns < (double)sample->max_ns ? ns : (double)sample->max_ns) / 1e6;
        }
    }
    return 0;
}
