/* SPDX-License-Identifier: MIT */
/* fault_test.c - each system call of an operation fails in each way that faults.c knows, one at a
 * time; and the process is killed before and behind each.
 *
 * What failed says so by its status and by one sentence about this ring, has left no descriptor, no
 * mapping, no file and no name, and works when it is tried again. What has a way round takes it.
 */
#define _GNU_SOURCE
#include "fault_scenes.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>

#include "faults.h"

/* What the child says. */
struct report {
    volatile int status, again;
    volatile int descriptors, mappings; /* left over */
    volatile int files;                 /* left over by what failed */
    char detail[512];
};

static struct run *run;
static struct report *report;
static int leak; /* planted: a descriptor is left when something fails */

/* ---- the child ---- */

static int count_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int n = 0;

    MUST(folder != NULL);
    while (readdir(folder) != NULL) {
        n++;
    }
    (void)closedir(folder);
    return n;
}

/* Those of rings only: the C library's memory comes and goes. */
static int count_mappings(void)
{
    FILE *f = fopen("/proc/self/maps", "re");
    char line[512];
    int n = 0;

    MUST(f != NULL);
    while (fgets(line, sizeof line, f) != NULL) {
        n += strstr(line, "shmring") != NULL || strstr(line, "/dev/shm") != NULL;
    }
    (void)fclose(f);
    return n;
}

static int scene_body(const struct scene *scene)
{
    int descriptors, mappings, files;

    descriptors = count_descriptors();
    mappings = count_mappings();
    if (scene->begin != NULL) {
        scene->begin(run);
    }
    files = (int)life_count_files(run->ring);
    step_mark();
    report->status = scene->operation(run);
    step_mark();
    report->files = report->status < 0 ? (int)life_count_files(run->ring) - files : 0;
    (void)snprintf(report->detail, sizeof report->detail, "%s", shmring_error_detail());
    if (report->status >= 0 && scene->undo != NULL) {
        scene->undo(run);
    } else if (report->status < 0 && leak) {
        (void)dup(1);
    }
    report->again = scene->operation(run);
    if (report->again >= 0 && scene->undo != NULL) {
        scene->undo(run);
    }
    if (scene->end != NULL) {
        scene->end(run);
    }
    report->descriptors = count_descriptors() - descriptors;
    report->mappings = count_mappings() - mappings;
    return 0;
}

/* ---- one visit ---- */

enum way { FAIL, KILL_BEFORE, KILL_BEHIND };

struct visit {
    const struct scene *scene;
    uint32_t call; /* the how manieth */
    uint32_t fault;
    enum way way;
    struct step_call met; /* in shared memory */
    const struct fault *failed;
};

static struct visit *visit;

#define NO_SUCH_CALL  3
#define NO_SUCH_FAULT 4
#define NO_STEPS      77

static int child_body(void *arg)
{
    return scene_body(arg);
}

/* The child is before the call. */
static void do_it(pid_t child)
{
    if (visit->way == FAIL) {
        MUST(step_fail_call(child, visit->failed->error, visit->failed->made));
        return;
    }
    if (visit->way == KILL_BEHIND) {
        (void)step_next_call(child, &visit->met);
    }
    (void)process_kill(child);
}

static int visit_body(void *arg)
{
    const struct scene *scene = visit->scene;
    pid_t child;
    uint32_t i;
    int there = 1;

    (void)arg;
    memset(report, 0, sizeof *report);
    scene->before(run);
    child = step_start(child_body, (void *)(uintptr_t)scene);
    if (child == 0) {
        return NO_STEPS;
    }
    for (i = 0; there && i <= visit->call; i++) {
        there = step_next_call(child, &visit->met);
    }
    visit->failed = there ? fault_of(&visit->met, visit->fault) : NULL;
    if (!there || (visit->way == FAIL && visit->failed == NULL)) {
        (void)process_kill(child);
        scene->after(run);
        return there ? NO_SUCH_FAULT : NO_SUCH_CALL;
    }
    do_it(child);
    if (visit->way == FAIL) {
        MUST(process_end(child) == 0);
    }
    scene->after(run);
    return 0;
}

/* ---- what the report must say ---- */

static const char *wrong_sentence(const struct scene *scene)
{
    const char *detail = report->detail;
    size_t n = strlen(detail);

    if (n < 20 || n > 400 || strchr(detail, '\n') != NULL || detail[n - 1] == ':') {
        return "no clear sentence";
    }
    if (!scene->nameless && strstr(detail, run->ring) == NULL) {
        return "a sentence that does not name the ring";
    }
    if (report->status == SHMRING_E_OS && strncmp(detail, "no ring", 7) == 0) {
        return "the sentence of an earlier error";
    }
    if (visit->failed->want == SHMRING_E_OS &&
        strstr(detail, strerror(visit->failed->error)) == NULL &&
        strstr(detail, "failed") == NULL) {
        return "a sentence that does not say what failed";
    }
    return NULL;
}

static const char *wrong_report(const struct scene *scene)
{
    const struct fault *f = visit->failed;

    if (report->status < 0 && f->may_pass == 2) {
        return "there is a way round, and it was not taken";
    }
    if (report->status >= 0 && f->may_pass == 0) {
        return "the error was not noticed";
    }
    if (report->status < 0 && f->want != ANY && report->status != f->want &&
        !(scene->nameless && report->status == SHMRING_E_OS)) {
        return "another status";
    }
    if (report->descriptors != 0 || report->mappings != 0) {
        return "something is left open";
    }
    if (report->files > 0) {
        return "a name is left";
    }
    if (report->again < 0 &&
        !(report->again == SHMRING_E_NOT_FOUND && scene->undo == NULL && report->status >= 0)) {
        return "the next try fails";
    }
    return report->status < 0 ? wrong_sentence(scene) : NULL;
}

#define SHOWN_MAX 20u
static uint32_t shown;

/* 1 when that way at that call is survived, or does not exist: then *ret_end says so. */
static int goes_well(int *ret_end)
{
    const char *wrong;

    *ret_end = process_end(process_start(visit_body, NULL));
    if (*ret_end == NO_STEPS) {
        SKIP("processes cannot be single-stepped here");
    }
    if (*ret_end == NO_SUCH_CALL || *ret_end == NO_SUCH_FAULT) {
        return 1;
    }
    wrong = *ret_end != 0        ? "what comes after it is wrong"
            : visit->way == FAIL ? wrong_report(visit->scene)
                                 : NULL;
    if (wrong != NULL && shown++ < SHOWN_MAX) {
        printf("# %s, call %u is number %ld (%s), %s %s: status %d, %d descriptors and %d mappings "
               "left, again %d: %s: %s\n",
               visit->scene->name, visit->call, visit->met.number,
               visit->met.text[0] == '/' ? visit->met.text : "",
               visit->way == FAIL ? "fails with" : "killed at it",
               visit->way == FAIL ? strerror(visit->failed->error) : "", report->status,
               report->descriptors, report->mappings, report->again, wrong, report->detail);
    }
    return wrong == NULL;
}

/* Every call of a scene, in every way; how many went wrong. */
static uint32_t play(const struct scene *scene, int with_kills)
{
    uint32_t failed = 0, kills = 0, errors = 0, calls = 0;
    int end = 0;

    visit->scene = scene;
    for (visit->call = 0; end != NO_SUCH_CALL; visit->call++) {
        for (visit->way = KILL_BEFORE; with_kills && visit->way <= KILL_BEHIND; visit->way++) {
            visit->fault = 0;
            failed += !goes_well(&end);
            kills += end == 0;
        }
        visit->way = FAIL;
        for (visit->fault = 0; end < NO_SUCH_CALL; visit->fault++) {
            failed += !goes_well(&end);
            errors += end == 0;
        }
        calls += end != NO_SUCH_CALL;
        end = end == NO_SUCH_FAULT ? 0 : end;
    }
    printf("# %s: %u calls, %u errors, %u kills, %u went wrong\n", scene->name, calls, errors,
           kills, failed);
    CHECK(errors > 0);
    return failed;
}

/* ---- the tests ---- */

static void play_all(const char *word)
{
    uint32_t i, n = 0;

    for (i = 0; i < scene_count; i++) {
        if (strstr(scenes[i].name, word) != NULL) {
            CHECK_EQ(play(&scenes[i], 1), 0);
            n++;
        }
    }
    CHECK(n > 0);
}

static void shouldSayWhatFailedWhenARingIsOpenedAndWorkTheNextTime(void)
{
    play_all("opens");
}

static void shouldCloseWhateverFails(void)
{
    play_all("closes");
}

static void shouldSayWhatFailedWhenARingIsLookedAtOrRemoved(void)
{
    play_all("looks");
    play_all("removes");
}

static void shouldLoseNothingWhenARepairFails(void)
{
    play_all("repairs");
}

static void shouldWaitWhateverFails(void)
{
    play_all("waits");
}

static int planted_body(void *arg)
{
    int how = setjmp(check_out);

    (void)arg;
    leak = 1;
    shown = SHOWN_MAX - 1;
    return how == 0 ? play(&scenes[0], 0) != 0 : how == 2 ? NO_STEPS : 9;
}

static void shouldFindADescriptorThatIsLeftOpen(void)
{
    int how = process_end(process_start(planted_body, NULL));

    if (how == NO_STEPS) {
        SKIP("processes cannot be single-stepped here");
    }
    CHECK_EQ(how, 1);
}

int main(void)
{
    run = process_shared(sizeof *run);
    report = process_shared(sizeof *report);
    visit = process_shared(sizeof *visit);
    RUN(shouldSayWhatFailedWhenARingIsOpenedAndWorkTheNextTime);
    RUN(shouldCloseWhateverFails);
    RUN(shouldSayWhatFailedWhenARingIsLookedAtOrRemoved);
    RUN(shouldLoseNothingWhenARepairFails);
    RUN(shouldWaitWhateverFails);
    RUN(shouldFindADescriptorThatIsLeftOpen);
    return check_done();
}
