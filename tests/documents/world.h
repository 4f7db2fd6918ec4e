/* SPDX-License-Identifier: BSD-3-Clause */
/* What the examples of the documents stand in: tests/suites/documents makes a file of each, which begins with this one. */
#pragma once
#include <capo.h>
#include <capo/databases.h>
#include <capo/expressions.h>
#include <capo/serializers.h>
#include <capo/sql.h>
#include <capo/testing.h>
#include <ctype.h>
#include <string.h>

/* A block that declares models of its own brings the others along. */
#ifdef DOCUMENTS_MODELS
#define CAPO_MODELS DOCUMENTS_MODELS
#else
#define CAPO_MODELS "../../tests/documents/world.def"
#ifndef DOCUMENTS_WORLD
static Model *const models[1];          /* of an App row that an example shows */
#endif
#endif
#include <capo/declare_models.h>

extern const App documents_world;

/* A database of the kind under test with the tables of world.def and auth, a user, and a few rows; closed when the test ends. */
void open_world(void);

/* Names that examples use without saying where they come from. */
extern User *ann;
extern Post *post;
extern Author *author;
extern Hall *hall;
extern Book **books;
extern Band *band;
extern Musician *ringo;
extern Query *posts, *drafts, *old, *query;
extern const char *terms, *term, *id;
extern DateTime monday, then;
extern List *keys, *rows;
extern bool created;
extern Instance **instances;
extern size_t count;
Query *published(void);
extern User *user;
extern Tag *tag;
extern Order *order;
extern Hall *hall;
extern Room *room;
typedef struct RoomForm { Form *capo; } RoomForm;
extern RoomForm *form;
extern void **lines;
void import_row(void *line);
void keep_a_copy(SignalEvent *event);
void count_error(SignalEvent *event);
Value to_cents(const Field *field, Value value);
Value from_cents(const Field *field, Value value);
const char *current_tenant(void);
void move_money(void *transfer);
extern int transfer;
extern const App shop, blog;
extern Request *req;
extern Value user_id;
extern int n;
extern Map *variables;
extern const Route blog_urls[], api_urls[];
static const TemplateLoader *const mail_loaders[1];
Value count_words(void *instance);
int64_t count_sold(void);
void publish(Request *req, Query *chosen);
Response *post_list(Request *req);
Response *post_detail(Request *req);
Response *top_authors(Request *req);
Response *unpublished(Request *req);
Response *make_list(Request *req);
Value compute_top_posts(void);
extern QueryPage *page;
extern typeof(*(CacheBackend){ 0 }.open) my_open;
extern typeof(*(CacheBackend){ 0 }.close) my_close;
extern typeof(*(CacheBackend){ 0 }.get) my_get;
extern typeof(*(CacheBackend){ 0 }.set) my_set;
extern typeof(*(CacheBackend){ 0 }.touch) my_touch;
extern typeof(*(CacheBackend){ 0 }.remove) my_remove;
extern typeof(*(CacheBackend){ 0 }.clear) my_clear;
extern typeof(*(StorageBackend){ 0 }.open) store_open;
extern typeof(*(StorageBackend){ 0 }.close) store_close;
extern typeof(*(StorageBackend){ 0 }.write) store_write;
extern typeof(*(StorageBackend){ 0 }.read) store_read;
extern typeof(*(StorageBackend){ 0 }.remove) store_remove;
extern typeof(*(StorageBackend){ 0 }.look) store_look;
extern typeof(*(StorageBackend){ 0 }.url) store_url;
