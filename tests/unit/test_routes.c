/* SPDX-License-Identifier: BSD-3-Clause */
/* Routes: matching, reversing, mistakes. Most cases are data in ../shared/conformance; here is what those have not. */
#include <capo/testing.h>
#include <stdio.h>
#include <string.h>

static Response *no_view(Request *req) { (void)req; return NULL; }
static Response *other_view(Request *req) { (void)req; return NULL; }

static bool even(const char *text, size_t size) { return (text[size - 1] - '0') % 2 == 0; }
static const Converter own[] = {
    { "year", "[0-9]{4}" },
    { "even", "[0-9]+", .accepts = even },
    { 0 }
};

static const Route inner[] = {
    { "", no_view, "index" },
    { "<int:pk>/", no_view, "detail" },
    { 0 }
};
static const Route urls[] = {
    { "", no_view, "home" },
    { "y/<year:y>/", no_view, "year" },
    { "e/<even:n>/", no_view, "even" },
    { "a/", .include = inner, .name = "first", .app_name = "app" },
    { "b/<slug:team>/", .include = inner, .name = "second", .app_name = "app", .arguments = ARGUMENTS(TEXT_ARGUMENT("kind", "b")) },
    { "<str:a>-<str:b>-<str:c>-<str:d>/end/", no_view, "many" },
    { "pair/<path:a>:<path:b>", no_view, "pair" },
    { 0 }
};

static void use(const Route *rows)
{
    capo_settings_init(&(Settings){ .secret_key = "a secret key of forty characters or more", .urls = rows, .converters = own });
}

static const char *name_of(const char *path)
{
    const char *name = NULL;
    return capo_resolve(path, &name, NULL) ? name : "none";
}

TEST(routes_own_converters)
{
    use(urls);
    EXPECT_TEXT(name_of("/y/2026/"), "year");
    EXPECT_TEXT(name_of("/y/20260/"), "none");
    EXPECT_TEXT(name_of("/e/12/"), "even");
    EXPECT_TEXT(name_of("/e/13/"), "none");
    EXPECT_TEXT(capo_reverse("year", V("y", 1999)), "/y/1999/");
    EXPECT(!capo_reverse_or_null("even", CAPO_VARS(V("n", 13))));
}

TEST(routes_includes_carry_arguments_and_namespaces)
{
    use(urls);
    const char *name;
    const Var *arguments;
    EXPECT(capo_resolve("/b/red/7/", &name, &arguments));
    EXPECT_TEXT(name, "second:detail");
    EXPECT_TEXT(arguments[0].name, "team");
    EXPECT_TEXT(arguments[1].name, "kind");
    EXPECT_TEXT(arguments[2].name, "pk");
    EXPECT_INT(arguments[2].value.integer, 7);
    EXPECT_TEXT(capo_reverse("second:detail", V("team", "red"), V("pk", 7)), "/b/red/7/");
    EXPECT_TEXT(capo_reverse_in("app:detail", CAPO_VARS(V("pk", 7)), "first"), "/a/7/");
    EXPECT_TEXT(capo_reverse_in("app:detail", CAPO_VARS(V("", "red"), V("", 7)), NULL), "/b/red/7/");
}

/* A path that comes near in many ways is refused in time that grows with its square at most. */
TEST(routes_take_no_exponential_time)
{
    use(urls);
    char *path = capo_alloc(8001);
    memset(path, '-', 8000);
    *path = '/';
    int64_t start = capo_test_cpu_us();
    EXPECT_TEXT(name_of(path), "none");
    memset(path, ':', 8000);
    memcpy(path, "/pair/", 6);
    path[7999] = '\n';
    EXPECT_TEXT(name_of(path), "none");
    EXPECT(capo_test_cpu_us() - start < 5 * 1000 * 1000);
}

/* SEC-139 */
TEST(routes_match_the_whole_path_and_one_form)
{
    use(urls);
    EXPECT_TEXT(name_of("/a/"), "first:index");
    static const char *const paths[] = { "/a/\n", "/a", "//a/", "/x/../a/", "/a/./", "/A/", "a/", "", "/a//" };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        EXPECT_TEXT(name_of(paths[i]), "none");
}

/* SEC-131 */
TEST(routes_reversed_are_quoted_and_begin_with_one_slash)
{
    static const Route rows[] = { { "<path:p>", no_view, "any" }, { 0 } };
    use(rows);
    EXPECT_TEXT(capo_reverse("any", V("p", "/evil")), "/%2Fevil");
    EXPECT_TEXT(capo_reverse("any", V("p", "a?x#y")), "/a%3Fx%23y");
    EXPECT_TEXT(capo_reverse("any", V("p", "a b\r%é")), "/a%20b%0D%25%C3%A9");
}

static void reverse_typo(void *name) { capo_reverse((const char *)name, V("pk", 1)); }

TEST(routes_reverse_says_what_there_is)
{
    use(urls);
    const Error *error = EXPECT_RAISES(ERROR_NO_REVERSE_MATCH, reverse_typo, "first:detial");
    EXPECT(strstr(error->message, "Did you mean 'first:detail'?"));
    error = EXPECT_RAISES(ERROR_NO_REVERSE_MATCH, reverse_typo, "xyzxyzxyz");
    EXPECT(strstr(error->message, "There are: home, year, even"));
    error = EXPECT_RAISES(ERROR_NO_REVERSE_MATCH, reverse_typo, "first:index");
    EXPECT(strstr(error->message, "was given pk=1; that does not fit '/a/'"));
}

static void use_rows(void *rows) { use(rows); }

TEST(routes_mistakes_stop_the_program)
{
    static const Route endless[] = { { "a/", .include = endless }, { 0 } };
    static const struct { Route rows[2]; const char *says; } mistakes[] = {
        { { { "<itn:a>/", no_view } }, "Did you mean 'int'?" },
        { { { "<int:a/", no_view } }, "'<' without '>'" },
        { { { "<a>/<a>/", no_view } }, "more than once" },
        { { { "<int: a>/", no_view } }, "white space" },
        { { { "<int:1a>/", no_view } }, "is no name" },
        { { { "/x/", no_view } }, "begins with '/'" },
        { { { "x/" } }, "neither a view nor an include" },
        { { { "x/", no_view, .include = inner } }, "both a view and an include" },
        { { { "x/", no_view, "a:b" } }, "holds no ':'" },
        { { { "x/", .include = endless } }, "include each other" },
    };
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        const Error *error = EXPECT_RAISES(ERROR_IMPROPERLY_CONFIGURED, use_rows, (void *)mistakes[i].rows);
        if (!strstr(error->message, mistakes[i].says))
            capo_test_fail(__FILE__, __LINE__, "case %zu: %s", i, error->message);
    }
}

typedef struct Seen { Buffer text; } Seen;
static void see(const char *pattern, const char *name, const Route *route, void *context)
{
    (void)route;
    capo_put_format(&((Seen *)context)->text, "%s=%s ", pattern, name ? name : "-");
}

TEST(routes_are_listed_in_order)
{
    static const Route rows[] = { { "x/", .include = inner, .name = "n" }, { "z", other_view }, { 0 } };
    use(rows);
    Seen seen = { { 0 } };
    capo_each_route(see, &seen);
    EXPECT_TEXT(capo_buffer_text(&seen.text), "static/<path:path>=- x/=n:index x/<int:pk>/=n:detail z=- ");
}

TEST(routes_by_regular_expression)
{
    static const Route below[] = { { "^x/(?P<b>[a-z]+)$", no_view, "leaf", .regex = true }, { 0 } };
    static const Route rows[] = {
        { "^y(?P<year>[0-9]{4})/(?:p(?P<page>\\d+)/)?$", no_view, "year", .regex = true },
        { "^n/(\\d+)-(\\w+?)/$", no_view, "numbered", .regex = true },
        { "^in/(?P<a>a|bb)/", .include = below, .name = "in", .regex = true },
        { 0 }
    };
    use(rows);
    const Var *arguments;
    EXPECT(capo_resolve("/y2026/", NULL, &arguments));
    EXPECT_TEXT(arguments[0].name, "year");
    EXPECT_TEXT(arguments[0].value.text, "2026");
    EXPECT(!arguments[1].name);
    EXPECT_TEXT(name_of("/y2026/p3/"), "year");
    EXPECT_TEXT(name_of("/y2026/p3/\n"), "none");              /* SEC-139 */
    EXPECT(capo_resolve("/n/12-ab/", NULL, &arguments));
    EXPECT_TEXT(arguments[0].name, "0");
    EXPECT_TEXT(arguments[1].value.text, "ab");
    EXPECT_TEXT(name_of("/in/bb/x/q"), "in:leaf");
    EXPECT_TEXT(capo_reverse("year", V("year", 1999)), "/y1999/");
    EXPECT_TEXT(capo_reverse("year", V("year", 1999), V("page", 2)), "/y1999/p2/");
    EXPECT(!capo_reverse_or_null("year", CAPO_VARS(V("year", 99))));
    EXPECT_TEXT(capo_reverse("numbered", V("", 1), V("", "x")), "/n/1-x/");
    EXPECT_TEXT(capo_reverse("in:leaf", V("a", "bb"), V("b", "z")), "/in/bb/x/z");
    EXPECT(!capo_reverse_or_null("in:leaf", CAPO_VARS(V("a", "c"), V("b", "z"))));
}

/* SEC-141 */
TEST(routes_hostile_expressions_and_paths_end_soon)
{
    static const Route rows[] = {
        { "^(a+)+$", no_view, "a", .regex = true }, { "^(a|aa)+b$", no_view, "b", .regex = true }, { "^(.*)*x(.*)*y$", no_view, "c", .regex = true },
        { "(x+x+)+y", no_view, "d", .regex = true }, { "^((a?){50}){50}c$", no_view, "e", .regex = true }, { 0 }
    };
    use(rows);
    char *path = capo_alloc(8001);
    memset(path, 'a', 8000);
    *path = '/';
    path[7999] = '!';
    int64_t start = capo_test_cpu_us();
    EXPECT_TEXT(name_of(path), "none");
    memset(path + 1, 'x', 7998);
    EXPECT_TEXT(name_of(path), "none");
    EXPECT(capo_test_cpu_us() - start < 5 * 1000 * 1000);
}

TEST(routes_broken_expressions_are_named)
{
    static const struct { const char *pattern, *says; } cases[] = {
        { "(a", "'(' is not closed" }, { "a)", "')' closes nothing" }, { "[a", "'[' is not closed" }, { "*a", "nothing to repeat" }, { "a\\", "ends with" },
        { "(?P<a>x)(?P<a>y)", "same name" }, { "(?P=b)", "that there is not" }, { "(?#x)", "not known" }, { "(?P<a", "name is not closed" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Route rows[2] = { { cases[i].pattern, no_view, .regex = true } };
        const Error *error = EXPECT_RAISES(ERROR_IMPROPERLY_CONFIGURED, use_rows, (void *)rows);
        if (!strstr(error->message, cases[i].says))
            capo_test_fail(__FILE__, __LINE__, "%s: %s", cases[i].pattern, error->message);
    }
}
