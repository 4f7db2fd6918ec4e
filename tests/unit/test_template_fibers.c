/* SPDX-License-Identifier: BSD-3-Clause */
/* One compiled template in many fibers: what a rendering remembers or changes for a while is its own, also where it waits in the middle,
 * where a C function of its context raises or its client leaves, and where the template is replaced meanwhile. */
#include "../../templates/engine.h"
#include <capo/i18n.h>
#include <capo/loop.h>
#include <capo/testing.h>
#include <string.h>

static int version, cleanups;

static bool find_versioned(const Engine *engine, const char *name, int place, TemplateSource *ret, const char **ret_tried)
{
    (void)engine, (void)ret_tried;
    static const char page[] =
        "{% load tz i18n own %}{% for a in three %}{% cycle 'a' 'b' 'c' as turn silent %}{{ turn }}{% ifchanged forloop.first %}{{ x }}{% endifchanged %}"
        "{% autoescape off %}{% timezone zone %}{% language code %}{% keeping %}{{ slow.wait }}{{ x }}{{ dt|date:'H' }}{% get_current_language as l %}{{ l }}"
        "{% endkeeping %}{% endlanguage %}{% endtimezone %}{% endautoescape %}{{ dt|date:'H' }}{{ x }} {% endfor %}";
    const char *text = strcmp(name, "page") != 0 ? "<other {{ turn }}>" : version ? "new {{ x }}{{ slow.wait }}{% include 'other' %}" : page;
    if (place > 0)
        return false;
    *ret = (TemplateSource){ .text = text, .size = strlen(text), .path = name };
    return true;
}

static Value keep(Context *context, const TagArguments *arguments, Value content)
{
    (void)context, (void)arguments;
    return content;
}
static const TemplateTag tags[] = { { "keeping", .block = keep }, { 0 } };
static const TagLibrary own[] = { { "own", .tags = tags }, { 0 } };

/* {{ slow.wait }} lets others run, some times; "raise" raises then, and "park" waits until the fiber is cancelled. */
typedef struct Slow { Object object; const char *what; int turns; } Slow;

static void count_cleanup(void *argument)
{
    (void)argument;
    cleanups++;
}

static bool slow_get(Object *self, const char *name, size_t size, Value *ret)
{
    (void)name, (void)size;
    Slow *slow = (Slow *)self;
    capo_defer(count_cleanup, slow);
    for (int i = 0; i < slow->turns; i++)
        fiber_yield();
    if (strcmp(slow->what, "raise") == 0)
        capo_raise(418, "An object of the context fails.");
    if (strcmp(slow->what, "park") == 0)
        capo_sleep(10);
    *ret = capo_value_text("<w>");
    return true;
}
static const ObjectOps slow_ops = { .type_name = "Slow", .get = slow_get };

typedef struct Job { Engine *engine; const char *what, *zone, *code; int turns, left, error_code; Fiber *fiber, *waiting; Context *context; char text[600]; } Job;

static void render_page(void *argument)
{
    Job *job = argument;
    Buffer out = { 0 };
    Slow *slow = capo_alloc_struct(Slow);
    *slow = (Slow){ { &slow_ops }, job->what, job->turns };
    Context *context = capo_context_for(job->engine, NULL);
    capo_context_set(context, "slow", capo_value_object(slow));
    capo_context_set(context, "x", VALUE(capo_format("<%s>", job->what)));
    capo_context_set(context, "three", VALUE("123"));
    capo_context_set(context, "zone", VALUE(job->zone));
    capo_context_set(context, "code", VALUE(job->code));
    capo_context_set(context, "dt", VALUE((DateTime){ 0 }));
    capo_template_run(capo_template_get(job->engine, "page"), context, &out);
    EXPECT(out.size < sizeof job->text);
    memcpy(job->text, capo_buffer_text(&out), out.size + 1);
}

static void job_done(void *argument, Unit *unit, const Error *error)
{
    Job *job = argument;
    job->error_code = error ? error->code : 0;
    /* what was switched for a while is back, whatever ended the rendering */
    if (unit->slots[UNIT_TIME_ZONE] || unit->slots[UNIT_LANGUAGE])
        job->error_code = -1;
    job->left = 0;
    if (job->waiting)
        fiber_wake(job->waiting);
}

static void start(Job *job)
{
    job->left = 1;
    job->fiber = capo_fiber_start("rendering", render_page, job, job_done, false);
}

static void await(Job *job)
{
    job->waiting = capo_fiber_current();
    while (job->left)
        fiber_park(2000);
}

/* What the first version gives for these values, whoever renders beside it. */
static void expect_page(const Job *job, const char *hour)
{
    Buffer wanted = { 0 };
    for (int i = 0; i < 3; i++)
        capo_put_format(&wanted, "%c%s<w><%s>%s%s00&lt;%s&gt; ", "abc"[i], i < 2 ? capo_format("&lt;%s&gt;", job->what) : "", job->what, hour, job->code, job->what);
    EXPECT_INT(job->error_code, 0);
    EXPECT_TEXT(job->text, capo_buffer_text(&wanted));
}

TEST(template_fibers_wait_in_the_middle)
{
    Engine engine = { .find = find_versioned, .libraries = own };
    Job jobs[] = {
        { &engine, "one", "Asia/Tokyo", "de", 5 }, { &engine, "two", "America/Chicago", "fr", 0 }, { &engine, "three", "UTC", "pl", 2 },
        { &engine, "raise", "Asia/Tokyo", "ja", 1 }, { &engine, "five", "Asia/Tokyo", "ar", 3 },
    };
    static const char *const hours[] = { "09", "18", "00", "", "09" };
    version = cleanups = 0;
    for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++)
        start(&jobs[i]);
    for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++)
        await(&jobs[i]);
    for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++)
        if (*hours[i])
            expect_page(&jobs[i], hours[i]);
    EXPECT_INT(jobs[3].error_code, 418);
    EXPECT_INT(cleanups, 4 * 3 + 1);
    capo_template_release_all(&engine);
}

TEST(template_fibers_reload_and_leave_meanwhile)
{
    Engine engine = { .find = find_versioned, .libraries = own, .debug = true, .quiet = true };
    Job old = { &engine, "old", "Asia/Tokyo", "de", 4 }, failing = { &engine, "raise", "UTC", "de", 6 }, left = { &engine, "park", "UTC", "fr", 0 },
        fresh = { &engine, "new", "UTC", "de", 3 };
    version = 0;
    start(&old);
    start(&failing);
    start(&left);
    for (int i = 0; i < 2; i++)
        fiber_yield();
    version = 1;                    /* the file changed, while three renderings hold what was compiled of it */
    start(&fresh);
    fiber_yield();
    fiber_cancel(left.fiber);       /* this one's client went away */
    await(&old);
    await(&failing);
    await(&left);
    await(&fresh);
    expect_page(&old, "09");
    EXPECT_INT(failing.error_code, 418);
    EXPECT_INT(left.error_code, ERROR_ABORTED);
    EXPECT_TEXT(fresh.text, "new &lt;new&gt;&lt;w&gt;<other >");
    EXPECT(capo_template_get(&engine, "page")->users >= 1);
    for (size_t i = 0; i < 256; i++)
        for (const Template *template = engine.cached[i]; template; template = template->next)
            EXPECT(!template->stale);
    capo_template_release_all(&engine);
}

/* SEC-236: a thousand renderings at once while the file changes: each is the old or the new one, as a whole. */
TEST(sec_236_a_thousand_renderings_at_once)
{
    enum { COUNT = 1000 };
    Engine engine = { .find = find_versioned, .libraries = own, .debug = true, .quiet = true };
    Job *jobs = capo_alloc_array(COUNT, sizeof *jobs);
    version = 0;
    for (int i = 0; i < COUNT; i++) {
        jobs[i] = (Job){ &engine, "x", "Asia/Tokyo", "de", i % 3 };
        start(&jobs[i]);
        if (i == COUNT / 2) {
            fiber_yield();
            version = 1;
        }
    }
    int fresh = 0;
    for (int i = 0; i < COUNT; i++) {
        await(&jobs[i]);
        if (strcmp(jobs[i].text, "new &lt;x&gt;&lt;w&gt;<other >") == 0)
            fresh++;
        else
            expect_page(&jobs[i], "09");
    }
    EXPECT(fresh > 0 && fresh < COUNT);
    capo_template_release_all(&engine);
}
