/* SPDX-License-Identifier: BSD-3-Clause */
/* The admin's list: columns, search, filters, order, pages, actions, editing in place; and what its URL may not ask. */
#include "../admin/library.h"
#include <string.h>

#define LIST_URL "/admin/library/book/"

static ClientResponse *get(Library *all, const char *query)
{
    return capo_client_get(all->client, capo_format(LIST_URL "%s", query));
}

/* Which of the three books the list shows: "ABC". */
static const char *shown(ClientResponse *page)
{
    EXPECT_STATUS(page, 200);
    const char *at = strstr(page->body, "<tbody>"), *names[] = { "Ashes", "Birds", "Clay" };
    Buffer out = { 0 };
    for (; at && (at = strstr(at, "change/")) != NULL; at++)
        for (int i = 0; i < 3; i++) {
            const char *text = strchr(at, '>');
            if (text && strncmp(text + 1, names[i], strlen(names[i])) == 0)
                capo_put_char(&out, names[i][0]);
        }
    return capo_buffer_text(&out);
}

TEST(admin_list_shows_columns)
{
    Library all = library_open();
    ClientResponse *page = get(&all, "");
    EXPECT_STATUS(page, 200);
    EXPECT_CONTAINS(page, "Select book to change");
    EXPECT_CONTAINS(page, "3 books");
    EXPECT_CONTAINS(page, "id=\"result_list\"");
    EXPECT_CONTAINS(page, "class=\"column-author sortable");
    EXPECT_CONTAINS(page, "<span class=\"hidden\">True</span>");
    EXPECT_CONTAINS(page, "Hard");
    EXPECT_CONTAINS(page, "&lt;Ashes&gt;");
    EXPECT_NOT_CONTAINS(page, "<Ashes>");
    EXPECT_CONTAINS(page, capo_format("href=\"/admin/library/book/%lld/change/\"", (long long)all.first->id));
    EXPECT_CONTAINS(page, "name=\"_selected_action\"");
    EXPECT_TEXT(shown(page), "ABC");
}

TEST(admin_list_searches)
{
    Library all = library_open();
    EXPECT_TEXT(shown(get(&all, "?q=ASH")), "A");
    EXPECT_TEXT(shown(get(&all, "?q=ann")), "AC");
    EXPECT_TEXT(shown(get(&all, "?q=ann+clay")), "C");
    EXPECT_TEXT(shown(get(&all, "?q=poetry")), "B");
    EXPECT_TEXT(shown(get(&all, "?q=lay")), "C");
    EXPECT_CONTAINS(get(&all, "?q=ann"), "2 results (<a href=\"?\">3 total</a>)");
    EXPECT_CONTAINS(get(&all, "?q=nothing"), "0 books");
    EXPECT_CONTAINS(get(&all, "?q=%22%3Cb%3E"), "value=\"&quot;&lt;b&gt;\"");
}

/* A row is listed once, although two of its genres match. */
TEST(admin_list_search_over_many_gives_no_duplicates)
{
    Library all = library_open();
    capo_add(all.first, "genres", all.poetry->id);
    EXPECT_TEXT(shown(get(&all, "?q=r")), "AB");
}

TEST(admin_list_filters)
{
    Library all = library_open();
    EXPECT_TEXT(shown(get(&all, "?lent__exact=1")), "B");
    EXPECT_TEXT(shown(get(&all, "?lent__exact=0")), "AC");
    EXPECT_TEXT(shown(get(&all, "?cover__exact=h")), "ABC");
    EXPECT_TEXT(shown(get(&all, capo_format("?genres__id__exact=%lld", (long long)all.crime->id))), "A");
    EXPECT_TEXT(shown(get(&all, capo_format("?author__id__exact=%lld", (long long)all.bob->id))), "B");
    EXPECT_TEXT(shown(get(&all, "?genres__isnull=True")), "C");
    EXPECT_TEXT(shown(get(&all, "?published__isnull=True")), "BC");
    EXPECT_TEXT(shown(get(&all, "?length=long")), "A");
    EXPECT_TEXT(shown(get(&all, "?author__active__exact=0")), "");
    EXPECT_TEXT(shown(get(&all, "?lent__exact=0&q=cl")), "C");
    ClientResponse *page = get(&all, "?lent__exact=1");
    EXPECT_CONTAINS(page, "Clear all filters");
    EXPECT_CONTAINS(page, "Any date");
    EXPECT_CONTAINS(page, "Past 7 days");
    EXPECT_CONTAINS(get(&all, "?_facets=True"), "<span class=\"count\">1</span>");
}

TEST(admin_list_filter_panels_are_bounded)
{
    Library all = library_open();
    for (int i = 0; i < 510; i++) {
        Author *author = capo_new(Author);
        author->name = capo_format("M%03d", i);
        capo_save(author);
    }
    Author *last = capo_first(Author, .where = { .name = EQ("M509") });
    EXPECT_NOT_CONTAINS(get(&all, ""), "M509");
    ClientResponse *page = get(&all, capo_format("?author__id__exact=%lld", (long long)last->id));
    EXPECT_CONTAINS(page, "<strong>M509</strong>");
    EXPECT_TEXT(shown(page), "");
}

TEST(admin_list_date_filter_links_lead_to_rows)
{
    Library all = library_open();
    ClientResponse *page = get(&all, "");
    const char *at = strstr(page->body, "published__gte=");
    EXPECT(at != NULL);
    const char *query = capo_strndup(at, strcspn(at, "\""));
    Buffer plain = { 0 };
    for (const char *c = query; *c; c++)
        if (strncmp(c, "&amp;", 5) == 0) {
            capo_put_char(&plain, '&');
            c += 4;
        } else {
            capo_put_char(&plain, *c);
        }
    EXPECT_TEXT(shown(get(&all, capo_format("?%s", capo_buffer_text(&plain)))), "A");
}

TEST(admin_list_date_hierarchy)
{
    Library all = library_open();
    DateParts now = capo_local(capo_now(), NULL);
    EXPECT_CONTAINS(get(&all, ""), capo_format("published__day=%d", now.day));
    EXPECT_TEXT(shown(get(&all, capo_format("?published__year=%d", now.year))), "A");
    EXPECT_CONTAINS(get(&all, capo_format("?published__year=%d", now.year)), "All dates");
    EXPECT_TEXT(shown(get(&all, capo_format("?published__year=%d&published__month=%d", now.year, now.month))), "A");
    EXPECT_TEXT(shown(get(&all, capo_format("?published__year=%d&published__month=%d&published__day=%d", now.year, now.month, now.day))), "A");
    EXPECT_TEXT(shown(get(&all, "?published__year=1999")), "");
}

TEST(admin_list_sorts)
{
    Library all = library_open();
    EXPECT_TEXT(shown(get(&all, "?o=-1")), "CBA");
    EXPECT_TEXT(shown(get(&all, "?o=2.-1")), "CAB");
    EXPECT_TEXT(shown(get(&all, "?o=7")), "BCA");
    EXPECT_TEXT(shown(get(&all, "?o=99.x.-.8")), "CBA");
    ClientResponse *page = get(&all, "?o=2.-1");
    EXPECT_CONTAINS(page, "aria-sort=\"descending\"");
    EXPECT_CONTAINS(page, "href=\"?o=-2.-1\"");
    EXPECT_CONTAINS(page, "href=\"?o=2\"");
}

TEST(admin_list_pages)
{
    Library all = library_open();
    for (int i = 0; i < 38; i++) {
        Book *book = capo_new(Book);
        book->title = capo_format("Volume %02d", i);
        book->slug = capo_format("volume-%02d", i);
        book->author_id = all.ann->id;
        capo_save(book);
    }
    ClientResponse *page = get(&all, "");
    EXPECT_CONTAINS(page, "41 books");
    EXPECT_CONTAINS(page, "Volume 01");
    EXPECT_NOT_CONTAINS(page, "Volume 02");
    EXPECT_CONTAINS(page, "href=\"?p=9\"");
    EXPECT_CONTAINS(page, "href=\"?all=\"");
    EXPECT_CONTAINS(page, "Select all 41 books");
    EXPECT_CONTAINS(get(&all, "?p=9"), "Volume 37");
    EXPECT_CONTAINS(get(&all, "?all="), "Volume 37");
    EXPECT_REDIRECT(get(&all, "?p=10"), LIST_URL "?e=1");
    EXPECT_REDIRECT(get(&all, "?p=0"), LIST_URL "?e=1");
    EXPECT_STATUS(get(&all, "?p=rubbish"), 200);
}

/* Session, user, two lists of filter choices, three levels of the date hierarchy, the count, the rows with their authors: the same
 * for one row and for many. */
TEST(admin_list_costs_nine_queries)
{
    Library all = library_open();
    get(&all, "");
    EXPECT_QUERIES(9, get(&all, ""));
    EXPECT_QUERIES(10, get(&all, "?q=a"));
}

TEST(sec_322_only_listed_lookups)
{
    Library all = library_open();
    EXPECT_STATUS(get(&all, "?author__site__startswith=a"), 400);
    EXPECT_STATUS(get(&all, "?note__contains=a"), 400);
    EXPECT_STATUS(get(&all, "?loans__reader=a"), 400);
    EXPECT_STATUS(get(&all, "?author__books__title=a"), 400);
    EXPECT_STATUS(capo_client_get(all.client, "/admin/auth/user/?password__startswith=a"), 400);
    EXPECT_STATUS(capo_client_get(all.client, "/admin/auth/user/?groups__user__password__startswith=a"), 400);
    EXPECT_REDIRECT(get(&all, "?nothing=1"), LIST_URL "?e=1");
    EXPECT_STATUS(get(&all, "?nothing=1&e=1"), 400);
}

TEST(sec_327_odd_parameters_never_fail)
{
    Library all = library_open();
    const char *const queries[] = {
        "?p=-1", "?p=99999999999999999999", "?o=.....", "?o=-", "?o=99999999999999999999", "?lent__exact=maybe", "?author__id__exact=x",
        "?author__id__exact=99999999999999999999", "?published__year=x", "?published__year=-5", "?published__year=2026&published__month=13",
        "?published__year=2026&published__month=2&published__day=30", "?published__gte=yesterday", "?published__gte=", "?genres__id__exact=",
        "?length=middle", "?genres__isnull=", "?published__year=99999999", "?pk__in=a,b", "?all=&p=77", NULL
    };
    for (const char *const *query = queries; *query; query++) {
        ClientResponse *page = get(&all, *query);
        if (page->status != 200 && page->status != 302 && page->status != 400)
            capo_test_fail(__FILE__, __LINE__, "%s gave %d", *query, page->status);
    }
    Buffer terms = { 0 };
    for (int i = 0; i < 2000; i++)
        capo_put(&terms, "a+");
    EXPECT_STATUS(get(&all, capo_format("?q=%s", capo_buffer_text(&terms))), 200);
}

/* --- actions ------------------------------------------------------------------------------------------------------------------- */

TEST(admin_action_runs_on_the_chosen)
{
    Library all = library_open();
    ClientResponse *done = capo_client_post(all.client, LIST_URL, V("action", "lend"), V("index", "0"), V("select_across", "0"),
                                            V("_selected_action", all.first->id));
    EXPECT_REDIRECT(done, LIST_URL);
    EXPECT_CONTAINS(get(&all, ""), "1 books are lent.");
    EXPECT_INT(capo_count(Book, .where = { .lent = EQ((bool)true) }), 2);
}

TEST(admin_action_needs_a_choice)
{
    Library all = library_open();
    capo_client_post(all.client, LIST_URL, V("action", "lend"), V("index", "0"));
    EXPECT_CONTAINS(get(&all, ""), "Items must be selected in order to perform actions on them. No items have been changed.");
    capo_client_post(all.client, LIST_URL, V("action", ""), V("index", "0"), V("_selected_action", all.first->id));
    EXPECT_CONTAINS(get(&all, ""), "No action selected.");
    EXPECT_INT(capo_count(Book, .where = { .lent = EQ((bool)true) }), 1);
}

TEST(admin_action_on_all_of_a_filtered_list)
{
    Library all = library_open();
    capo_client_post(all.client, capo_format(LIST_URL "?author__id__exact=%lld", (long long)all.ann->id), V("action", "lend"), V("index", "0"),
                     V("select_across", "1"), V("_selected_action", all.first->id));
    EXPECT_INT(capo_count(Book, .where = { .lent = EQ((bool)true) }), 3);
}

TEST(admin_action_asks_first)
{
    Library all = library_open();
    ClientResponse *page = capo_client_post(all.client, LIST_URL, V("action", "lend_asking"), V("index", "0"), V("_selected_action", all.first->id));
    EXPECT_CONTAINS(page, "Are you sure?");
    EXPECT_INT(capo_count(Book, .where = { .lent = EQ((bool)true) }), 1);
    capo_client_post(all.client, LIST_URL, V("action", "lend_asking"), V("post", "yes"), V("_selected_action", all.first->id));
    EXPECT_INT(capo_count(Book, .where = { .lent = EQ((bool)true) }), 2);
}

TEST(admin_delete_selected)
{
    Library all = library_open();
    ClientResponse *page = capo_client_post(all.client, LIST_URL, V("action", "delete_selected"), V("index", "0"), V("_selected_action", all.first->id),
                                            V("_selected_action", all.third->id));
    EXPECT_CONTAINS(page, "Are you sure you want to delete the selected books?");
    EXPECT_CONTAINS(page, "Ashes");
    EXPECT_INT(capo_count(Book), 3);
    capo_client_post(all.client, LIST_URL, V("action", "delete_selected"), V("post", "yes"), V("_selected_action", all.first->id),
                     V("_selected_action", all.third->id));
    EXPECT_CONTAINS(get(&all, ""), "Successfully deleted 2 books.");
    EXPECT_INT(capo_count(Book), 1);
    EXPECT_INT(capo_count(LogEntry, .where = { .action_flag = EQ(3) }), 2);
}

TEST(sec_328_actions_touch_only_the_list)
{
    Library all = library_open();
    capo_client_post(all.client, LIST_URL "?lent__exact=1", V("action", "lend"), V("index", "0"), V("_selected_action", all.first->id));
    EXPECT_INT(capo_count(Book, .where = { .lent = EQ((bool)true) }), 1);
    EXPECT_STATUS(capo_client_post(all.client, LIST_URL, V("action", "lend"), V("index", "0"), V("_selected_action", "1 OR 1=1")), 302);
    EXPECT_STATUS(capo_client_post(all.client, LIST_URL, V("action", "no_such"), V("index", "0"), V("_selected_action", "1")), 302);
    EXPECT_INT(capo_count(Book, .where = { .lent = EQ((bool)true) }), 1);
    Client *viewer = library_staff("viewer", LIST("library.view_book"));
    EXPECT_NOT_CONTAINS(capo_client_get(viewer, LIST_URL), "delete_selected");
    capo_client_post(viewer, LIST_URL, V("action", "delete_selected"), V("post", "yes"), V("_selected_action", all.first->id));
    capo_client_post(viewer, LIST_URL, V("action", "lend"), V("index", "0"), V("_selected_action", all.first->id));
    EXPECT_INT(capo_count(Book), 3);
    EXPECT_INT(capo_count(Book, .where = { .lent = EQ((bool)true) }), 1);
}

TEST(sec_330_exported_cells_are_no_formulas)
{
    Library all = library_open();
    const char *const bad[] = { "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "say \"hi\", you", NULL };
    for (int i = 0; bad[i]; i++) {
        Book *book = capo_new(Book);
        book->title = bad[i];
        book->slug = capo_format("bad-%d", i);
        book->author_id = all.ann->id;
        book->pages = -5;
        capo_save(book);
    }
    ClientResponse *page = capo_client_post(all.client, LIST_URL "?author__id__exact=1", V("action", "export_csv"), V("index", "0"), V("select_across", "1"));
    EXPECT_STATUS(page, 200);
    EXPECT_TEXT(page->content_type, "text/csv; charset=utf-8");
    EXPECT(capo_starts_with(page->body, "\"ID\",\"title\",\"name\",\"genres\",\"cover\",\"lent\",\"published\",\"pages\",\"shout\"\r\n"));
    for (int i = 0; i < 5; i++)
        EXPECT_CONTAINS(page, capo_format(",\"'%s\",\"Ann\",\"\",\"Hard\",\"False\",\"\",\"-5\",", bad[i]));
    EXPECT_CONTAINS(page, "\"say \"\"hi\"\", you\"");
    EXPECT_CONTAINS(page, "\"Ashes\",\"Ann\",\"crime\"");
    EXPECT_NOT_CONTAINS(page, "Birds");
    EXPECT_CONTAINS(get(&all, ""), "Export selected books as CSV");
    EXPECT_NOT_CONTAINS(capo_client_get(all.client, "/admin/library/genre/"), "export_csv");
    Client *deleter = library_staff("deleter", LIST("library.delete_book"));
    EXPECT_STATUS(capo_client_post(deleter, LIST_URL, V("action", "export_csv"), V("index", "0"), V("select_across", "1")), 403);
}

/* --- list_editable ----------------------------------------------------------------------------------------------------------------- */

#define AUTHORS "/admin/library/author/"

TEST(admin_list_editable_saves)
{
    Library all = library_open();
    ClientResponse *page = capo_client_get(all.client, AUTHORS);
    EXPECT_CONTAINS(page, "name=\"form-TOTAL_FORMS\"");
    EXPECT_CONTAINS(page, "name=\"form-0-active\"");
    EXPECT_CONTAINS(page, "name=\"form-0-id\"");
    ClientResponse *done = capo_client_post(all.client, AUTHORS, V("form-TOTAL_FORMS", 2), V("form-INITIAL_FORMS", 2), V("form-0-id", all.ann->id),
                                            V("form-0-active", "on"), V("form-1-id", all.bob->id), V("_save", "Save"));
    EXPECT_REDIRECT(done, AUTHORS);
    EXPECT_CONTAINS(capo_client_get(all.client, AUTHORS), "1 author was changed successfully.");
    capo_refresh(all.bob);
    capo_refresh(all.ann);
    EXPECT(all.ann->active && !all.bob->active);
}

TEST(sec_321_list_editable_never_inserts)
{
    Library all = library_open();
    capo_client_post(all.client, AUTHORS, V("form-TOTAL_FORMS", 3), V("form-INITIAL_FORMS", 2), V("form-0-id", all.ann->id),
                     V("form-1-id", all.bob->id), V("form-2-active", "on"), V("form-2-name", "New"), V("_save", "Save"));
    EXPECT_INT(capo_count(Author), 2);
    capo_client_post(all.client, AUTHORS "?q=Ann", V("form-TOTAL_FORMS", 1), V("form-INITIAL_FORMS", 1), V("form-0-id", all.bob->id), V("_save", "Save"));
    capo_refresh(all.bob);
    EXPECT(all.bob->active);
    Client *viewer = library_staff("viewer", LIST("library.view_author"));
    EXPECT_NOT_CONTAINS(capo_client_get(viewer, AUTHORS), "form-0-active");
    EXPECT_STATUS(capo_client_post(viewer, AUTHORS, V("form-TOTAL_FORMS", 2), V("form-INITIAL_FORMS", 2), V("form-0-id", all.ann->id),
                                   V("form-1-id", all.bob->id), V("_save", "Save")), 403);
    capo_refresh(all.ann);
    EXPECT(all.ann->active);
}
