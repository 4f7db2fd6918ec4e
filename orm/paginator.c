/* SPDX-License-Identifier: BSD-3-Clause */
/* Pages of a query, with the names of Django's Paginator and Page. */
#include <capo/orm.h>
#include <capo/request.h>
#include "paginator.h"
#include <string.h>

typedef struct Paginator {
    Object object;
    Query *query;
    int64_t per_page, count;
} Paginator;

struct QueryPage {
    Object object;
    Paginator *paginator;
    int64_t number;
    Query *rows;
};

static int64_t pages_of(const Paginator *paginator)
{
    return paginator->count ? (paginator->count - 1) / paginator->per_page + 1 : 1;
}

static List *numbers(int64_t first, int64_t last)
{
    List *list = capo_list_new();
    for (int64_t n = first; n <= last; n++)
        capo_list_add(list, capo_value_int(n));
    return list;
}

static void add_numbers(List *list, int64_t first, int64_t last)
{
    for (int64_t n = first; n <= last; n++)
        capo_list_add(list, capo_value_int(n));
}

/* 1 2 … 7 8 9 10 11 12 13 … 49 50: what Django's get_elided_page_range gives. */
List *paginator_elided_range(int64_t number, int64_t pages, int64_t on_each_side, int64_t on_ends)
{
    Value gap = capo_value_text("…");
    if (pages <= (on_each_side + on_ends) * 2)
        return numbers(1, pages);
    List *list = capo_list_new();
    if (number > 1 + on_each_side + on_ends + 1) {
        add_numbers(list, 1, on_ends);
        capo_list_add(list, gap);
        add_numbers(list, number - on_each_side, number);
    } else {
        add_numbers(list, 1, number);
    }
    if (number < pages - on_each_side - on_ends - 1) {
        add_numbers(list, number + 1, number + on_each_side);
        capo_list_add(list, gap);
        add_numbers(list, pages - on_ends + 1, pages);
    } else {
        add_numbers(list, number + 1, pages);
    }
    return list;
}

#define IS(word) (size == sizeof word - 1 && !memcmp(name, word, size))

static bool paginator_get(Object *self, const char *name, size_t size, Value *ret)
{
    Paginator *paginator = (Paginator *)self;
    if (IS("count"))
        *ret = capo_value_int(paginator->count);
    else if (IS("num_pages"))
        *ret = capo_value_int(pages_of(paginator));
    else if (IS("per_page"))
        *ret = capo_value_int(paginator->per_page);
    else if (IS("object_list"))
        *ret = capo_value_object(paginator->query);
    else if (IS("page_range"))
        *ret = capo_value_list(numbers(1, pages_of(paginator)));
    else if (IS("ELLIPSIS"))
        *ret = capo_value_text("…");
    else
        return false;
    return true;
}

static const ObjectOps paginator_ops = { .type_name = "Paginator", .get = paginator_get };

static bool page_get(Object *self, const char *name, size_t size, Value *ret)
{
    QueryPage *page = (QueryPage *)self;
    int64_t pages = pages_of(page->paginator);
    if (IS("object_list"))
        *ret = capo_value_object(page->rows);
    else if (IS("number"))
        *ret = capo_value_int(page->number);
    else if (IS("paginator"))
        *ret = capo_value_object(page->paginator);
    else if (IS("has_next"))
        *ret = capo_value_bool(page->number < pages);
    else if (IS("has_previous"))
        *ret = capo_value_bool(page->number > 1);
    else if (IS("has_other_pages"))
        *ret = capo_value_bool(pages > 1);
    else if (IS("next_page_number") && page->number < pages)
        *ret = capo_value_int(page->number + 1);
    else if (IS("previous_page_number") && page->number > 1)
        *ret = capo_value_int(page->number - 1);
    else if (IS("start_index"))
        *ret = capo_value_int(page->paginator->count ? (page->number - 1) * page->paginator->per_page + 1 : 0);
    else if (IS("end_index"))
        *ret = capo_value_int(page->number == pages ? page->paginator->count : page->number * page->paginator->per_page);
    else if (IS("elided_page_range"))
        *ret = capo_value_list(paginator_elided_range(page->number, pages, 3, 2));
    else
        return false;
    return true;
}

static const char *page_text(Object *self)
{
    QueryPage *page = (QueryPage *)self;
    return capo_format("<Page %lld of %lld>", (long long)page->number, (long long)pages_of(page->paginator));
}

static int64_t page_length(Object *self)
{
    return capo_length(capo_value_object(((QueryPage *)self)->rows));
}

static bool page_next(Object *self, void **state, Value *ret)
{
    return capo_iterate(capo_value_object(((QueryPage *)self)->rows), state, ret);
}

static bool page_at(Object *self, int64_t index, Value *ret)
{
    Query *rows = ((QueryPage *)self)->rows;
    if (index < 0 || index >= page_length(self))
        return false;
    const ObjectOps *ops = ((Object *)(void *)rows)->ops;
    return ops->at((Object *)(void *)rows, index, ret);
}

static const ObjectOps page_ops = {
    .type_name = "Page", .get = page_get, .text = page_text, .length = page_length, .next = page_next, .at = page_at,
};

static Paginator *paginator_new(Query *query, int64_t per_page)
{
    if (per_page < 1)
        capo_raise(ERROR_VALUE, "A page of %lld rows was asked for; there has to be at least one.", (long long)per_page);
    if (!capo_query_is_ordered(query))
        capo_warn("Pagination may yield inconsistent results with an unordered object_list: the query over %s has no order.",
                  capo_query_model(query)->label);
    Paginator *paginator = capo_alloc_struct(Paginator);
    paginator->object.ops = &paginator_ops;
    paginator->query = query;
    paginator->per_page = per_page;
    paginator->count = capo_query_count(query);
    return paginator;
}

static QueryPage *page_of(Paginator *paginator, int64_t number)
{
    QueryPage *page = capo_alloc_struct(QueryPage);
    page->object.ops = &page_ops;
    page->paginator = paginator;
    page->number = number;
    page->rows = capo_query_slice(paginator->query, (number - 1) * paginator->per_page, paginator->per_page);
    return page;
}

QueryPage *capo_page(Query *query, int64_t number, int64_t per_page)
{
    Paginator *paginator = paginator_new(query, per_page);
    int64_t pages = pages_of(paginator);
    return page_of(paginator, number < 1 || number > pages ? pages : number);
}

/* "last" is no number, as in get_page(): the first page; past the end or below 1: the last. */
QueryPage *capo_paginate(struct Request *req, Query *query, int64_t per_page)
{
    const char *text = capo_param(req, "page");
    int64_t number = 1;
    Paginator *paginator = paginator_new(query, per_page);
    if (text && !capo_to_int(capo_value_text(text), &number)) {
        const char *digits = *text == '-' ? text + 1 : text;        /* past 64 bits: past the end, too */
        number = *digits && strspn(digits, "0123456789") == strlen(digits) ? INT64_MAX : 1;
    }
    int64_t pages = pages_of(paginator);
    return page_of(paginator, number < 1 || number > pages ? pages : number);
}
