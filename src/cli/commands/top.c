/* SPDX-License-Identifier: MIT */
/* top.c - a live table of rings: a screen with keys, or lines where there is none. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "command.h"
#include "host/host.h"
#include "monitor/info_text.h"
#include "text/ring_name.h"
#include "monitor/top.h"

#define NAMES_MAX 256
#define FIRST_NS  UINT64_C(250000000) /* the first rates come soon */
#define SECOND_NS UINT64_C(1000000000)
#define SLICE_NS  UINT64_C(100000000)

struct top {
    const char *names[NAMES_MAX];
    size_t name_count;
    uint64_t count, interval_ns; /* count: updates to show, 0 = until it is ended */
    uint32_t order;
    int as_json, as_lines;
    uint64_t seen; /* rings, at all looks */
    struct top_rings rings;
    struct top_view view;
};

/* ---- on a screen ---- */

/* See no-color.org: set, and not empty. */
static int wants_colours(void)
{
    const char *no = getenv("NO_COLOR");

    return no == NULL || no[0] == '\0';
}

static void move(struct top_view *view, int key)
{
    const size_t page = top_page(view);

    switch (key) {
    case HOST_KEY_UP:
        view->first -= view->first > 0;
        break;
    case HOST_KEY_DOWN:
        view->first++;
        break;
    case HOST_KEY_PAGE_UP:
        view->first -= view->first > page ? page : view->first;
        break;
    case HOST_KEY_PAGE_DOWN:
        view->first += page;
        break;
    case HOST_KEY_HOME:
        view->first = 0;
        break;
    case HOST_KEY_END:
        view->first = SIZE_MAX;
        break;
    default:
        break;
    }
}

/* Returns 0 to end. */
static int act_on_key(struct top_view *view, int key)
{
    static const char sorts[] = "nrbfhxlp";
    const char *sort = key > 0 && key < 128 ? strchr(sorts, key) : NULL;

    if (key == 'q' || key == 'Q' || (key == 27 && !view->help)) {
        return 0;
    }
    if (key == HOST_KEY_NONE || key == HOST_KEY_RESIZED) {
        return 1;
    }
    if (view->help) { /* any key ends it, and does nothing else */
        view->help = 0;
        return 1;
    }
    if (sort != NULL || key == 's') {
        view->order = sort != NULL ? (enum top_order)(sort - sorts)
                                   : (enum top_order)((view->order + 1) % (sizeof sorts - 1));
        view->first = 0;
    }
    switch (key) {
    case '?':
        view->help = 1;
        break;
    case 'i':
        view->inverted = !view->inverted;
        break;
    case 'd':
        view->details = !view->details;
        break;
    case ' ':
        view->frozen = !view->frozen;
        break;
    default:
        move(view, key);
        break;
    }
    return 1;
}

static int draw(struct top *t, struct picture *picture)
{
    host_screen_size(&t->view.columns, &t->view.rows);
    top_sort(&t->rings, t->view.order, t->view.inverted);
    top_draw(picture, &t->rings, &t->view);
    return host_screen_draw(picture->text, picture->used);
}

static shmring_status run_screen(struct top *t)
{
    struct picture picture = {NULL, 0, 0};
    shmring_status status = top_look(&t->rings, t->names, t->name_count);
    uint64_t shown = 1, now, due = host_clock_ns();
    int going = 1;

    t->seen = t->rings.count;
    due += t->interval_ns < FIRST_NS ? t->interval_ns : FIRST_NS;
    while (status == SHMRING_OK && going && !host_stop_requested() && draw(t, &picture)) {
        now = host_clock_ns();
        if (now < due) {
            going = act_on_key(&t->view, host_screen_key(due - now));
            continue;
        }
        if (t->count != 0 && shown == t->count) {
            break;
        }
        due = now + t->interval_ns;
        if (!t->view.frozen) {
            status = top_look(&t->rings, t->names, t->name_count);
            t->seen += t->rings.count;
            shown++;
        }
    }
    free(picture.text);
    return status;
}

/* ---- as lines ---- */

static void print_lines(const struct top *t, double seconds)
{
    char rate[FIGURE_SIZE], bytes[FIGURE_SIZE], rejected[FIGURE_SIZE], lapped[FIGURE_SIZE];
    char p50[FIGURE_SIZE], p99[FIGURE_SIZE], p999[FIGURE_SIZE], most[FIGURE_SIZE];
    char producer[TOP_ROLE], consumer[TOP_ROLE];
    size_t i;

    for (i = 0; i < t->rings.count; i++) {
        const struct top_ring *ring = &t->rings.all[i];
        const shmring_info *info = &ring->info;
        const shmring_latency *l = &ring->latency;

        (void)figure_short(rate, ring->records);
        (void)figure_short_bytes(bytes, ring->bytes);
        print_line("%8.1f %-24s %6s %7s %4.0f%% %4.0f%% %6s %6s %6s %6s %6s %6s %-10s %s -> %s",
                   seconds, short_name(info->name),
                   ring->has_rates && info->framing == SHMRING_RECORDS ? rate : "-",
                   ring->has_rates ? bytes : "-", 100 * top_fill(info), 100 * top_high(info),
                   figure_short(rejected, (double)info->counters.rejected),
                   figure_short(lapped, (double)info->counters.lapped),
                   l->count != 0 ? figure_short_ns(p50, l->p50_ns) : "-",
                   l->count != 0 ? figure_short_ns(p99, l->p99_ns) : "-",
                   l->count != 0 ? figure_short_ns(p999, l->p999_ns) : "-",
                   l->count != 0 ? figure_short_ns(most, l->max_ns) : "-", info_state(info),
                   top_role(producer, &info->producer, ring->producer_stopped),
                   top_role(consumer, &info->consumer, ring->consumer_stopped));
    }
}

static void print_ring_json(struct json *j, const struct top_ring *ring)
{
    json_open(j, NULL, '{');
    json_text(j, "name", short_name(ring->info.name));
    json_text(j, "state", info_state(&ring->info));
    json_real(j, "records_per_second", ring->records);
    json_real(j, "bytes_per_second", ring->bytes);
    json_number(j, "capacity", ring->info.capacity);
    json_number(j, "used", ring->info.used);
    json_number(j, "high_water", ring->info.counters.high_water);
    json_number(j, "rejected", ring->info.counters.rejected);
    json_number(j, "lapped", ring->info.counters.lapped);
    info_counters_json(j, &ring->info);
    info_latency_json(j, &ring->info, &ring->latency);
    info_role_json(j, "producer", &ring->info.producer);
    json_bool(j, "producer_paused", ring->producer_stopped);
    info_role_json(j, "consumer", &ring->info.consumer);
    json_bool(j, "consumer_paused", ring->consumer_stopped);
    json_close(j, '}');
}

/* One line for each update. */
static void print_json(const struct top *t)
{
    struct json j;
    size_t i;

    json_start(&j, stdout);
    j.compact = 1;
    json_open(&j, NULL, '{');
    json_number(&j, "time", (uint64_t)time(NULL));
    json_open(&j, "rings", '[');
    for (i = 0; i < t->rings.count; i++) {
        print_ring_json(&j, &t->rings.all[i]);
    }
    json_close(&j, ']');
    json_number(&j, "unreadable", t->rings.unreadable);
    json_close(&j, '}');
    json_end(&j);
}

/* Rings that were named and are not there, once: they may come, or were misspelt. */
static void say_absent(const struct top *t)
{
    shmring_info info;
    size_t i;

    for (i = 0; i < t->name_count; i++) {
        const shmring_status status = shmring_inspect(t->names[i], &info);

        if (status == SHMRING_E_NOT_FOUND) {
            say_notice("there is no ring '%s' yet; `shmring ls` has those that there are",
                       short_name(t->names[i]));
        } else if (status != SHMRING_OK) {
            say_notice("%s", shmring_error_detail());
        }
    }
}

static shmring_status run_lines(struct top *t)
{
    const uint64_t start = host_clock_ns();
    uint64_t shown, now, due = start;
    shmring_status status = top_look(&t->rings, t->names, t->name_count);

    if (status == SHMRING_OK && t->rings.count < t->name_count) {
        say_absent(t);
    }
    if (status == SHMRING_OK && !t->as_json) {
        printf("%8s %-24s %6s %7s %5s %5s %6s %6s %6s %6s %6s %6s %-10s %s\n", "SECONDS", "NAME",
               "RATE", "BYTES/S", "FILL", "HIGH", "REJECT", "LAPPED", "P50", "P99", "P99.9", "MAX",
               "STATE", "PRODUCER -> CONSUMER");
    }
    for (shown = 0; status == SHMRING_OK && (t->count == 0 || shown < t->count); shown++) {
        due += t->interval_ns;
        while ((now = host_clock_ns()) < due && !host_stop_requested()) {
            host_sleep_ns(due - now < SLICE_NS ? due - now : SLICE_NS);
            if (host_output_is_gone()) { /* nobody wakes us when its reader goes */
                return SHMRING_OK;
            }
        }
        if (host_stop_requested() || ferror(stdout)) {
            break;
        }
        status = top_look(&t->rings, t->names, t->name_count);
        t->seen += t->rings.count;
        top_sort(&t->rings, t->view.order, t->view.inverted);
        if (status == SHMRING_OK && t->as_json) {
            print_json(t);
        } else if (status == SHMRING_OK) {
            print_lines(t, (double)(t->rings.at_ns - start) / 1e9);
        }
        (void)fflush(stdout);
    }
    return status;
}

/* ---- the command ---- */

static int run(const struct command *self, int argc, char **argv)
{
    struct top t = {.interval_ns = SECOND_NS};
    int inverted = 0, ret;
    size_t i;
    const struct option options[] = {
        {"interval", OPTION_TIME, &t.interval_ns, NULL, SECOND_NS / 100, 3600 * SECOND_NS,
         "is too short: an interval is at least 10ms", "is too long: an interval is at most 1h"},
        {"count", OPTION_COUNT, &t.count, NULL, 0, 0, NULL, NULL},
        {"sort", OPTION_CHOICE, &t.order, top_orders, 0, 0, NULL, NULL},
        {"invert", OPTION_FLAG, &inverted, NULL, 0, 0, NULL, NULL},
        {"lines", OPTION_FLAG, &t.as_lines, NULL, 0, 0, NULL, NULL},
        {"json", OPTION_FLAG, &t.as_json, NULL, 0, 0, NULL, NULL},
    };
    shmring_status status;

    if (!args_read_many(self, argc, argv, options, sizeof options / sizeof options[0], t.names,
                        NAMES_MAX, &t.name_count, &ret)) {
        return ret;
    }
    for (i = 0; i < t.name_count; i++) {
        t.names[i] = ring_name(t.names[i]);
    }
    t.view = (struct top_view){.columns = 80,
                               .rows = 24,
                               .order = (enum top_order)t.order,
                               .inverted = inverted,
                               .details = 1,
                               .utf8 = host_output_is_utf8(),
                               .colours = wants_colours(),
                               .interval_ns = t.interval_ns};
    host_catch_stop(NULL);
    if (t.as_json || t.as_lines || !host_screen_start()) {
        status = run_lines(&t);
    } else {
        status = run_screen(&t);
        host_screen_end();
    }
    top_free(&t.rings);
    ret = status == SHMRING_OK ? say_done() : say_status(status);
    if (ret == EXIT_OK && t.name_count != 0 && t.count != 0 && t.seen == 0 &&
        !host_stop_requested()) {
        return say_failed("none of the rings that were named was there");
    }
    return ret == EXIT_OK && !host_stop_requested() && host_output_is_gone() ? EXIT_FAILED : ret;
}

const struct command command_top = {
    "top", "[NAME...] [options]", "a live table of rings",
    "Shows rings as they run, these or all of this user's, and changes nothing in them: records "
    "and\n"
    "bytes sent a second, how full the ring is and was at most, records refused, how often the\n"
    "reader was lapped, how long records lay in a stamped ring since the last look, and who has "
    "the\n"
    "two sides (paused: stopped by a signal; asleep: waiting).\n"
    "Where standard output is not a terminal it prints lines.\n"
    "\n"
    "  --interval T     time between two looks (1s)\n"
    "  --count N        end after N of them\n"
    "  --sort KEY       name, rate, bytes, fill, high, rejected, lapped, latency (name)\n"
    "  --invert         the other way round\n"
    "  --lines          lines, on a terminal too\n"
    "  --json           a JSON object for each look, in one line\n"
    "\n"
    "Keys: q quits; ? shows what the keys do and the columns mean; n r b f h x l p sort by name,\n"
    "rate, bytes, fill, high-water mark, rejected, lapped, p99 latency, s by the next of these;\n"
    "i inverts; d shows or hides the second line; space freezes; arrows, Page Up and Page Down,\n"
    "Home and End move. NO_COLOR in the environment has it without colours.\n",
    run};
