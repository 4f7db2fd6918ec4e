/* SPDX-License-Identifier: BSD-3-Clause */
/* The admin's forms: add, change, save as new, inlines, deletion, history; and forged bodies. */
#include "../admin/library.h"
#include <string.h>

#define ADD "/admin/library/book/add/"

static const char *change_url(Book *book)
{
    return capo_format("/admin/library/book/%lld/change/", (long long)book->id);
}

/* A body as a browser sends it, in small pieces. */
#define NO_INLINES V("chapters-TOTAL_FORMS", 0), V("chapters-INITIAL_FORMS", 0), V("loans-TOTAL_FORMS", 0), V("loans-INITIAL_FORMS", 0)
#define BOOK(title_, slug_, author_) V("title", title_), V("slug", slug_), V("author", author_), V("published_0", "2026-11-22"),           \
    V("published_1", "08:30:00"), V("cover", "s"), V("pages", 12), V("note", "x")

TEST(admin_add_form)
{
    Library all = library_open();
    ClientResponse *page = capo_client_get(all.client, ADD "?title=Dust&genres=1,2");
    EXPECT_STATUS(page, 200);
    EXPECT_CONTAINS(page, "<h1>Add book</h1>");
    EXPECT_CONTAINS(page, "name=\"title\"");
    EXPECT_CONTAINS(page, "value=\"Dust\"");
    EXPECT_CONTAINS(page, "name=\"published_0\"");
    EXPECT_CONTAINS(page, "name=\"published_1\"");
    EXPECT_CONTAINS(page, "name=\"chapters-TOTAL_FORMS\"");
    EXPECT_CONTAINS(page, "name=\"chapters-0-title\"");
    EXPECT_CONTAINS(page, "name=\"chapters-__prefix__-title\"");
    EXPECT_CONTAINS(page, "name=\"_save\"");
    EXPECT_CONTAINS(page, "name=\"_continue\"");
    EXPECT_CONTAINS(page, "name=\"_addanother\"");
    EXPECT_CONTAINS(page, "class=\"admin-autocomplete\"");
    EXPECT_CONTAINS(page, "&quot;name&quot;: &quot;slug&quot;");
    EXPECT_CONTAINS(page, "For the staff.");
    EXPECT_CONTAINS(page, "Is long");
    EXPECT_NOT_CONTAINS(page, "name=\"long\"");
    EXPECT_NOT_CONTAINS(page, "<script>");
    EXPECT_NOT_CONTAINS(page, " style=");
    EXPECT_NOT_CONTAINS(page, " onclick");
}

TEST(admin_add_saves)
{
    Library all = library_open();
    ClientResponse *done = capo_client_post(all.client, ADD, BOOK("Dust & Co", "dust", all.ann->id), V("genres", all.crime->id), V("genres", all.poetry->id),
        V("lent", "on"), V("chapters-TOTAL_FORMS", 2), V("chapters-INITIAL_FORMS", 0), V("chapters-0-title", "One"), V("chapters-0-length", 3),
        V("chapters-1-title", ""), V("chapters-1-length", 1), V("loans-TOTAL_FORMS", 0), V("loans-INITIAL_FORMS", 0), V("_save", "Save"));
    EXPECT_REDIRECT(done, "/admin/library/book/");
    Book *book = capo_get(Book, .where = { .slug = EQ("dust") });
    EXPECT_TEXT(book->title, "Dust & Co");
    EXPECT(book->lent && book->published.present);
    EXPECT_TEXT(capo_datetime_iso(book->published.value, NULL), "2026-11-22T08:30:00+00:00");
    EXPECT_INT(capo_query_count(capo_related_query(book, "genres")), 2);
    EXPECT_INT(capo_query_count(capo_related_query(book, "chapters")), 1);
    ClientResponse *list = capo_client_get(all.client, "/admin/library/book/");
    EXPECT_CONTAINS(list, capo_format("The book “<a href=\"%s\">Dust &amp; Co</a>” was added successfully.", change_url(book)));
    LogEntry *entry = capo_first(LogEntry, .where = { .action_flag = EQ(1) });
    EXPECT_TEXT(entry->object_repr, "Dust & Co");
    EXPECT_TEXT(entry->object_id, capo_format("%lld", (long long)book->id));
    EXPECT_TEXT(entry->change_message, "[{\"added\": {}}, {\"added\": {\"name\": \"chapter\", \"object\": \"One\"}}]");
}

TEST(admin_add_continue_and_another)
{
    Library all = library_open();
    ClientResponse *done = capo_client_post(all.client, ADD, BOOK("Dust", "dust", all.ann->id), NO_INLINES, V("_continue", "1"));
    Book *book = capo_get(Book, .where = { .slug = EQ("dust") });
    EXPECT_REDIRECT(done, change_url(book));
    EXPECT_CONTAINS(capo_client_get(all.client, change_url(book)), "was added successfully. You may edit it again below.");
    EXPECT_REDIRECT(capo_client_post(all.client, ADD, BOOK("Elm", "elm", all.ann->id), NO_INLINES, V("_addanother", "1")), ADD);
    EXPECT_CONTAINS(capo_client_get(all.client, ADD), "was added successfully. You may add another book below.");
}

TEST(admin_add_shows_errors)
{
    Library all = library_open();
    ClientResponse *page = capo_client_post(all.client, ADD, V("title", "Kept"), V("slug", "a b"), V("author", ""), V("pages", "many"), V("cover", "h"), NO_INLINES);
    EXPECT_STATUS(page, 200);
    EXPECT_CONTAINS(page, "Please correct the errors below.");
    EXPECT_CONTAINS(page, "<title>Error: ");
    EXPECT_CONTAINS(page, "This field is required.");
    EXPECT_CONTAINS(page, "Enter a whole number.");
    EXPECT_CONTAINS(page, "value=\"Kept\"");
    EXPECT_CONTAINS(page, "href=\"#id_slug\"");
    ClientResponse *one = capo_client_post(all.client, ADD, BOOK("Twice", "ashes", all.ann->id), NO_INLINES);
    EXPECT_CONTAINS(one, "Please correct the error below.");
    EXPECT_CONTAINS(one, "Book with this Slug already exists.");
    EXPECT_INT(capo_count(Book), 3);
    EXPECT_INT(capo_count(LogEntry), 0);
}

/* Another request takes the slug between the form's validation and its INSERT or UPDATE. */
extern void (*capo_before_statement)(const char *sql);
static int64_t faster_author;

static void be_faster(const char *sql)
{
    if (!strstr(sql, "library_book") || !(capo_starts_with(sql, "INSERT") || capo_starts_with(sql, "UPDATE")))
        return;
    capo_before_statement = NULL;
    capo_sql_run("INSERT INTO library_book (title, slug, author_id, pages, cover, lent, note) VALUES ('Faster', 'dust', ?, 1, 'h', ?, '')",
                 faster_author, (bool)false);
}

static void be_slow_again(void *unused)
{
    (void)unused;
    capo_before_statement = NULL;
}

TEST(admin_shows_what_the_database_refused)
{
    Library all = library_open();
    faster_author = all.ann->id;
    capo_defer(be_slow_again, NULL);
    capo_before_statement = be_faster;
    ClientResponse *page = capo_client_post(all.client, ADD, BOOK("Dust", "dust", all.ann->id), V("chapters-TOTAL_FORMS", 1), V("chapters-INITIAL_FORMS", 0),
        V("chapters-0-title", "One"), V("chapters-0-length", 3), V("loans-TOTAL_FORMS", 0), V("loans-INITIAL_FORMS", 0), V("_save", "1"));
    EXPECT(!capo_before_statement);
    EXPECT_STATUS(page, 200);
    EXPECT_CONTAINS(page, "Please correct the error below.");
    EXPECT_CONTAINS(page, "Book with this Slug already exists.");
    EXPECT_CONTAINS(page, "<h1>Add book</h1>");
    EXPECT_CONTAINS(page, "name=\"chapters-0-title\" value=\"One\"");
    EXPECT_INT(capo_count(Chapter), 0);
    EXPECT_INT(capo_count(LogEntry), 0);
    capo_before_statement = be_faster;
    page = capo_client_post(all.client, change_url(all.first), BOOK("Ashes II", "dust", all.bob->id), NO_INLINES, V("_save", "1"));
    EXPECT_STATUS(page, 200);
    EXPECT_CONTAINS(page, "Book with this Slug already exists.");
    capo_refresh(all.first);
    EXPECT_TEXT(all.first->title, "Ashes");
    EXPECT_REDIRECT(capo_client_post(all.client, change_url(all.first), BOOK("Ashes II", "dust2", all.bob->id), NO_INLINES, V("_save", "1")), "/admin/library/book/");
}

static void take_the_name(const char *sql)
{
    if (!capo_starts_with(sql, "INSERT") || !strstr(sql, "auth_user"))
        return;
    capo_before_statement = NULL;
    User *other = capo_new(User);
    other->username = "zoe";
    capo_save(other);
}

TEST(admin_shows_that_a_user_s_name_was_taken)
{
    Library all = library_open();
    capo_defer(be_slow_again, NULL);
    capo_before_statement = take_the_name;
    ClientResponse *page = capo_client_post(all.client, "/admin/auth/user/add/", V("username", "zoe"), V("password1", "quite a long secret"),
                                            V("password2", "quite a long secret"));
    EXPECT(!capo_before_statement);
    EXPECT_STATUS(page, 200);
    EXPECT_CONTAINS(page, "A user with that username already exists.");
    EXPECT_CONTAINS(page, "value=\"zoe\"");
}

TEST(admin_inline_errors_keep_all_unsaved)
{
    Library all = library_open();
    ClientResponse *page = capo_client_post(all.client, ADD, BOOK("Dust", "dust", all.ann->id), V("chapters-TOTAL_FORMS", 1), V("chapters-INITIAL_FORMS", 0),
        V("chapters-0-title", "One"), V("chapters-0-length", "x"), V("loans-TOTAL_FORMS", 0), V("loans-INITIAL_FORMS", 0), V("_save", "1"));
    EXPECT_STATUS(page, 200);
    EXPECT_CONTAINS(page, "Please correct the error below.");
    EXPECT_CONTAINS(page, "Enter a whole number.");
    EXPECT_INT(capo_count(Book), 3);
    EXPECT_INT(capo_count(Chapter), 0);
}

TEST(admin_change_saves_what_changed)
{
    Library all = library_open();
    ClientResponse *page = capo_client_get(all.client, change_url(all.first));
    EXPECT_CONTAINS(page, "Change book");
    EXPECT_CONTAINS(page, "value=\"Ashes\"");
    EXPECT_CONTAINS(page, "name=\"_saveasnew\"");
    EXPECT_CONTAINS(page, "class=\"deletelink\"");
    EXPECT_CONTAINS(page, "historylink");
    EXPECT_CONTAINS(page, "/admin/r/");
    ClientResponse *done = capo_client_post(all.client, change_url(all.first), BOOK("Ashes II", "ashes", all.bob->id), NO_INLINES, V("_save", "1"));
    EXPECT_REDIRECT(done, "/admin/library/book/");
    capo_refresh(all.first);
    EXPECT_TEXT(all.first->title, "Ashes II");
    EXPECT_INT(all.first->author_id, all.bob->id);
    EXPECT_CONTAINS(capo_client_get(all.client, "/admin/library/book/"), "was changed successfully.");
    LogEntry *entry = capo_first(LogEntry, .where = { .action_flag = EQ(2) });
    EXPECT(strstr(entry->change_message, "\"Title\"") && strstr(entry->change_message, "\"Author\"") && !strstr(entry->change_message, "\"Slug\""));
    EXPECT_CONTAINS(capo_client_get(all.client, capo_format("/admin/library/book/%lld/history/", (long long)all.first->id)), "Changed Title, ");
    EXPECT_CONTAINS(capo_client_get(all.client, "/admin/"), "Ashes II");
}

TEST(admin_inlines_change_add_delete)
{
    Library all = library_open();
    Chapter *one = capo_new(Chapter), *two = capo_new(Chapter);
    one->title = "One";
    two->title = "Two";
    one->book_id = two->book_id = all.first->id;
    capo_save(one);
    capo_save(two);
    EXPECT_CONTAINS(capo_client_get(all.client, change_url(all.first)), "name=\"chapters-1-DELETE\"");
    ClientResponse *done = capo_client_post(all.client, change_url(all.first), BOOK("Ashes", "ashes", all.ann->id), V("chapters-TOTAL_FORMS", 3),
        V("chapters-INITIAL_FORMS", 2), V("chapters-0-id", one->id), V("chapters-0-book", all.first->id), V("chapters-0-title", "Uno"), V("chapters-0-length", 1),
        V("chapters-1-id", two->id), V("chapters-1-book", all.first->id), V("chapters-1-title", "Two"), V("chapters-1-length", 1), V("chapters-1-DELETE", "on"),
        V("chapters-2-id", ""), V("chapters-2-book", all.first->id), V("chapters-2-title", "Three"), V("chapters-2-length", 9),
        V("loans-TOTAL_FORMS", 0), V("loans-INITIAL_FORMS", 0), V("_continue", "1"));
    EXPECT_REDIRECT(done, change_url(all.first));
    List *titles = capo_values_flat(capo_related_query(all.first, "chapters"), "title");
    EXPECT_INT(titles->count, 2);
    EXPECT_TEXT(titles->items[0].text, "Uno");
    EXPECT_TEXT(titles->items[1].text, "Three");
    const char *message = capo_first(LogEntry, .order_by = LIST("-id"))->change_message;
    EXPECT(strstr(message, "{\"changed\": {\"name\": \"chapter\", \"object\": \"Uno\", \"fields\": [\"Title\"]}}") != NULL);
    EXPECT(strstr(message, "{\"deleted\": {\"name\": \"chapter\", \"object\": \"Two\"}}") != NULL);
}

TEST(admin_save_as_new)
{
    Library all = library_open();
    Chapter *one = capo_new(Chapter);
    one->title = "One";
    one->book_id = all.first->id;
    capo_save(one);
    capo_client_post(all.client, change_url(all.first), BOOK("Copy", "copy", all.ann->id), V("chapters-TOTAL_FORMS", 1), V("chapters-INITIAL_FORMS", 1),
        V("chapters-0-id", one->id), V("chapters-0-book", all.first->id), V("chapters-0-title", "One"), V("chapters-0-length", 1),
        V("loans-TOTAL_FORMS", 0), V("loans-INITIAL_FORMS", 0), V("_saveasnew", "1"));
    Book *copy = capo_get(Book, .where = { .slug = EQ("copy") });
    EXPECT(copy->id != all.first->id);
    EXPECT_INT(capo_query_count(capo_related_query(copy, "chapters")), 1);
    EXPECT_INT(capo_query_count(capo_related_query(all.first, "chapters")), 1);
    EXPECT_INT(capo_count(Chapter), 2);
}

static const char *hidden_value(ClientResponse *page, const char *name)
{
    const char *at = strstr(page->body, capo_format("name=\"%s\" value=\"", name));
    EXPECT(at != NULL);
    at = strstr(at, "value=\"") + 7;
    return capo_strndup(at, strcspn(at, "\""));
}

TEST(admin_two_editors_do_not_overwrite_each_other)
{
    Library all = library_open();
    const char *opened = hidden_value(capo_client_get(all.client, change_url(all.first)), "_version");
    capo_update(Book, .where = { .id = EQ(all.first->id) }, .set = { .title = TO("Theirs") });
    ClientResponse *page = capo_client_post(all.client, change_url(all.first), BOOK("Mine", "ashes", all.ann->id), NO_INLINES, V("_version", opened), V("_save", "1"));
    EXPECT_STATUS(page, 200);
    EXPECT_CONTAINS(page, "While you were editing, somebody else changed this book.");
    EXPECT_CONTAINS(page, "value=\"Mine\"");
    EXPECT_INT(capo_count(Book, .where = { .title = EQ("Theirs") }), 1);
    const char *again = hidden_value(page, "_version");
    EXPECT_STATUS(capo_client_post(all.client, change_url(all.first), BOOK("Mine", "ashes", all.ann->id), NO_INLINES, V("_version", again), V("_save", "1")), 302);
    EXPECT_INT(capo_count(Book, .where = { .title = EQ("Mine") }), 1);
}

TEST(admin_unknown_objects)
{
    Library all = library_open();
    EXPECT_REDIRECT(capo_client_get(all.client, "/admin/library/book/999/change/"), "/admin/");
    EXPECT_CONTAINS(capo_client_get(all.client, "/admin/"), "book with ID “999” doesn’t exist. Perhaps it was deleted?");
    EXPECT_REDIRECT(capo_client_get(all.client, "/admin/library/book/abc/change/"), "/admin/");
    EXPECT_REDIRECT(capo_client_get(all.client, "/admin/library/book/999/delete/"), "/admin/");
    EXPECT_REDIRECT(capo_client_get(all.client, "/admin/library/book/999/history/"), "/admin/");
    EXPECT_STATUS(capo_client_get(all.client, "/admin/library/nothing/"), 404);
    EXPECT_STATUS(capo_client_get(all.client, "/admin/nothing/"), 404);
    EXPECT_STATUS(capo_client_get(all.client, "/admin/library/chapter/"), 404);
    EXPECT_REDIRECT(capo_client_get(all.client, "/admin/library/book/7/"), "/admin/library/book/7/change/");
}

TEST(admin_keys_that_are_texts)
{
    Library all = library_open();
    Shelf *shelf = capo_new(Shelf);
    shelf->code = "a/b_c:d";
    shelf->place = "Cellar";
    capo_save(shelf);
    ClientResponse *list = capo_client_get(all.client, "/admin/library/shelf/");
    EXPECT_CONTAINS(list, "/admin/library/shelf/a_2Fb_5Fc_3Ad/change/");
    EXPECT_CONTAINS(list, "Select shelf to change");
    EXPECT_CONTAINS(list, "1 shelf");
    EXPECT_CONTAINS(capo_client_get(all.client, "/admin/library/shelf/a_2Fb_5Fc_3Ad/change/"), "value=\"Cellar\"");
}

#define LOANS "/admin/library/loan/"

TEST(admin_raw_keys_radios_and_other_kinds)
{
    Library all = library_open();
    ClientResponse *page = capo_client_get(all.client, LOANS "add/");
    EXPECT_STATUS(page, 200);
    EXPECT_CONTAINS(page, "class=\"vForeignKeyRawIdAdminField\"");
    EXPECT_CONTAINS(page, "id=\"lookup_id_book\"");
    EXPECT_CONTAINS(page, "type=\"radio\" name=\"kind\"");
    EXPECT_CONTAINS(page, "Lent to");
    EXPECT_CONTAINS(page, "A name.");
    EXPECT_CONTAINS(page, "class=\"vDateField\"");
    EXPECT_CONTAINS(capo_client_post(all.client, LOANS "add/", V("book", "999"), V("reader", "Zoe"), V("extra", "{}"), V("_save", "1")),
                    "Select a valid choice. That choice is not one of the available choices.");
    EXPECT_CONTAINS(capo_client_post(all.client, LOANS "add/", V("book", all.first->id), V("reader", "Zoe"), V("extra", "{"), V("fee", "1.234"), V("receipt", "x"),
                                     V("due", "tomorrow"), V("_save", "1")), "Enter a valid JSON.");
    EXPECT_REDIRECT(capo_client_post(all.client, LOANS "add/", V("book", all.first->id), V("reader", "Zoe"), V("kind", "w"), V("due", "2026-12-24"), V("fee", "12.50"),
                                     V("paid", "true"), V("extra", "{\"a\": [1]}"), V("receipt", "12345678123456781234567812345678"), V("_save", "1")), LOANS);
    Loan *loan = capo_first(Loan);
    EXPECT_TEXT(loan->kind, "w");
    EXPECT_TEXT(loan->fee.value.text, "12.50");
    EXPECT(loan->paid.present && loan->paid.value && loan->due.present && loan->receipt.present);
    const char *url = capo_format(LOANS "%lld/change/", (long long)loan->id);
    page = capo_client_get(all.client, url);
    EXPECT_CONTAINS(page, capo_format("<strong><a href=\"%s\">Ashes</a></strong>", change_url(all.first)));
    EXPECT_CONTAINS(page, "value=\"2026-12-24\"");
    EXPECT_CONTAINS(page, "value=\"12.50\"");
    page = capo_client_get(library_staff("viewer", LIST("library.view_loan")), url);
    EXPECT_CONTAINS(page, "Week");
    EXPECT_CONTAINS(page, "Dec. 24, 2026");
    EXPECT_CONTAINS(page, "12345678-1234-5678-1234-567812345678");
    EXPECT_CONTAINS(page, "{&quot;a&quot;: [1]}");
    EXPECT_NOT_CONTAINS(page, "<input type=\"text\"");
    page = capo_client_get(all.client, LOANS);
    EXPECT_CONTAINS(page, "field-book__title");
    EXPECT_CONTAINS(page, "Ashes");
    page = capo_client_get(all.client, "/admin/library/book/?_popup=1");
    EXPECT_CONTAINS(page, capo_format("data-popup-opener=\"%lld\"", (long long)all.first->id));
    EXPECT_CONTAINS(page, "<h1>Select book</h1>");
}

TEST(admin_hooks_decide_by_object)
{
    Library all = library_open();
    ClientResponse *page = capo_client_get(all.client, "/admin/library/shelf/add/");
    EXPECT_CONTAINS(page, "New shelf");
    EXPECT_CONTAINS(page, "name=\"code\"");
    EXPECT_STATUS(capo_client_post(all.client, "/admin/library/shelf/add/", V("code", "A1"), V("place", "Attic"), V("_save", "1")), 302);
    page = capo_client_get(all.client, "/admin/library/shelf/A1/change/");
    EXPECT_NOT_CONTAINS(page, "name=\"code\"");
    EXPECT_NOT_CONTAINS(page, "New shelf");
    EXPECT_STATUS(capo_client_post(all.client, "/admin/library/shelf/A1/change/", V("code", "B2"), V("place", "Cellar"), V("_save", "1")), 302);
    EXPECT_TEXT(capo_get(Shelf)->code, "A1");
    EXPECT_TEXT(capo_get(Shelf)->place, "Cellar");
    capo_client_post(all.client, "/admin/library/shelf/", V("action", "delete_selected"), V("post", "yes"), V("_selected_action", "A1"));
    EXPECT_INT(capo_count(Shelf), 0);
    EXPECT_INT(library_bulk_deletions(), 1);
    EXPECT_INT(capo_count(LogEntry, .where = { .action_flag = EQ(3) }), 1);
}

/* --- deletion ----------------------------------------------------------------------------------------------------------------------- */

TEST(admin_delete_asks_and_deletes)
{
    Library all = library_open();
    Chapter *one = capo_new(Chapter);
    one->title = "Chapter one";
    one->book_id = all.first->id;
    capo_save(one);
    const char *url = capo_format("/admin/library/book/%lld/delete/", (long long)all.first->id);
    ClientResponse *page = capo_client_get(all.client, url);
    EXPECT_CONTAINS(page, "Are you sure you want to delete the book “Ashes”? All of the following related items will be deleted:");
    EXPECT_CONTAINS(page, "Chapters: <strong>1</strong>");
    EXPECT_CONTAINS(page, "Chapter one");
    EXPECT_CONTAINS(page, "Yes, I’m sure");
    EXPECT_REDIRECT(capo_client_post(all.client, url, V("post", "yes")), "/admin/library/book/");
    EXPECT_CONTAINS(capo_client_get(all.client, "/admin/library/book/"), "The book “Ashes” was deleted successfully.");
    EXPECT_INT(capo_count(Book), 2);
    EXPECT_INT(capo_count(Chapter), 0);
    LogEntry *entry = capo_first(LogEntry, .where = { .action_flag = EQ(3) });
    EXPECT_TEXT(entry->object_repr, "Ashes");
}

TEST(admin_delete_respects_protected)
{
    Library all = library_open();
    Loan *loan = capo_new(Loan);
    loan->book_id = all.first->id;
    loan->reader = "Zoe";
    capo_save(loan);
    const char *url = capo_format("/admin/library/book/%lld/delete/", (long long)all.first->id);
    ClientResponse *page = capo_client_get(all.client, url);
    EXPECT_CONTAINS(page, "would require deleting the following protected related objects:");
    EXPECT_CONTAINS(page, "Zoe");
    EXPECT_NOT_CONTAINS(page, "Yes, I’m sure");
    EXPECT_STATUS(capo_client_post(all.client, url, V("post", "yes")), 403);
    EXPECT_INT(capo_count(Book), 3);
}

TEST(admin_delete_needs_the_right_for_all_that_goes)
{
    Library all = library_open();
    Client *staff = library_staff("deleter", LIST("library.delete_author", "library.view_author"));
    const char *url = capo_format("/admin/library/author/%lld/delete/", (long long)all.ann->id);
    ClientResponse *page = capo_client_get(staff, url);
    EXPECT_CONTAINS(page, "but your account doesn&#x27;t have permission to delete the following types of objects:");
    EXPECT_CONTAINS(page, "<li>book</li>");
    EXPECT_STATUS(capo_client_post(staff, url, V("post", "yes")), 403);
    EXPECT_INT(capo_count(Author), 2);
}

/* --- pop-ups and completion -------------------------------------------------------------------------------------------------------- */

TEST(admin_popups_answer_the_opener)
{
    Library all = library_open();
    ClientResponse *form = capo_client_get(all.client, "/admin/library/genre/add/?_popup=1");
    EXPECT_NOT_CONTAINS(form, "nav-sidebar");
    ClientResponse *page = capo_client_post(all.client, "/admin/library/genre/add/?_popup=1", V("name", "</script><b>\"x"), V("_popup", "1"), V("_save", "1"));
    EXPECT_STATUS(page, 200);
    EXPECT_CONTAINS(page, "data-popup-response=");
    EXPECT_NOT_CONTAINS(page, "</script><b>");
    EXPECT_INT(capo_count(Genre), 3);
}

TEST(admin_autocomplete)
{
    Library all = library_open();
    const char *url = "/admin/autocomplete/?app_label=library&model_name=book&field_name=author&term=";
    ClientResponse *page = capo_client_get(all.client, capo_format("%sb", url));
    EXPECT_STATUS(page, 200);
    EXPECT_CONTAINS(page, capo_format("{\"results\": [{\"id\": \"%lld\", \"text\": \"Bob\"}], \"pagination\": {\"more\": false}}", (long long)all.bob->id));
    for (int i = 0; i < 25; i++) {
        Author *author = capo_new(Author);
        author->name = capo_format("Zed %02d", i);
        capo_save(author);
    }
    EXPECT_CONTAINS(capo_client_get(all.client, capo_format("%szed", url)), "\"more\": true");
    EXPECT_CONTAINS(capo_client_get(all.client, capo_format("%szed&page=2", url)), "Zed 24");
    EXPECT_STATUS(capo_client_get(all.client, "/admin/autocomplete/?app_label=library&model_name=book&field_name=title&term="), 403);
    EXPECT_STATUS(capo_client_get(all.client, "/admin/autocomplete/?app_label=library&model_name=book&field_name=genres&term="), 404);
    EXPECT_STATUS(capo_client_get(all.client, "/admin/autocomplete/"), 403);
    Client *staff = library_staff("staff", LIST("library.change_book"));
    EXPECT_STATUS(capo_client_get(staff, capo_format("%sb", url)), 403);
    EXPECT_STATUS(capo_client_get(capo_client(), capo_format("%sb", url)), 302);
}

TEST(admin_filters_are_kept_over_a_save)
{
    Library all = library_open();
    ClientResponse *list = capo_client_get(all.client, "/admin/library/book/?lent__exact=0&q=a");
    EXPECT_CONTAINS(list, "change/?_changelist_filters=lent__exact%3D0%26q%3Da");
    const char *url = capo_format("%s?_changelist_filters=lent__exact%%3D0%%26q%%3Da", change_url(all.first));
    EXPECT_REDIRECT(capo_client_post(all.client, url, BOOK("Ashes", "ashes", all.ann->id), NO_INLINES, V("_save", "1")),
                    "/admin/library/book/?lent__exact=0&q=a");
}

/* --- rights ---------------------------------------------------------------------------------------------------------------------------- */

TEST(sec_320_each_right_on_each_page)
{
    Library all = library_open();
    const char *const grants[] = { NULL, "view", "add", "change", "delete" };
    /* list, add, change, history, delete; then POST to add, change, delete */
    static const int wanted[][8] = {
        { 403, 403, 403, 403, 403, 403, 403, 403 },
        { 200, 403, 200, 200, 403, 403, 403, 403 },
        { 403, 200, 403, 403, 403, 200, 403, 403 },
        { 200, 403, 200, 200, 403, 403, 200, 403 },
        { 403, 403, 403, 403, 200, 403, 403, 302 },
    };
    for (int i = 0; i < 5; i++) {
        Genre *genre = capo_new(Genre);
        genre->name = capo_format("genre %d", i);
        capo_save(genre);
        Client *client = library_staff(capo_format("staff%d", i), grants[i] ? LIST(capo_format("library.%s_genre", grants[i])) : NULL);
        const char *base = "/admin/library/genre/", *one = capo_format("%s%lld/", base, (long long)genre->id);
        ClientResponse *answers[] = {
            capo_client_get(client, base), capo_client_get(client, capo_format("%sadd/", base)), capo_client_get(client, capo_format("%schange/", one)),
            capo_client_get(client, capo_format("%shistory/", one)), capo_client_get(client, capo_format("%sdelete/", one)),
            capo_client_post(client, capo_format("%sadd/", base), V("name", "")), capo_client_post(client, capo_format("%schange/", one), V("name", "")),
            capo_client_post(client, capo_format("%sdelete/", one), V("post", "yes")),
        };
        for (int j = 0; j < 8; j++)
            if (answers[j]->status != wanted[i][j])
                capo_test_fail(__FILE__, __LINE__, "with %s, answer %d is %d, wanted %d", grants[i] ? grants[i] : "nothing", j, answers[j]->status, wanted[i][j]);
    }
    (void)all;
}

TEST(sec_320_viewers_see_no_inputs)
{
    Library all = library_open();
    Client *viewer = library_staff("viewer", LIST("library.view_book", "library.view_chapter"));
    Chapter *one = capo_new(Chapter);
    one->title = "One";
    one->book_id = all.first->id;
    capo_save(one);
    ClientResponse *page = capo_client_get(viewer, change_url(all.first));
    EXPECT_CONTAINS(page, "View book");
    EXPECT_CONTAINS(page, "Ashes");
    EXPECT_CONTAINS(page, "One");
    EXPECT_CONTAINS(page, "closelink");
    EXPECT_NOT_CONTAINS(page, "name=\"title\"");
    EXPECT_NOT_CONTAINS(page, "name=\"_save\"");
    EXPECT_NOT_CONTAINS(page, "name=\"chapters-0-title\"");
    EXPECT_NOT_CONTAINS(page, "loans-TOTAL_FORMS");
    EXPECT_STATUS(capo_client_post(viewer, change_url(all.first), BOOK("Bad", "bad", all.ann->id), NO_INLINES), 403);
}

TEST(sec_320_forged_inlines_change_nothing)
{
    Library all = library_open();
    Chapter *one = capo_new(Chapter);
    one->title = "One";
    one->book_id = all.first->id;
    capo_save(one);
    Chapter *foreign = capo_new(Chapter);
    foreign->title = "Foreign";
    foreign->book_id = all.second->id;
    capo_save(foreign);
    const struct { const char *right; int64_t chapters; const char *title; } cases[] = {
        { "library.view_chapter", 2, "One" }, { "library.add_chapter", 3, "One" }, { "library.change_chapter", 3, "Forged" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Client *client = library_staff(capo_format("s%zu", i), LIST("library.change_book", "library.view_author", cases[i].right));
        for (int with_foreign = 1; with_foreign >= 0; with_foreign--)
            capo_client_post(client, change_url(all.first), BOOK("Ashes", "ashes", all.ann->id), V("chapters-TOTAL_FORMS", 2),
                V("chapters-INITIAL_FORMS", 1), V("chapters-0-id", one->id), V("chapters-0-book", all.first->id), V("chapters-0-title", "Forged"),
                V("chapters-0-length", 1), V("chapters-0-DELETE", "on"), V("chapters-1-id", with_foreign ? VALUE(foreign->id) : VALUE("")),
                V("chapters-1-book", all.first->id), V("chapters-1-title", "Forged too"), V("chapters-1-length", 1), V("loans-TOTAL_FORMS", 1),
                V("loans-INITIAL_FORMS", 0), V("loans-0-reader", "Mallory"), V("_save", "1"));
        capo_refresh(one);
        capo_refresh(foreign);
        EXPECT_TEXT(foreign->title, "Foreign");
        EXPECT_INT(foreign->book_id, all.second->id);
        EXPECT_TEXT(one->title, cases[i].title);
        EXPECT_INT(capo_count(Chapter), cases[i].chapters);
        EXPECT_INT(capo_count(Loan), 0);
    }
}

TEST(sec_324_stored_urls_are_linked_only_when_harmless)
{
    Library all = library_open();
    Client *viewer = library_staff("viewer", LIST("library.view_author"));
    const struct { const char *url; bool linked; } cases[] = {
        { "https://example.com/?a=1&b=2", true }, { "javascript:alert(1)", false }, { "JaVaScRiPt:alert(1)", false },
        { "data:text/html,<script>alert(1)</script>", false }, { " javascript:alert(1)", false }, { "//evil.example", false },
        { "java\nscript:alert(1)", false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        capo_update(Author, .where = { .id = EQ(all.ann->id) }, .set = { .site = TO(cases[i].url) });
        ClientResponse *page = capo_client_get(viewer, capo_format("/admin/library/author/%lld/change/", (long long)all.ann->id));
        EXPECT_STATUS(page, 200);
        EXPECT_INT(strstr(page->body, capo_format("href=\"%s", capo_escape(cases[i].url))) != NULL, cases[i].linked);
        EXPECT_NOT_CONTAINS(page, "<script>alert");
        EXPECT_NOT_CONTAINS(capo_client_get(viewer, "/admin/library/author/"), capo_format("href=\"%s", capo_escape(cases[i].url)));
    }
}

TEST(sec_325_names_are_escaped_everywhere)
{
    Library all = library_open();
    const char *bad = "<img src=x onerror=alert(1)>\"'</textarea></script>";
    capo_update(Author, .where = { .id = EQ(all.ann->id) }, .set = { .name = TO(bad) });
    capo_update(Book, .where = { .id = EQ(all.first->id) }, .set = { .title = TO(bad), .note = TO(bad) });
    capo_update(Genre, .where = { .id = EQ(all.crime->id) }, .set = { .name = TO(bad) });
    const char *const urls[] = {
        "/admin/library/book/", "/admin/library/author/", "/admin/library/genre/", change_url(all.first), ADD,
        capo_format("/admin/library/book/%lld/delete/", (long long)all.first->id), capo_format("/admin/library/book/%lld/history/", (long long)all.first->id),
        capo_format("/admin/library/author/%lld/delete/", (long long)all.ann->id), "/admin/", "/admin/library/book/?q=<img+src=x>&_popup=1", NULL
    };
    for (const char *const *url = urls; *url; url++) {
        ClientResponse *page = capo_client_get(all.client, *url);
        EXPECT_STATUS(page, 200);
        EXPECT_NOT_CONTAINS(page, "<img");
    }
    capo_client_post(all.client, capo_format("/admin/library/genre/%lld/change/", (long long)all.crime->id), V("name", bad), V("_continue", "1"));
    EXPECT_NOT_CONTAINS(capo_client_get(all.client, "/admin/"), "<img");
}

/* A model that has rows in two tables is one like any other. */
TEST(admin_of_a_child_model)
{
    Library all = library_open();
    const char *list = "/admin/library/lexicon/", *add = "/admin/library/lexicon/add/";
    EXPECT_CONTAINS(capo_client_get(all.client, add), "name=\"volumes\"");
    EXPECT_CONTAINS(capo_client_get(all.client, add), "name=\"name\"");
    EXPECT_NOT_CONTAINS(capo_client_get(all.client, add), "genre_ptr");
    EXPECT_REDIRECT(capo_client_post(all.client, add, V("name", "Brockhaus"), V("volumes", 24), V("editor", all.ann->id), V("_save", "1")), list);
    Lexicon *lexicon = capo_get(Lexicon);
    EXPECT_TEXT(lexicon->genre.name, "Brockhaus");
    EXPECT_INT(capo_count(Genre), 3);
    ClientResponse *twice = capo_client_post(all.client, add, V("name", "poetry"), V("volumes", 1), V("editor", all.ann->id), V("_save", "1"));
    EXPECT_CONTAINS(twice, "Genre with this Name already exists.");
    EXPECT_CONTAINS(capo_client_get(all.client, list), "Brockhaus");
    EXPECT_CONTAINS(capo_client_get(all.client, capo_format("%s?q=brock", list)), "Brockhaus");
    EXPECT_CONTAINS(capo_client_get(all.client, capo_format("%s?o=-1", list)), "Brockhaus");
    EXPECT_CONTAINS(capo_client_get(all.client, capo_format("%s?name=poetry", list)), "0 lexica");
    const char *change = capo_format("%s%lld/change/", list, (long long)lexicon->genre.id);
    EXPECT_CONTAINS(capo_client_get(all.client, change), "value=\"24\"");
    EXPECT_REDIRECT(capo_client_post(all.client, change, V("name", "Meyers"), V("volumes", 25), V("editor", all.bob->id), V("_save", "1")), list);
    lexicon = capo_get(Lexicon);
    EXPECT_TEXT(lexicon->genre.name, "Meyers");
    EXPECT(lexicon->volumes == 25 && lexicon->editor_id == all.bob->id);
    EXPECT_REDIRECT(capo_client_post(all.client, list, V("form-TOTAL_FORMS", 1), V("form-INITIAL_FORMS", 1), V("form-0-genre_ptr", lexicon->genre.id), V("form-0-volumes", 26), V("_save", "1")), list);
    EXPECT_INT(capo_get(Lexicon)->volumes, 26);
    const char *removal = capo_format("%s%lld/delete/", list, (long long)lexicon->genre.id);
    EXPECT_CONTAINS(capo_client_get(all.client, removal), "Meyers");
    EXPECT_REDIRECT(capo_client_post(all.client, removal, V("post", "yes")), list);
    EXPECT_INT(capo_count(Lexicon), 0);
    EXPECT_INT(capo_count(Genre), 2);
}

static const FieldChoice *two_moments(void)
{
    return capo_choices_copy(CHOICES({ "2026-01-01T00:00:00", "New year" }, { "2026-05-01T00:00:00", "May" }));
}

static void take_choices_away(void *field) { ((Field *)field)->choices_function = NULL; }

/* Also where a function gives them. */
TEST(admin_choices_are_a_select_whatever_the_kind)
{
    Library all = library_open();
    for (const char *const *name = LIST("published", "title"); *name; name++) {
        Field *field = (Field *)capo_field(&Book_model, *name);
        field->choices_function = two_moments;
        capo_defer(take_choices_away, field);
    }
    ClientResponse *page = capo_client_get(all.client, capo_format("/admin/library/book/%lld/change/", (long long)all.first->id));
    EXPECT_CONTAINS(page, "<select name=\"published\"");
    EXPECT_CONTAINS(page, "<select name=\"title\"");
    EXPECT_NOT_CONTAINS(page, "<select name=\"title\" class=\"vTextField\"");
}
