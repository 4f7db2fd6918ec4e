/* SPDX-License-Identifier: BSD-3-Clause */
/* makemessages: texts out of C and templates, and catalogues that keep what translators wrote. */
#include <capo/testing.h>
#include <capo/templates.h>
#include "../../cli/cli_internal.h"
#include "../../cli/extract_messages.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *listed(const FoundTexts *found)
{
    Buffer out = { 0 };
    for (size_t i = 0; i < found->count; i++) {
        const PoText *text = &found->texts[i];
        capo_put_format(&out, "[%s|%s|%s|%s]", text->context ? text->context : "", text->one, text->many ? text->many : "", text->places);
    }
    return capo_buffer_text(&out);
}

static const char *texts_of_c(const char *source)
{
    FoundTexts found = { 0 };
    extract_from_c(&found, "a.c", source, strlen(source));
    return listed(&found);
}

TEST(makemessages_texts_of_c)
{
    static const struct { const char *source, *found; } cases[] = {
        { "capo_gettext(\"a\")", "[|a||a.c:1]" },
        { "x = capo_gettext ( \"a\" \" b\"\n  /* \"c\" */ \"\\n\\\"\\x41\\u00e9\\101\" );", "[|a b\n\"A\xC3\xA9" "A||a.c:1]" },
        { "\n\ncapo_ngettext(\"%d one\", \"many\", n(1, 2))", "[|%d one|many|a.c:3]" },
        { "capo_pgettext(\"month\", \"May\") capo_npgettext(\"c\", \"o\", \"m\", 3)", "[month|May||a.c:1][c|o|m|a.c:1]" },
        { "CAPO_NOOP(\"n\"), _(\"u\"), capo_fill(capo_gettext(\"in\"), V(\"not\", 1))", "[|n||a.c:1][|u||a.c:1][|in||a.c:1]" },
        { "capo_gettext(name) capo_gettext(\"a\" name) capo_gettext(f(\"a\")) capo_ngettext(\"a\", b, 1) capo_pgettext(c, \"a\")", "" },
        { "// capo_gettext(\"a\")\n/* capo_gettext(\"b\") */ \"capo_gettext(\\\"c\\\")\" '\"' my_capo_gettext(\"d\") capo_gettexts(\"e\")", "" },
        { "#define _(text) capo_gettext(text)\n#  define T _(\"in a macro\")\n", "[|in a macro||a.c:2]" },
        { "capo_gettext(\"a\");\ncapo_gettext(\"a\"); capo_ngettext(\"a\", \"as\", 1);", "[|a|as|a.c:1 a.c:2]" },
        { "capo_gettext(\"\") capo_gettext(", "" }, { "capo_gettext(\"a", "" }, { "/* no end", "" }, { "capo_gettext(\"a\", (", "[|a||a.c:1]" }, { "", "" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        EXPECT_TEXT(texts_of_c(cases[i].source), cases[i].found);
}

static void note(const TemplateMessage *message, void *out)
{
    capo_put_format(out, "[%s|%s|%s|%d]", message->context ? message->context : "", message->one, message->many ? message->many : "", message->line);
}

static const char *texts_of_template(const char *source)
{
    Buffer out = { 0 };
    capo_template_messages("t.html", source, note, &out);
    return capo_buffer_text(&out);
}

/* As the tags look them up. */
TEST(makemessages_texts_of_templates)
{
    capo_settings_init(&(Settings){ .secret_key = "a secret key of forty characters or more" });
    EXPECT_TEXT(texts_of_template("{% load i18n %}{% translate 'a' %}\n{% trans \"100%\" context 'c' as x %}{% translate name %}{% translate 'n' noop %}"),
                "[|a||1][c|100%%||2][|n||2]");
    EXPECT_TEXT(texts_of_template("{% load i18n %}{% blocktranslate with x=y|upper count n=z trimmed %}\n  one {{ x }} 5%\n{% plural %}\n {{ n }} many\n{% endblocktranslate %}"),
                "[|one %(x)s 5%%|%(n)s many|1]");
    EXPECT_TEXT(texts_of_template("{{ _('a') }}{{ x|default:_(\"b\") }}{% if x == _('c') %}{% endif %}{% comment %}{{ _('no') }}{% endcomment %}"), "[|a||1][|b||1][|c||1]");
    EXPECT_TEXT(texts_of_template("{% extends 'nowhere.html' %}{% block a %}{{ _('in') }}{% endblock %}"), "[|in||1]");
}

static const char *merged(const char *old, const PoText *texts, size_t count)
{
    Buffer out = { 0 }, compiled = { 0 };
    int line;
    const char *why = "";
    po_merge(old, strlen(old), "msgid \"\"\nmsgstr \"\"\n\"Plural-Forms: nplurals=3; plural=0;\\n\"\n", texts, count, &out);
    const char *text = capo_buffer_text(&out);
    if (!po_compile(text, out.size, &compiled, &line, &why))
        capo_test_fail(__FILE__, __LINE__, "line %d: %s in:\n%s", line, why, text);
    return text;
}

TEST(makemessages_keeps_what_translators_wrote)
{
    static const PoText texts[] = { { NULL, "one\ntwo", NULL, "a.c:1 b.c:2" }, { "c", "x \"%(n)s\"", "xs", "a.c:3" } };
    const char *fresh = merged("", texts, 2);
    EXPECT_TEXT(fresh, "msgid \"\"\nmsgstr \"\"\n\"Plural-Forms: nplurals=3; plural=0;\\n\"\n\n#: a.c:1\n#: b.c:2\nmsgid \"\"\n\"one\\n\"\n\"two\"\nmsgstr \"\"\n\n"
                "#: a.c:3\n#, python-format\nmsgctxt \"c\"\nmsgid \"x \\\"%(n)s\\\"\"\nmsgid_plural \"xs\"\nmsgstr[0] \"\"\nmsgstr[1] \"\"\nmsgstr[2] \"\"\n");
    EXPECT_TEXT(merged(fresh, texts, 2), fresh);
    static const char old[] =
        "# Ours.\nmsgid \"\"\nmsgstr \"\"\n\"Plural-Forms: nplurals=2; plural=n!=1;\\n\"\n\n"
        "# a remark\n#. theirs\n#: old.c:9\n#, fuzzy, python-format\nmsgid \"\"\n\"one\\n\"\n\"two\"\nmsgstr \"\"\n\"eins\\n\"\n\"zwei\"\n\n"
        "#: old.c:1\nmsgctxt \"c\"\nmsgid \"x \\\"%(n)s\\\"\"\nmsgid_plural \"xs\"\nmsgstr[0] \"x\"\nmsgstr[1] \"X %(n)s\"\n\n"
        "msgid \"gone\"\nmsgstr \"weg\"\n\nmsgid \"never\"\nmsgstr \"\"\n\n#~ msgid \"older\"\n#~ msgstr \"alt\"\n";
    const char *now = merged(old, texts, 2);
    EXPECT_TEXT(now, "# Ours.\nmsgid \"\"\nmsgstr \"\"\n\"Plural-Forms: nplurals=2; plural=n!=1;\\n\"\n\n"
                "# a remark\n#: a.c:1\n#: b.c:2\n#, fuzzy, python-format\nmsgid \"\"\n\"one\\n\"\n\"two\"\nmsgstr \"\"\n\"eins\\n\"\n\"zwei\"\n\n"
                "#: a.c:3\n#, python-format\nmsgctxt \"c\"\nmsgid \"x \\\"%(n)s\\\"\"\nmsgid_plural \"xs\"\nmsgstr[0] \"x\"\nmsgstr[1] \"X %(n)s\"\n\n"
                "#~ msgid \"gone\"\n#~ msgstr \"weg\"\n\n#~ msgid \"older\"\n#~ msgstr \"alt\"\n");
    EXPECT_TEXT(merged(now, texts, 2), now);
    /* one that comes back has its translation; one that got a plural has none */
    static const PoText back[] = { { NULL, "gone", NULL, "a.c:1" }, { NULL, "one\ntwo", "many", "a.c:1" } };
    now = merged(now, back, 2);
    EXPECT(strstr(now, "\nmsgid \"gone\"\nmsgstr \"weg\"\n"));
    EXPECT(strstr(now, "msgid_plural \"many\"\nmsgstr[0] \"\"\nmsgstr[1] \"\"\n"));
}

/* --- the command -------------------------------------------------------------------------------------------------------------------- */

static void back_to(void *fd)
{
    EXPECT(fchdir((int)(intptr_t)fd) == 0);
    close((int)(intptr_t)fd);
}

static void put(const char *path, const char *text)
{
    EXPECT_INT(capo_write_file(path, text, strlen(text)), 0);
}

static int run_command(const char *language)
{
    const Command *command = cli_framework_commands;
    while (strcmp(command->name, "makemessages"))
        command++;
    char *arguments[] = { (char *)language, NULL };
    EXPECT(cli_parse_options("site", command, arguments));
    return command->run();
}

TEST(makemessages_command)
{
    char path[] = "/tmp/capo-messages-XXXXXX";
    EXPECT(mkdtemp(path));
    int here = open(".", O_RDONLY | O_DIRECTORY);
    capo_defer(back_to, (void *)(intptr_t)here);
    EXPECT(chdir(path) == 0);
    EXPECT(system("mkdir -p blog/locale blog/templates/blog shop templates build") == 0);
    put("main.c", "capo_gettext(\"of the site\")");
    put("build/made.c", "capo_gettext(\"of the build\")");
    put("blog/views.c", "\ncapo_gettext(\"of the blog\")");
    put("blog/templates/blog/list.html", "{% load i18n %}{% translate \"on the list\" %}");
    put("blog/notes.txt", "{{ _('no template') }}");
    put("shop/models.def", "CHAR(name, .verbose_name = CAPO_NOOP(\"of the shop\"))");
    put("templates/base.html", "{{ _('on the base') }}");
    capo_settings_init(&(Settings){ .secret_key = "a secret key of forty characters or more" });
    EXPECT_INT(run_command(NULL), 1);                       /* no language yet */
    EXPECT_INT(run_command("pt-br"), 0);
    const char *site = capo_read_file("locale/pt_BR/LC_MESSAGES/django.po", NULL), *blog = capo_read_file("blog/locale/pt_BR/LC_MESSAGES/django.po", NULL);
    EXPECT(site && strstr(site, "plural=(n > 1)") && strstr(site, "#: main.c:1\nmsgid \"of the site\"") && strstr(site, "of the shop") && strstr(site, "on the base"));
    EXPECT(site && !strstr(site, "of the build") && !strstr(site, "of the blog"));
    EXPECT(blog && strstr(blog, "#: blog/views.c:2\n") && strstr(blog, "#: blog/templates/blog/list.html:1\nmsgid \"on the list\"") && !strstr(blog, "no template"));
    EXPECT_INT(run_command(NULL), 0);                       /* those that there are; nothing changes */
    EXPECT_TEXT(capo_read_file("locale/pt_BR/LC_MESSAGES/django.po", NULL), site);
    put("blog/locale/pt_BR/LC_MESSAGES/django.po", "msgid \"broken");
    EXPECT_INT(run_command(NULL), 1);
    EXPECT_TEXT(capo_read_file("blog/locale/pt_BR/LC_MESSAGES/django.po", NULL), "msgid \"broken");
    put("templates/base.html", "{% if %}");
    EXPECT_INT(run_command("de"), 1);
    EXPECT(system(capo_format("rm -rf %s", path)) == 0);
}
