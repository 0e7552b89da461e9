/* SPDX-License-Identifier: MIT */
/* Statistics of planted data: what must be found, and what must not. */
#include <math.h>

#include "../support/check.h"
#include "measure/statistics.h"

#define TRIES 400u

static uint64_t state = 1;

/* 0 to 1. */
static double uniform(void)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return ((double)(state >> 11) + 0.5) / 9007199254740992.0;
}

/* A time with noise of `part`, and now and then a run that was disturbed. */
static double planted(double time, double part)
{
    const double noise =
        sqrt(-2 * log(uniform())) * cos(6.283185307179586 * uniform()); /* Box and Muller */

    return time * exp(part * noise) * (uniform() < 0.05 ? 1.5 : 1);
}

static void fill(double *values, size_t n, double time, double part)
{
    for (size_t i = 0; i < n; i++) {
        values[i] = planted(time, part);
    }
}

static int near_to(double a, double b)
{
    return fabs(a - b) < 1e-9 * fabs(b);
}

static void shouldFindTheMiddle(void)
{
    double odd[] = {5, 1, 3}, even[] = {4, 1, 3, 2};

    CHECK(near_to(statistics_median(odd, 3), 3));
    CHECK(near_to(statistics_median(even, 4), 2.5));
    CHECK(statistics_median(even, 0) == 0);
}

static void shouldSayThatFewRunsGiveNoInterval(void)
{
    double values[] = {9, 7, 8, 10, 6, 11};
    struct statistics_interval few, enough, none;

    statistics_bootstrap(&few, values, 5);
    CHECK(!few.holds);
    CHECK(near_to(few.low, 6) && near_to(few.middle, 8) && near_to(few.high, 10));
    statistics_bootstrap(&enough, values, 6);
    CHECK(enough.holds);
    CHECK(enough.low >= 6 && enough.low < enough.middle && enough.middle < enough.high);
    statistics_bootstrap(&none, values, 0);
    CHECK(!none.holds && none.middle == 0);
}

static void shouldHaveTheTrueMedianInMostIntervals(void)
{
    struct statistics_interval got;
    double values[20];
    unsigned in = 0;

    for (unsigned i = 0; i < TRIES; i++) {
        fill(values, 20, 100, 0.05);
        statistics_bootstrap(&got, values, 20);
        in += got.low <= 100.3 && got.high >= 100.3; /* the disturbed ones move it a little */
    }
    CHECK(in >= TRIES * 90 / 100);
    CHECK(in < TRIES); /* an interval that always holds says nothing */
}

/* Worked out by hand from the tables of both tests. */
static void shouldAgreeWithTablesOfRanks(void)
{
    double a[8], b[8];
    struct statistics_interval got;

    for (size_t i = 0; i < 8; i++) {
        a[i] = 1;
        b[i] = exp((double)(i + 1));
    }
    /* Of 8 signed ranks 3 may be left out on each side (0.0195): the fourth of 1, 1.5, 2, 2, ... */
    statistics_paired(&got, a, b, 8);
    CHECK(got.holds);
    CHECK(near_to(log(got.middle), 4.5));
    CHECK(near_to(log(got.low), 2));
    CHECK(near_to(log(got.high), 7));
    statistics_paired(&got, a, b, 5); /* 1 in 32 on each side is too much */
    CHECK(!got.holds);
    CHECK(near_to(log(got.low), 1) && near_to(log(got.high), 5));
    /* Of 4 and 4 the tail of U = 0 is 1 in 70, that of 1 is 2 in 70. */
    statistics_apart(&got, a, 4, b, 4);
    CHECK(got.holds);
    CHECK(near_to(log(got.low), 1) && near_to(log(got.high), 4) && near_to(log(got.middle), 2.5));
    /* Of 5 and 5, U up to 2 is left out: 4 in 252. */
    statistics_apart(&got, a, 5, b, 5);
    CHECK(got.holds);
    CHECK(near_to(log(got.low), 1) && near_to(log(got.high), 5));
    statistics_apart(&got, a, 3, b, 3);
    CHECK(!got.holds);
}

static int differs(const struct statistics_interval *got)
{
    return got->holds && (got->low > 1 || got->high < 1);
}

static void shouldNotFindADifferenceOfAThingToItself(void)
{
    struct statistics_interval got;
    double a[20], b[20];
    unsigned paired = 0, apart = 0;
    size_t n;

    for (unsigned i = 0; i < TRIES; i++) {
        n = 4 + i % 17;
        fill(a, n, 100, 0.05);
        fill(b, n, 100, 0.05);
        statistics_paired(&got, a, b, n);
        paired += differs(&got) ? 1 : 0;
        statistics_apart(&got, a, n, b, n);
        apart += differs(&got) ? 1 : 0;
    }
    CHECK(paired <= TRIES / 20 && paired > 0);
    CHECK(apart <= TRIES / 20 && apart > 0);
    statistics_apart(&got, a, 20, a, 20);
    CHECK(!differs(&got));
    CHECK(near_to(got.middle, 1));
}

static void shouldFindFivePercentWithEnoughRuns(void)
{
    struct statistics_interval got;
    double a[30], b[30];
    unsigned paired = 0, apart = 0, few = 0;

    for (unsigned i = 0; i < TRIES; i++) {
        fill(a, 30, 100, 0.03);
        fill(b, 30, 105, 0.03);
        statistics_paired(&got, a, b, 30);
        paired += got.holds && got.low > 1;
        statistics_apart(&got, a, 30, b, 30);
        apart += got.holds && got.low > 1;
        statistics_paired(&got, a, b, 5);
        few += differs(&got) ? 1 : 0;
    }
    CHECK(paired >= TRIES * 90 / 100);
    CHECK(apart >= TRIES * 95 / 100);
    CHECK_EQ(few, 0);
}

static void shouldFindItInPairsThatDriftTogether(void)
{
    struct statistics_interval got;
    double a[20], b[20], drift;

    for (size_t i = 0; i < 20; i++) {
        drift = 1 + 5 * uniform(); /* anything between near and far */
        a[i] = planted(60 * drift, 0.005);
        b[i] = planted(63 * drift, 0.005);
    }
    statistics_paired(&got, a, b, 20);
    CHECK(got.holds && got.low > 1 && got.high < 1.15);
    statistics_apart(&got, a, 20, b, 20);
    CHECK(!differs(&got));
}

int main(void)
{
    RUN(shouldFindTheMiddle);
    RUN(shouldSayThatFewRunsGiveNoInterval);
    RUN(shouldHaveTheTrueMedianInMostIntervals);
    RUN(shouldAgreeWithTablesOfRanks);
    RUN(shouldNotFindADifferenceOfAThingToItself);
    RUN(shouldFindFivePercentWithEnoughRuns);
    RUN(shouldFindItInPairsThatDriftTogether);
    return check_done();
}
