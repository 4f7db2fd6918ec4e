/* SPDX-License-Identifier: BSD-3-Clause */
/* A library with an admin, in memory: what each of the admin's tests begins with. */
#pragma once
#include <capo/testing.h>

const char *book_url(const void *book);
Value empty_map(void);

#define CAPO_MODELS "../tests/admin/models.def"
#include <capo/declare_models.h>

extern const App library;

typedef struct Library {
    Client *client;             /* logged in as the superuser */
    User *root;
    Author *ann, *bob;
    Genre *crime, *poetry;
    Book *first, *second, *third;
} Library;
/* Fresh tables; two authors, two genres, three books: "Ashes" (Ann, crime, published), "Birds" (Bob, poetry, lent), "Clay" (Ann, a draft). */
Library library_open(void);
/* A client of a staff member with these permissions: LIST("library.view_book"). */
Client *library_staff(const char *name, const char *const *permissions);
/* How often the bulk deletion of shelves ran. */
int library_bulk_deletions(void);
