/* SPDX-License-Identifier: BSD-3-Clause */
/* Files in the admin: its forms, inlines, lists and read-only pages. tests/browser does the same in a browser. */
#include "../admin/library.h"
#include "files_fixture.h"
#include <string.h>

static const char *author_url(Author *author) { return capo_format("/admin/library/author/%lld/change/", (long long)author->id); }
static const char *book_change_url(Book *book) { return capo_format("/admin/library/book/%lld/change/", (long long)book->id); }

static Value upload(const char *name)
{
    Picture *picture = capo_alloc_struct(Picture);
    *picture = png_of(3, 2);
    return capo_client_file(name, "image/png", picture->bytes, picture->size);
}

static Library open_library_with_files(void)
{
    Library all = library_open();
    files_storages();
    return all;
}

TEST(admin_files_add_replace_and_clear)
{
    Library all = open_library_with_files();
    EXPECT_CONTAINS(capo_client_get(all.client, "/admin/library/author/add/"), "enctype=\"multipart/form-data\"");
    EXPECT_REDIRECT(capo_client_post(all.client, author_url(all.ann), V("name", "Ann"), V("site", ""), V("active", "on"), V("portrait", upload("ann.png"))), "/admin/library/author/");
    capo_refresh(all.ann);
    EXPECT_TEXT(all.ann->portrait, "portraits/ann.png");
    ClientResponse *page = capo_client_get(all.client, author_url(all.ann));
    EXPECT_CONTAINS(page, "Currently: <a href=\"/media/portraits/ann.png\">portraits/ann.png</a>");
    EXPECT_CONTAINS(page, "name=\"portrait-clear\"");
    EXPECT_CONTAINS(capo_client_get(all.client, capo_format("/admin/library/author/%lld/history/", (long long)all.ann->id)), "Changed Portrait.");
    page = capo_client_post(all.client, author_url(all.ann), V("name", "Ann"), V("portrait", capo_client_file("ann.png", "image/png", "<script>", 8)));
    EXPECT_CONTAINS(page, "Upload a valid image.");
    EXPECT_CONTAINS(page, "/media/portraits/ann.png");
    capo_client_post(all.client, author_url(all.ann), V("name", "Ann"), V("portrait-clear", "on"));
    capo_refresh(all.ann);
    EXPECT_TEXT(all.ann->portrait, "");
    EXPECT(capo_storage_exists(capo_storage(NULL), "portraits/ann.png"));
}

TEST(admin_files_in_inlines)
{
    Library all = open_library_with_files();
    EXPECT_CONTAINS(capo_client_get(all.client, book_change_url(all.first)), "enctype=\"multipart/form-data\"");       /* the book itself has no file */
    EXPECT_REDIRECT(capo_client_post(all.client, book_change_url(all.first), V("title", "Ashes"), V("slug", "ashes"), V("author", all.ann->id), V("cover", "s"), V("pages", 12),
        V("chapters-TOTAL_FORMS", 2), V("chapters-INITIAL_FORMS", 0), V("chapters-0-title", "One"), V("chapters-0-length", 1), V("chapters-0-manuscript", upload("one.txt")),
        V("chapters-1-title", "Two"), V("chapters-1-length", 1), V("loans-TOTAL_FORMS", 0), V("loans-INITIAL_FORMS", 0), V("_save", "1")), "/admin/library/book/");
    Chapter *one = capo_get(Chapter, .where = { .title = EQ("One") }), *two = capo_get(Chapter, .where = { .title = EQ("Two") });
    EXPECT_TEXT(one->manuscript, "manuscripts/one.txt");
    EXPECT_TEXT(two->manuscript, "");
    EXPECT_CONTAINS(capo_client_get(all.client, book_change_url(all.first)), "<a href=\"/media/manuscripts/one.txt\">manuscripts/one.txt</a>");
}

TEST(admin_files_in_lists_and_read_only)
{
    Library all = open_library_with_files();
    ClientResponse *list = capo_client_get(all.client, "/admin/library/author/");
    EXPECT_CONTAINS(list, "enctype=\"multipart/form-data\"");
    EXPECT_REDIRECT(capo_client_post(all.client, "/admin/library/author/", V("form-TOTAL_FORMS", 2), V("form-INITIAL_FORMS", 2), V("form-0-id", all.ann->id), V("form-0-active", "on"),
        V("form-1-id", all.bob->id), V("form-1-portrait", upload("bob.png")), V("_save", "Save")), "/admin/library/author/");
    capo_refresh(all.bob);
    EXPECT_TEXT(all.bob->portrait, "portraits/bob.png");
    Client *viewer = library_staff("viewer", LIST("library.view_author"));
    EXPECT_CONTAINS(capo_client_get(viewer, "/admin/library/author/"), "<a href=\"/media/portraits/bob.png\">portraits/bob.png</a>");
    ClientResponse *page = capo_client_get(viewer, author_url(all.bob));
    EXPECT_CONTAINS(page, "<a href=\"/media/portraits/bob.png\">portraits/bob.png</a>");
    EXPECT_NOT_CONTAINS(page, "type=\"file\"");
    capo_client_post(viewer, author_url(all.bob), V("name", "Bob"), V("portrait", upload("other.png")));
    capo_refresh(all.bob);
    EXPECT_TEXT(all.bob->portrait, "portraits/bob.png");
    EXPECT(!capo_storage_exists(capo_storage(NULL), "portraits/other.png"));        /* what may not be saved is not written either */
}
