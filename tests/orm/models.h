/* SPDX-License-Identifier: BSD-3-Clause */
/* The models of the ORM's own tests. */
#pragma once
#include <capo/orm.h>
#include <capo/web.h>

Value capo_test_uuid(void);
const char *capo_test_country_text(const void *country);
void capo_test_book_clean(void *book);
void capo_test_book_pre_save(void *book, bool created);
void capo_test_book_post_save(void *book, bool created);
void capo_test_book_pre_delete(void *book);
void capo_test_book_post_delete(void *book);

#define CAPO_MODELS "../../tests/orm/models.def"
#include <capo/declare_models.h>

extern const App capo_test_library;
/* What the hooks saw, since it was last cleared. */
extern char capo_test_hooks[256];
/* Prepares the models; a test that wants tables calls capo_test_database() too. */
void capo_test_models(void);
/* Rows, saved. */
Author *capo_test_author(const char *name);
Book *capo_test_book(const char *title, Author *by);
/* A scratch database in memory with all tables, closed when the test ends. */
void capo_test_database(void);
